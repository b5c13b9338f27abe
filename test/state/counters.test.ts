import { createStorage, type Driver, type Storage } from "unstorage"
import { describe, expect, test, vi } from "vitest"
import { createCounters } from "../../src/state/counters.ts"
import { SILENT } from "../../src/log.ts"

test("additions at the same time all count", async () => {
  const counters = createCounters(createStorage(), "plugin:limit", SILENT)
  const sums = await Promise.all([1, 2, 3].map((by) => counters.add("k", by, 60)))
  expect(sums).toEqual([1, 3, 6])
  expect([await counters.add("k", -6, 60), await counters.get("k"), await counters.get("other")]).toEqual([0, 0, 0])
})

test("a counter is forgotten its seconds after it was begun, however often it was added to", async () => {
  vi.useFakeTimers({ toFake: ["Date"] })
  const counters = createCounters(createStorage(), "plugin:limit", SILENT)
  await counters.add("k", 5, 60)
  vi.advanceTimersByTime(59_000)
  expect(await counters.add("k", 1, 60)).toBe(6)
  vi.advanceTimersByTime(2_000)
  expect([await counters.get("k"), await counters.add("k", 1, 60)]).toEqual([0, 1])
  vi.useRealTimers()
})

test("counts outlive a restart where the storage does", async () => {
  const storage = createStorage()
  const before = createCounters(storage, "plugin:budget", SILENT)
  await before.add("today", 7, 3600)
  await before.close()
  const { driver } = storage.getMount("")
  const after = createCounters(createStorage({ driver }), "plugin:budget", SILENT)
  expect(await after.add("today", 1, 3600)).toBe(8)
  await after.close()
  expect(await storage.getItem("plugin:budget:counters:today")).toEqual({ value: 8, until: expect.any(Number) })
})

test("a config that was edited and the one before it count together", async () => {
  const storage = createStorage()
  const [before, after] = [createCounters(storage, "plugin:limit", SILENT), createCounters(storage, "plugin:limit", SILENT)]
  expect([await before.add("k", 1, 60), await after.add("k", 1, 60), await before.get("k")]).toEqual([1, 2, 2])
})

test("storage that fails costs no count", async () => {
  const broken = (): Promise<never> => Promise.reject(new Error("storage is away"))
  const driver: Driver = { hasItem: broken, getItem: broken, setItem: broken, removeItem: broken, getKeys: broken }
  const counters = createCounters(createStorage({ driver }), "plugin:limit", SILENT)
  expect([await counters.add("k", 1, 60), await counters.add("k", 1, 60)]).toEqual([1, 2])
  await counters.close()
})

describe("Redis that hangs", () => {
  /** A driver on a Redis that fails as long as `away` says so. */
  const onRedis = (): { storage: Storage; asked: string[]; kept: unknown[]; away: boolean } => {
    const state = { asked: [] as string[], kept: [] as unknown[], away: true }
    const answer = (key: string): Promise<unknown> => {
      state.asked.push(key)
      return state.away ? Promise.reject(new Error("Command timed out")) : Promise.resolve(40)
    }
    const redis = { eval: (_script: string, _keys: number, key: string) => answer(key), get: answer }
    const keep = (key: string): Promise<void> => Promise.resolve(void state.kept.push(key))
    const driver = { name: "redis", getInstance: () => redis, hasItem: () => false, getItem: keep, setItem: keep, getKeys: () => [] }
    return Object.assign(state, { storage: createStorage({ driver: driver as unknown as Driver }) })
  }

  test("is not asked again for ten seconds, however many requests count", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const redis = onRedis()
    const counters = createCounters(redis.storage, "plugin:limit", SILENT)
    expect(await Promise.all([counters.add("k", 1, 60), counters.add("k", 1, 60)])).toEqual([1, 2])
    expect([await counters.add("k", 1, 60), await counters.get("k"), redis.asked.length]).toEqual([3, 3, 2])
    redis.away = false
    vi.advanceTimersByTime(10_001)
    expect([await counters.add("k", 1, 60), await counters.get("k"), redis.asked.length]).toEqual([40, 40, 4])
    vi.useRealTimers()
  })

  test("gets nothing written over its own numbers by what was counted meanwhile", async () => {
    const redis = onRedis()
    const counters = createCounters(redis.storage, "plugin:limit", SILENT)
    await counters.add("k", 1, 60)
    await counters.close()
    expect(redis.kept).toEqual([])
  })
})

test("counters that are over leave nothing in storage, nor do those of earlier processes", async () => {
  vi.useFakeTimers({ toFake: ["Date"] })
  const storage = createStorage()
  await storage.setItem("plugin:limit:counters:left", { value: 9, until: Date.now() - 1 })
  const counters = createCounters(storage, "plugin:limit", SILENT)
  await counters.add("minute", 1, 60)
  await counters.add("day", 1, 86_400)
  await counters.close()
  expect(await storage.getKeys()).toEqual(["plugin:limit:counters:minute", "plugin:limit:counters:day"])
  vi.advanceTimersByTime(61_000)
  await counters.add("day", 1, 86_400)
  await counters.close()
  expect([await storage.getKeys(), await counters.get("day"), await counters.get("minute")]).toEqual([
    ["plugin:limit:counters:day"],
    2,
    0,
  ])
  vi.useRealTimers()
})
