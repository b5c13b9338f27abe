import { mkdtemp, readdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import type { Storage } from "unstorage"
import { createCounters } from "../../src/state/counters.ts"
import { createLog, SILENT } from "../../src/log.ts"
import { openStorage } from "../../src/node/storage.ts"
import { hasRedis, startRedis, type TestRedis } from "../_redis.ts"

const opened: Storage[] = []
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.dispose()
})

const tell = ({ path, message }: { path: readonly (string | number)[]; message: string }) => `${path.join(".")}: ${message}`
async function open(areas: Parameters<typeof openStorage>[0], folder = "/nowhere"): Promise<Storage> {
  const storage = await openStorage(areas, folder, tell)
  opened.push(storage)
  return storage
}

describe("areas", () => {
  test("each has its own driver, and a folder is found from the config on", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llm-proxy-storage-"))
    const storage = await open({ default: { driver: "fs-lite", base: "./kept" }, cache: { driver: "lru-cache", max: 5 } }, folder)
    await storage.setItem("lessons:a", { lessons: [] })
    await storage.setItem("plugin:cache:k", "held")
    await storage.setItem("plugin:limit:k", "filed")
    const files = await readdir(join(folder, "kept"), { recursive: true })
    expect(files.toSorted()).toEqual(["lessons", "lessons/a", "plugin", "plugin/limit", "plugin/limit/k"])
    expect(await storage.getItem("plugin:cache:k")).toBe("held")
  })

  test("without any, things are kept in memory", async () => {
    const storage = await open({})
    await storage.setItem("plugin:cache:k", 1)
    expect([await storage.getItem("plugin:cache:k"), storage.getMount("x").driver.name]).toEqual([1, "memory"])
  })
})

describe("mistakes", () => {
  test("a driver that is not there", async () => {
    await expect(open({ cache: { driver: "mysql" } })).rejects.toThrow(/^storage\.cache\.driver: must be one of .*lru-cache, memory, .*redis.*, not "mysql"$/)
  })

  test("a package that is not installed is named", async () => {
    const words = "storage.default.driver: mongodb needs the package mongodb: npm install mongodb"
    await expect(open({ default: { driver: "mongodb" } })).rejects.toThrow(words)
  })
})

describe.runIf(hasRedis)("on a real Redis", () => {
  let redis: TestRedis
  const start = async () => {
    redis = await startRedis()
    return redis.url
  }
  afterEach(() => redis.close())

  test("two processes see each other's things, and count exactly", async () => {
    const url = await start()
    const [one, two] = [await open({ default: { driver: "redis", url } }), await open({ default: { driver: "redis", url } })]
    await one.setItem("plugin:cache:k", { a: 1 })
    expect(await two.getItem("plugin:cache:k")).toEqual({ a: 1 })
    const [a, b] = [createCounters(one, "plugin:limit", SILENT), createCounters(two, "plugin:limit", SILENT)]
    const sums = await Promise.all(Array.from({ length: 200 }, (_, n) => (n % 2 ? a : b).add("k", 1, 60)))
    expect(sums.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1))
    expect([await a.get("k"), await b.get("k")]).toEqual([200, 200])
  })

  test("one that is gone fails at once, and counting goes on", async () => {
    const lines: string[] = []
    const storage = await open({ default: { driver: "redis", url: await start() } })
    const counters = createCounters(storage, "plugin:limit", createLog({ level: "warn", write: (line) => lines.push(line), mask: (text) => text }))
    expect(await counters.add("k", 1, 60)).toBe(1)
    await redis.close()
    expect([await counters.add("k", 1, 60), await counters.add("k", 1, 60)]).toEqual([1, 2])
    await expect(storage.getItem("plugin:cache:k")).rejects.toThrow("Stream isn't writeable")
    expect(lines.join("\n")).toContain("counting in this process alone")
  })
})
