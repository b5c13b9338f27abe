/**
 * `storage:` of the config as unstorage: an area is what stores there (a plugin, or a part of the program), and its
 * driver is loaded when it is named and not before.
 */
import { resolve } from "node:path"
import { builtinDrivers, createStorage, type Driver, type Storage } from "unstorage"
import type { Config } from "../config/config.ts"
import { shorten, type Mistake } from "../config/mistakes.ts"
import { mountOf } from "../state/areas.ts"
import type { Adder, AddingDriver } from "../state/counters.ts"
import { codeOf, firstLine, StartError } from "./start-error.ts"

type Areas = NonNullable<Config["storage"]>

/** Drivers whose names are given in two spellings are told in the one with a hyphen. */
const NAMES = Object.keys(builtinDrivers).filter((name) => name === name.toLowerCase())

/** Seconds that storage beyond this process may take to answer: a request waits for some of it. */
export const PATIENCE = 2

/**
 * What the drivers of servers are told unless the config says otherwise: a server that is away fails at once, instead
 * of holding requests back until it returns.
 */
const DEFAULTS: Readonly<Record<string, object>> = {
  redis: { maxRetriesPerRequest: 1, enableOfflineQueue: false, connectTimeout: PATIENCE * 1000, commandTimeout: PATIENCE * 1000 },
}

/** Drivers whose counters add by themselves, for all processes that use them. */
const ADDING = new Set(["redis"])

/** Storage, and what of a config it was made from: the same again is the same storage. */
export interface OpenStorage {
  readonly storage: Storage
  readonly from: string
}

/** What several workers keep together, in the process that started them. */
export interface SharedStorage {
  /** Its memory. @param base The key under which this part of it begins; "" for all. */
  driver(base: string): AddingDriver
  adder(area: string): Adder
}

/** Of which a process with several workers holds the memory, or counts: not those that add by themselves. */
export function heldAreas(areas: Areas): Areas {
  return Object.fromEntries(Object.entries(areas).filter(([, { driver }]) => !ADDING.has(driver)))
}

/**
 * The storage of a config: the one that is there already, where nothing about it has changed.
 *
 * @throws {StartError} for a driver that is not there, or whose package is not.
 */
export async function keepStorage(
  areas: Areas,
  folder: string,
  tell: (mistake: Mistake) => string,
  kept: OpenStorage | undefined,
  shared?: SharedStorage,
): Promise<OpenStorage> {
  const from = JSON.stringify([folder, areas])
  return kept?.from === from ? kept : { from, storage: await openStorage(areas, folder, tell, shared) }
}

/**
 * @param folder The config's: relative paths of `base` begin there.
 * @param tell Makes a mistake in the config a line.
 * @param shared What stands for this process's memory, and counts where a driver does not. @default none
 * @throws {StartError} for a driver that is not there, or whose package is not.
 */
export async function openStorage(
  areas: Areas,
  folder: string,
  tell: (mistake: Mistake) => string,
  shared?: SharedStorage,
): Promise<Storage> {
  const storage = createStorage({ ...(shared && { driver: shared.driver("") }) })
  for (const [area, { driver: name, ...options }] of Object.entries(areas)) {
    const path = ["storage", area, "driver"]
    const source = Object.entries(builtinDrivers).find(([known]) => known === name && NAMES.includes(known))?.[1]
    if (!source) {
      throw new StartError(tell({ path, message: `must be one of ${NAMES.toSorted().join(", ")}, not ${shorten(name)}` }))
    }
    const driver = await loadDriver(source, { ...DEFAULTS[name], ...withBase(options, folder) }).catch((error: unknown) => {
      throw new StartError(tell({ path, message: explain(name, error) }), { cause: error })
    })
    const base = area === "default" ? "" : mountOf(area)
    const patient = name === "memory" || name === "lru-cache" ? driver : impatient(driver)
    const counting: AddingDriver = shared && !ADDING.has(name) ? { ...patient, adder: shared.adder } : patient
    if (area === "default") await storage.unmount("")
    storage.mount(base, shared && name === "memory" ? shared.driver(base) : counting)
  }
  return storage
}

async function loadDriver(source: string, options: object): Promise<Driver> {
  const { default: define } = (await import(source)) as { default: (options: object) => Driver }
  const driver = define(options)
  // Without a listener ioredis prints each lost connection; what fails is told by who needed it.
  const instance: unknown = driver.getInstance?.()
  if (!isConnection(instance)) return driver
  instance.on("error", () => {})
  // A connection that is on its way is waited for; a server that is away keeps nobody from starting.
  const ready = new Promise<void>((resolve) => instance.on("ready", resolve))
  await inTime(ready).catch(() => {})
  return driver
}

/** ioredis, which looks like Node's EventEmitter and is none. */
interface Connection {
  on(event: "error" | "ready", listener: () => void): void
}

function isConnection(value: unknown): value is Connection {
  return typeof value === "object" && value !== null && "on" in value && typeof value.on === "function" && "status" in value
}

function withBase(options: Readonly<Record<string, unknown>>, folder: string): Readonly<Record<string, unknown>> {
  const { base } = options
  // Of the drivers with a `base` only those of files mean a folder by it, and theirs is a path.
  return typeof base === "string" && /^[./]/.test(base) ? { ...options, base: resolve(folder, base) } : options
}

/** The driver with reads and writes that fail after {@link PATIENCE}. */
function impatient(driver: Driver): Driver {
  const limited = <Args extends readonly unknown[], T>(call: ((...args: Args) => T | Promise<T>) | undefined) =>
    call && ((...args: Args): Promise<T> => inTime(Promise.resolve(call(...args))))
  const { getItem, setItem, hasItem, removeItem } = driver
  const set = limited(setItem)
  const removed = limited(removeItem)
  return {
    ...driver,
    hasItem: limited(hasItem) ?? hasItem,
    getItem: limited(getItem) ?? getItem,
    ...(set && { setItem: set }),
    ...(removed && { removeItem: removed }),
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`storage did not answer within ${PATIENCE} s`)), PATIENCE * 1000)
    timer.unref()
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function explain(driver: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const [, missing] = /Cannot find (?:package|module) '([^']+)'/.exec(message) ?? []
  if (codeOf(error) === "ERR_MODULE_NOT_FOUND" && missing) return `${driver} needs the package ${missing}: npm install ${missing}`
  return `${driver} cannot be used: ${firstLine(message)}`
}
