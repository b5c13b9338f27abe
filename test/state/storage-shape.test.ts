import { createStorage } from "unstorage"
import { expect, test } from "vitest"
import { toStorage, type StorageShape } from "../../src/state/storage-shape.ts"

/** Storage of nobody's library, which notes what it is told to keep for how long. */
function plainStorage(): StorageShape & { readonly kept: Map<string, string>; readonly ttls: unknown[] } {
  const kept = new Map<string, string>()
  const ttls: unknown[] = []
  return {
    kept,
    ttls,
    getItem: (key) => kept.get(key),
    setItem: (key, value, options) => void (kept.set(key, value), ttls.push(options)),
    removeItem: (key) => kept.delete(key),
    getKeys: async (base) => [...kept.keys()].filter((key) => key.startsWith(base)),
  }
}

test("any object with the same functions is a storage", async () => {
  const plain = plainStorage()
  const storage = toStorage(plain)
  await storage.setItem("area:one", { deep: ["value"] }, { ttl: 60 })
  await storage.setItem("area:two", "text")
  expect([...plain.kept]).toEqual([["area:one", '{"deep":["value"]}'], ["area:two", "text"]])
  expect(plain.ttls).toEqual([{ ttl: 60 }, {}])
  expect(await storage.getItem("area:one")).toEqual({ deep: ["value"] })
  expect(await storage.getItem("area:none")).toBe(null)
  expect([await storage.hasItem("area:two"), await storage.hasItem("area:none")]).toEqual([true, false])
  expect(await storage.getKeys("area")).toEqual(["area:one", "area:two"])
  await storage.removeItem("area:one")
  expect([...plain.kept.keys()]).toEqual(["area:two"])
})

test("unstorage is used as it is, and memory where nothing is given", async () => {
  const storage = createStorage()
  expect(toStorage(storage)).toBe(storage)
  expect(await toStorage(undefined).getKeys()).toEqual([])
})
