/** What is kept for hidden thinking has an end: in time, in number and in size. */
import { hash } from "node:crypto"
import { createStorage } from "unstorage"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { createCarrier } from "../../src/state/carrier.ts"
import { SILENT } from "../../src/log.ts"
import { createReplays, type KnownCall, type Owner } from "../../src/state/replays.ts"
import type { PlacedReplay } from "../../src/wires/replay.ts"

const HOUR = 60 * 60 * 1000
const owner: Owner = { client: "a", backend: "b", model: "m" }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] })
})
afterEach(() => {
  vi.useRealTimers()
})

async function setUp(sealed?: string, storage = createStorage()) {
  const real = await createCarrier("a secret of the test")
  const carrier = sealed === undefined ? real : { seal: () => sealed, open: () => [] }
  const replays = createReplays({ storage, carrier, digest: (text) => hash("sha256", text, "buffer"), log: SILENT })
  const size = async () => (await storage.getKeys()).length
  return {
    storage,
    size,
    replays,
    /** Keeps it, and waits until the storage has it. */
    async keep(n: number) {
      const setItem = vi.spyOn(storage, "setItem")
      replays.keep(owner, [{ id: `c${n}`, name: "f", arguments: "{}" }], [{ replay: { text: `${n}` }, before: 0, spoken: false }])
      await until(() => setItem.mock.settledResults.length > 0)
      setItem.mockRestore()
    },
  }
}

/** Only the clock is false here: what is awaited takes its real time. */
async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const call = (n: number): KnownCall => ({ id: `c${n}`, name: "f", input: {} })

async function find(replays: Awaited<ReturnType<typeof setUp>>["replays"], n: number): Promise<string | undefined> {
  const [found] = await replays.find(owner, [call(n)])
  return found?.[0]?.replay.text
}

test("an hour, and not longer", async () => {
  const { replays, keep } = await setUp()
  await keep(1)
  vi.advanceTimersByTime(HOUR - 1)
  expect(await find(replays, 1)).toBe("1")
  vi.advanceTimersByTime(1)
  expect(await find(replays, 1)).toBeUndefined()
})

test("what is over an hour old leaves the storage with the next that comes", async () => {
  const { size, keep } = await setUp()
  await keep(1)
  await keep(2)
  vi.advanceTimersByTime(HOUR / 2)
  await keep(3)
  vi.advanceTimersByTime(HOUR / 2)
  await keep(4)
  await until(async () => (await size()) <= 2)
  expect(await size()).toBe(2)
})

test("what an earlier process left goes in time, too", async () => {
  const { storage, keep } = await setUp()
  for (const n of [1, 2]) await keep(n)
  const next = await setUp(undefined, storage)
  await next.keep(3)
  vi.advanceTimersByTime(HOUR)
  await next.keep(4)
  await until(async () => (await next.size()) <= 1)
  expect(await next.size()).toBe(1)
})

test("the storage is told how long, for drivers that let go by themselves", async () => {
  const { storage, replays } = await setUp()
  const setItem = vi.spyOn(storage, "setItem")
  replays.keep(owner, [{ id: "c1", name: "f", arguments: "{}" }], [])
  await until(() => setItem.mock.calls.length > 0)
  expect(setItem.mock.calls[0]?.[2]).toEqual({ ttl: 3600 })
})

test("beyond 64 million characters the oldest go", async () => {
  const { replays, size, keep } = await setUp("x".repeat(24 * 1024 * 1024))
  for (const n of [1, 2, 3]) await keep(n)
  await until(async () => (await size()) === 2)
  expect(await replays.find(owner, [call(1), call(2), call(3)])).toEqual([undefined, [], []])
})

test("beyond ten thousand entries the oldest go", async () => {
  const { replays, size } = await setUp()
  const placed: PlacedReplay[] = [{ replay: { text: "t" }, before: 0, spoken: false }]
  const calls = Array.from({ length: 10_002 }, (_, n) => ({ id: `c${n}`, name: "f", arguments: "{}" }))
  for (const one of calls) replays.keep(owner, [one], placed)
  await until(async () => (await size()) === 10_000 && (await find(replays, 10_001)) === "t")
  expect([await find(replays, 0), await find(replays, 1), await find(replays, 2)]).toEqual([undefined, undefined, "t"])
}, 30_000)
