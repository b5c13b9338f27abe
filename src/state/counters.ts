/**
 * Numbers that are added to: requests of a minute, tokens of a day. Where something adds by itself they are right across
 * processes: Redis, and the process that has several workers. Else they are this process's own, and kept in storage so
 * that they outlive a restart.
 * Storage that fails costs exactness and never a request: counting goes on in memory.
 */
import type { Driver, Storage } from "unstorage"
import type { Log } from "../log.ts"
import { redisAdder } from "./redis-adder.ts"

export interface Counters {
  /**
   * Adds to a counter, which begins at 0 and is forgotten so many seconds after it was begun.
   *
   * @param by A whole number; below 0 takes away.
   * @returns Its new value.
   */
  add(key: string, by: number, seconds: number): Promise<number>
  /** Its value; 0 for one that is not there. */
  get(key: string): Promise<number>
  /** Writes down what is still to be written. */
  close(): Promise<void>
}

interface Count {
  readonly value: number
  /** In ms of the clock. */
  readonly until: number
}

/** What adds by itself, for all processes that ask it. */
export interface Adder {
  add(key: string, by: number, seconds: number): Promise<number>
  get(key: string): Promise<number>
}

/** A driver that brings one, as the storage of several workers does. */
export interface AddingDriver extends Driver {
  /** @param area The key under which the counters' keys begin. */
  readonly adder?: (area: string) => Adder
}

/** Milliseconds for which storage that has failed is not asked again: each request would wait for it. */
const ALONE_FOR = 10_000

/** Milliseconds until a change is written down: what is added to many times a second is written once. */
const WRITE_AFTER = 500

/** Milliseconds after which counters are looked through for those that are over: many count one minute and no more. */
const SWEEP_AFTER = 60_000

/**
 * @param storage All of it.
 * @param area The key under which the counters' keys begin.
 */
export function createCounters(storage: Storage, area: string, log: Log): Counters {
  const driver: AddingDriver = storage.getMount(`${area}:counters`).driver
  const adder = driver.adder?.(area) ?? redisAdder(driver, area)
  const own = ownCounters(storage, `${area}:counters`, log, !adder)
  if (!adder) return own
  let alone = 0 // until when it is not asked, in ms of the clock
  const orOwn = async (ask: () => Promise<number>, instead: () => Promise<number>): Promise<number> => {
    if (Date.now() < alone) return instead()
    try {
      return await ask()
    } catch (error) {
      const known = Date.now() < alone // from others that were waiting, too
      if (!known) log.warn("counting in this process alone for some seconds: storage failed", { error: String(error) })
      alone = Date.now() + ALONE_FOR
      return instead()
    }
  }
  return {
    add: (key, by, seconds) => orOwn(() => adder.add(key, by, seconds), () => own.add(key, by, seconds)),
    get: (key) => orOwn(() => adder.get(key), () => own.get(key)),
    close: () => own.close(),
  }
}

/** Counted together by all who count in one place: a config that was just edited, and the one before it. */
const counting = new WeakMap<Storage, Map<string, OwnCounters>>()

/** @param kept Whether they are written to the storage, where those of what adds by itself would be written over. */
function ownCounters(storage: Storage, area: string, log: Log, kept: boolean): OwnCounters {
  const areas = counting.get(storage) ?? new Map<string, OwnCounters>()
  counting.set(storage, areas)
  const counters = areas.get(area) ?? new OwnCounters(kept ? storage : undefined, area, log)
  areas.set(area, counters)
  return counters
}

class OwnCounters implements Counters {
  readonly #storage: Storage | undefined // in memory alone without it
  readonly #area: string
  readonly #log: Log
  readonly #counts = new Map<string, Promise<Count>>() // every counter asked for, read from storage once
  readonly #changed = new Map<string, Count>() // what is not written down yet
  #timer: ReturnType<typeof setTimeout> | undefined
  #swept = 0 // when that was done last, in ms of the clock; at first what earlier processes left is looked at too

  constructor(storage: Storage | undefined, area: string, log: Log) {
    this.#storage = storage
    this.#area = area
    this.#log = log
  }

  async add(key: string, by: number, seconds: number): Promise<number> {
    // Put in place before anything is waited for: additions to one counter follow one another.
    const next = this.#count(key).then(({ value, until }): Count => {
      const now = Date.now()
      return until > now ? { value: value + by, until } : { value: by, until: now + seconds * 1000 }
    })
    this.#counts.set(key, next)
    const count = await next
    this.#changed.set(key, count)
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_AFTER)
    return count.value
  }

  async get(key: string): Promise<number> {
    const { value, until } = await this.#count(key)
    return until > Date.now() ? value : 0
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#write()
  }

  #count(key: string): Promise<Count> {
    const known = this.#counts.get(key) ?? this.#read(key)
    this.#counts.set(key, known)
    return known
  }

  async #read(key: string): Promise<Count> {
    const none: Count = { value: 0, until: 0 }
    try {
      return (await this.#storage?.getItem<Count>(`${this.#area}:${key}`)) ?? none
    } catch (error) {
      this.#log.warn("a counter could not be read", { error: String(error) })
      return none
    }
  }

  async #write(): Promise<void> {
    this.#timer = undefined
    const changed = [...this.#changed]
    this.#changed.clear()
    try {
      await Promise.all(changed.map(([key, count]) => this.#storage?.setItem(`${this.#area}:${key}`, { ...count })))
      if (Date.now() - this.#swept > SWEEP_AFTER) await this.#sweep()
    } catch (error) {
      this.#log.warn("counters could not be written", { error: String(error) })
    }
  }

  /** Forgets counters that are over; they would be begun anew anyhow. */
  async #sweep(): Promise<void> {
    if (this.#swept === 0) {
      const left = (await this.#storage?.getKeys(this.#area)) ?? []
      await Promise.all(left.map((key) => this.#count(key.slice(this.#area.length + 1))))
    }
    const now = Date.now()
    this.#swept = now
    for (const [key, pending] of this.#counts) {
      const { until } = await pending
      // Added to while it was waited for: it has begun anew.
      if (until > now || this.#changed.has(key) || this.#counts.get(key) !== pending) continue
      this.#counts.delete(key)
      await this.#storage?.removeItem(`${this.#area}:${key}`)
    }
  }
}
