/**
 * What workers ask of the storage that is held for them: memory, and counters where a driver does not add by itself.
 * It is opened as a single process would: counters that are kept on files are written by this process alone.
 */
import type { Driver } from "unstorage"
import { createCounters, type Counters } from "../../state/counters.ts"
import { heldAreas, keepStorage, type OpenStorage } from "../storage.ts"
import type { Basis } from "../basis.ts"
import type { PrimaryCalls } from "./calls.ts"

export interface HeldStorage {
  readonly calls: Omit<PrimaryCalls, "tellAll" | "leave">
  /** Makes ready what an edited config says, to `use` it in the place of what is there or to `drop` it. */
  renew(basis: Basis): Promise<{ use(): Promise<void>; drop(): Promise<void> }>
  /** Writes down what is still to be written. */
  close(): Promise<void>
}

/** @throws {StartError} for a driver that is not there, or whose package is not. */
export async function holdStorage(basis: Basis): Promise<HeldStorage> {
  let held = await open(basis)
  const at = (key: string): { readonly driver: Driver; readonly key: string } => {
    const { driver, base } = held.storage.getMount(key)
    return { driver, key: key.slice(base.length) }
  }
  return {
    calls: {
      hasItem: (given) => {
        const { driver, key } = at(given)
        return driver.hasItem(key, {})
      },
      getItem: (given) => {
        const { driver, key } = at(given)
        return driver.getItem(key, {})
      },
      getItemRaw: (given) => {
        const { driver, key } = at(given)
        return driver.getItemRaw?.(key, {})
      },
      setItem: (given, value) => {
        const { driver, key } = at(given)
        return driver.setItem?.(key, value, {})
      },
      setItemRaw: (given, value) => {
        const { driver, key } = at(given)
        return driver.setItemRaw?.(key, value, {})
      },
      removeItem: (given) => {
        const { driver, key } = at(given)
        return driver.removeItem?.(key, {})
      },
      getKeys: async (base) => {
        const { driver, key } = at(base)
        const keys = await driver.getKeys(key, {})
        return keys.filter((one) => one.startsWith(key)) // that of memory tells all it has
      },
      add: (area, key, by, seconds) => held.counters(area).add(key, by, seconds),
      get: (area, key) => held.counters(area).get(key),
    },
    async renew(next) {
      const opened = await open(next, held)
      return {
        async use() {
          const before = held
          held = opened
          if (before.storage !== opened.storage) await before.close()
        },
        drop: async () => {
          if (opened.storage !== held.storage) await opened.close()
        },
      }
    },
    close: () => held.close(),
  }
}

interface Held extends OpenStorage {
  counters(area: string): Counters
  close(): Promise<void>
}

async function open({ config, folder, tell, log }: Basis, before?: Held): Promise<Held> {
  const opened = await keepStorage(heldAreas(config.storage ?? {}), folder, tell, before)
  if (before && opened.storage === before.storage) return before
  const counting = new Map<string, Counters>()
  const { storage } = opened
  return {
    ...opened,
    counters(area) {
      const known = counting.get(area) ?? createCounters(storage, area, log)
      counting.set(area, known)
      return known
    },
    async close() {
      await Promise.all([...counting.values()].map((counters) => counters.close()))
      await storage.dispose()
    },
  }
}
