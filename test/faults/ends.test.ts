/**
 * How a backend's answer may end, and how it may fail to (fault 5). What closes before it has said how it ends is
 * broken; what has said so is complete, whatever becomes of the connection, and is not waited for.
 *
 * Over sockets, and byte by byte: cut-streams.test.ts.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { event, start } from "../http/_messages.ts"
import { playedProxy } from "./_played.ts"
import { says } from "./_raw-backend.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const USAGE = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 1 } })}\n\n`
const DONE = "data: [DONE]\n\n"
const SAID = ["message_start", "content_block_start", "content_block_delta"]
const COMPLETE = [...SAID, "content_block_stop", "message_delta", "message_stop"]
/** Timers are fake, streams are not: a few turns of the microtask queue let what was written arrive. */
const soon = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1)

test.each([
  ["a reason and [DONE]", says({ content: "Hi" }, "stop") + DONE, COMPLETE],
  ["a reason and no [DONE]", says({ content: "Hi" }, "stop"), COMPLETE],
  ["[DONE] and no reason", says({ content: "Hi" }) + DONE, COMPLETE],
  ["neither of them", says({ content: "Hi" }), [...SAID, "error"]],
])("a stream that closes after %s", async (_, written, types) => {
  const { ask } = await playedProxy()
  const { backend, told } = await ask({ stream: true })
  backend.push(written)
  backend.end()
  await soon()
  expect([told.types, told.over]).toEqual([types, true])
})

describe("a backend that has said why it stopped, and keeps the connection", () => {
  const complete = [
    ["chat", says({ content: "Hi" }, "stop")],
    [
      "anthropic",
      start +
        event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
        event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Hi" } }) +
        event("content_block_stop", { index: 0 }) +
        event("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 1 } }),
    ],
  ] as const

  test.each(complete)("is let go after five seconds (api: %s; bifrost#6784, vllm-mlx#101)", async (api, written) => {
    const { ask } = await playedProxy({ api })
    const { backend, told } = await ask({ stream: true })
    backend.push(written)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(told.over).toBe(false)
    await vi.advanceTimersByTimeAsync(1_100)
    expect([told.types, told.over]).toEqual([COMPLETE, true])
    expect(backend.aborted).toBeDefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  test("may keep it alive with comments and is let go all the same", async () => {
    const { ask } = await playedProxy()
    const { backend, told } = await ask({ stream: true })
    backend.push(says({ content: "Hi" }, "stop"))
    for (let n = 0; n < 6 && !told.over; n++) {
      backend.push(": alive\n\n")
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect([told.types, told.over]).toEqual([COMPLETE, true])
  })

  test("is waited for as long as it tells more: its counts are the answer's", async () => {
    const { ask } = await playedProxy()
    const { backend, told } = await ask({ stream: true })
    backend.push(says({ content: "Hi" }, "stop"))
    await vi.advanceTimersByTimeAsync(4_000)
    backend.push(USAGE)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(told.over).toBe(false)
    await vi.advanceTimersByTimeAsync(1_100)
    expect([told.types, told.over]).toEqual([COMPLETE, true])
    expect(told.text).toContain('"input_tokens":7,"output_tokens":1')
  })

  test("is not waited for once it has said [DONE]", async () => {
    const { ask } = await playedProxy()
    const { backend, told } = await ask({ stream: true })
    backend.push(says({ content: "Hi" }, "stop") + USAGE + DONE)
    await soon()
    expect([told.types, told.over]).toEqual([COMPLETE, true])
  })

  test("gives a whole message to a client that does not stream", async () => {
    const { ask } = await playedProxy()
    const { backend, told } = await ask({})
    backend.push(says({ content: "Hi" }, "length"))
    await vi.advanceTimersByTimeAsync(5_100)
    expect([told.status, told.over, JSON.parse(told.text)]).toMatchObject([
      200,
      true,
      { content: [{ type: "text", text: "Hi" }], stop_reason: "max_tokens" },
    ])
    expect(backend.aborted).toBeDefined()
  })
})
