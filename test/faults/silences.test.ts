/**
 * A backend that says nothing (fault 11): the client is pinged as long as there is hope, and told when there is none.
 * Minutes of it, by fake timers; over sockets, in fractions of a second: test/http/streams.test.ts.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { playedProxy } from "./_played.ts"
import { says } from "./_raw-backend.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const END = `${says({ content: "Hi" }, "stop")}data: [DONE]\n\n`

test("a prefill of 90 seconds: pings at most 15 seconds apart, then the answer (litellm#36024)", async () => {
  const { ask } = await playedProxy()
  const { backend, told } = await ask({ stream: true })
  const pings: number[] = []
  for (let second = 0; second < 90; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    pings.push(told.types.length)
  }
  const silences = pings.map((count, second) => second - pings.indexOf(count)) // seconds since the last ping, at each
  expect(Math.max(...silences)).toBeLessThan(15)
  backend.push(END)
  await vi.advanceTimersByTimeAsync(1)
  expect([told.status, told.over, told.types.filter((type) => type !== "ping")]).toEqual([
    200,
    true,
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"],
  ])
})

test("a silence in mid-stream: pings, and after timeout.idle an error; the backend is let go", async () => {
  const { ask } = await playedProxy()
  const { backend, told } = await ask({ stream: true })
  backend.push(says({ content: "one" }))
  await vi.advanceTimersByTimeAsync(299_000)
  expect([told.over, told.types.filter((type) => type === "ping").length]).toEqual([false, 29])
  await vi.advanceTimersByTimeAsync(1_100)
  expect([told.over, told.types.filter((type) => type !== "ping")]).toEqual([
    true,
    ["message_start", "content_block_start", "content_block_delta", "error"],
  ])
  expect(told.text).toContain('"type":"timeout_error","message":"backend \\"b\\" was silent for 300 s"')
  expect(backend.aborted).toBeDefined()
  expect(vi.getTimerCount()).toBe(0)
})

test("a backend that only keeps its connection alive is heard, and pinged for", async () => {
  const { ask } = await playedProxy({ timeout: { idle: 30 } })
  const { backend, told } = await ask({ stream: true })
  for (let n = 0; n < 10; n++) {
    backend.push(": OPENROUTER PROCESSING\n\n")
    await vi.advanceTimersByTimeAsync(20_000)
  }
  backend.push(END)
  await vi.advanceTimersByTimeAsync(1)
  expect([told.over, told.types.at(-1), backend.aborted]).toEqual([true, "message_stop", expect.anything()])
})

test("for a client that does not stream: its status, after timeout.idle", async () => {
  const { ask } = await playedProxy({ timeout: { idle: 20 } })
  const { backend, told } = await ask({})
  backend.push(says({ content: "one" }))
  await vi.advanceTimersByTimeAsync(20_100)
  expect([told.status, JSON.parse(told.text), backend.aborted]).toEqual([
    504,
    {
      type: "error",
      error: { type: "timeout_error", message: 'backend "b" was silent for 20 s' },
      request_id: expect.any(String),
    },
    expect.anything(),
  ])
})
