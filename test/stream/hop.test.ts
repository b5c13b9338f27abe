/** A foreign TransformStream in a flow, and how long it may keep a reader waiting. */
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Flow } from "../../src/stream/flow.ts"
import type { HopLimit } from "../../src/stream/hop.ts"
import { all, double, Listed } from "./_flow.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const LIMIT: HopLimit = { seconds: 30, toError: (cause) => new Error(`plugin "p": ${cause.message}`) }
const LATE = 'plugin "p": its stream gave nothing for 30 s'
const never = (): Promise<never> => new Promise(() => {})
const after = <T>(seconds: number, item: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(item), seconds * 1000))
/** What becomes of a promise. */
const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: Error) => error.message)

test("one that hangs fails after its limit, and the source is let go", async () => {
  const source = new Listed([1, 2])
  const flow = new Flow(source).pipeThrough(new TransformStream<number, number>({ transform: never })).pipeThrough(double())
  flow.limitHops(LIMIT)
  const read = outcome(flow.getReader().read())
  await vi.advanceTimersByTimeAsync(29_000)
  expect(source.canceled).toEqual([])
  await vi.advanceTimersByTimeAsync(1_100)
  expect([await read, source.canceled, vi.getTimerCount()]).toEqual([LATE, [new Error(LATE)], 0])
})

test("one that hangs when its input has ended fails, too", async () => {
  const flow = new Flow(new Listed([1])).pipeThrough(new TransformStream<number, number>({ flush: never }))
  flow.limitHops(LIMIT)
  const rest = outcome(all(flow))
  await vi.advanceTimersByTimeAsync(31_000)
  expect(await rest).toBe(LATE)
})

test("time in which it waits for more is not its own, nor is that in which nobody reads", async () => {
  const source = new Listed([after(100, 1), after(200, 2)])
  const flow = new Flow(source).pipeThrough(new TransformStream<number, number>())
  flow.limitHops(LIMIT)
  const reader = flow.getReader()
  const first = reader.read()
  await vi.advanceTimersByTimeAsync(100_000)
  expect(await first).toEqual({ done: false, value: 1 })
  await vi.advanceTimersByTimeAsync(100_000)
  expect([await reader.read(), await reader.read()]).toEqual([{ done: false, value: 2 }, { done: true, value: undefined }])
  expect(vi.getTimerCount()).toBe(0)
})

test("one that is slow with each item is none that hangs", async () => {
  const slow = new TransformStream<number, number>({ transform: async (n, controller) => controller.enqueue(await after(20, n)) })
  const flow = new Flow(new Listed([1, 2, 3])).pipeThrough(slow)
  flow.limitHops(LIMIT)
  const rest = all(flow)
  await vi.advanceTimersByTimeAsync(61_000)
  expect(await rest).toEqual([1, 2, 3])
})

test("of two limits the first holds, and each foreign stream has its own", async () => {
  const inner = new Flow(new Listed([1])).pipeThrough(new TransformStream<number, number>({ transform: never }))
  inner.limitHops(LIMIT)
  const outer = inner.pipeThrough(new TransformStream<number, number>())
  outer.limitHops({ seconds: 3600, toError: () => new Error("outer") })
  const read = outcome(outer.getReader().read())
  await vi.advanceTimersByTimeAsync(31_000)
  expect(await read).toBe(LATE)
})

test("without a limit it may take as long as it likes", async () => {
  const flow = new Flow(new Listed([1])).pipeThrough(new TransformStream<number, number>({ transform: never }))
  const read = vi.fn<(value: unknown) => void>()
  void flow.getReader().read().then(read, read)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect([read.mock.calls, vi.getTimerCount()]).toEqual([[], 0])
})
