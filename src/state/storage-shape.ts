/**
 * Storage as it is handed to `createProxy`: of any version of unstorage (Nitro's `useStorage` is of version 2), or any
 * object with the same few functions.
 */
import { createStorage, type Driver, type Storage } from "unstorage"

/** What of a storage is needed. Keys are parts with `:` between them. */
export interface StorageShape {
  /** Null or undefined where there is nothing. */
  getItem(key: string): unknown
  /** @param options `ttl` are the seconds after which it is not needed any more; what is older is never used. */
  setItem(key: string, value: string, options?: { readonly ttl?: number }): unknown
  removeItem(key: string): unknown
  /** All keys that begin with this. */
  getKeys(base: string): readonly string[] | Promise<readonly string[]>
}

export function toStorage(given: StorageShape | undefined): Storage {
  if (!given) return createStorage()
  return isStorage(given) ? given : createStorage({ driver: toDriver(given) })
}

/** The versions differ in their types; of their functions those that are used here are the same. */
function isStorage(given: StorageShape): given is StorageShape & Storage {
  return "getMount" in given && "getItems" in given && "watch" in given
}

function toDriver(given: StorageShape): Driver {
  const getItem = async (key: string) => ((await given.getItem(key)) ?? null) as string | null
  return {
    name: "given",
    getItem,
    hasItem: async (key) => (await getItem(key)) !== null,
    setItem: async (key, value, { ttl }) => void (await given.setItem(key, value, ttl === undefined ? {} : { ttl })),
    removeItem: async (key) => void (await given.removeItem(key)),
    getKeys: async (base) => [...(await given.getKeys(base))],
  }
}
