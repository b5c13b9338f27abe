/** How the demo backend streams, and how its stream keeps time. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { clock, post, said, weather } from "./_demo.ts"

/** The data of every event; `id` and `created`, which differ from answer to answer, left out. */
async function streamed(body: object): Promise<unknown[]> {
  const response = await post({ stream: true, ...body })
  const text = response.text()
  await vi.runAllTimersAsync()
  const events = (await text).split("\n\n").filter((event) => event !== "")
  return events.map((event) => {
    expect(event.startsWith("data: ")).toBe(true)
    if (event === "data: [DONE]") return "[DONE]"
    const { id, created, ...chunk } = JSON.parse(event.slice("data: ".length))
    expect(id).toMatch(/^chatcmpl-demo-/)
    expect(created).toBeTypeOf("number")
    return chunk
  })
}

function chunk(delta: object, more: object = {}): object {
  return {
    model: "demo",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: null }],
    ...more,
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe("how it streams", () => {
  it("role, text in word groups, the end, the usage and [DONE]", async () => {
    const events = await streamed(said("hi", { max_tokens: 5, stream_options: { include_usage: true } }))
    const none = { usage: null }
    expect(events).toEqual([
      chunk({ role: "assistant", content: "" }, none),
      chunk({ content: "This is " }, none),
      chunk({ content: "the demo " }, none),
      chunk({ content: "backend " }, none),
      chunk({}, { ...none, choices: [{ index: 0, delta: {}, finish_reason: "length" }] }),
      chunk({}, { choices: [], usage: { prompt_tokens: 1, completion_tokens: 5, total_tokens: 6 } }),
      "[DONE]",
    ])
  })

  it("thinking comes first, and says that there is none", async () => {
    const events = await streamed(said("hi", { max_completion_tokens: 18, reasoning_effort: "low" }))
    expect(events).toEqual([
      chunk({ role: "assistant", content: "" }),
      chunk({ reasoning_content: "I am " }),
      chunk({ reasoning_content: "the demo " }),
      chunk({ reasoning_content: "backend; nothing " }),
      chunk({ reasoning_content: "is really " }),
      chunk({ reasoning_content: "thought here. " }),
      chunk({ reasoning_content: "The effort " }),
      chunk({ reasoning_content: "asked for " }),
      chunk({ reasoning_content: "is low." }),
      chunk({ content: "This is " }),
      chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: "length" }] }),
      "[DONE]",
    ])
  })

  it("parallel calls have indexes, and arguments in pieces", async () => {
    const events = await streamed(said("call get_weather and call clock", { tools: [weather, clock] }))
    expect(events.slice(-7)).toEqual([
      chunk({
        tool_calls: [
          { index: 0, id: "call_demo_1", type: "function", function: { name: "get_weather", arguments: "" } },
        ],
      }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":"dem' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: 'o"}' } }] }),
      chunk({
        tool_calls: [{ index: 1, id: "call_demo_2", type: "function", function: { name: "clock", arguments: "" } }],
      }),
      chunk({ tool_calls: [{ index: 1, function: { arguments: "{}" } }] }),
      chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] }),
      "[DONE]",
    ])
  })

  it("nothing is made before it is read", async () => {
    const reader = (await post(said("hi", { stream: true }))).body?.getReader()
    expect(vi.getTimerCount()).toBe(0)
    await reader?.read()
    await Promise.resolve()
    expect(vi.getTimerCount()).toBe(0)
    void reader?.read()
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(1)
  })

  it("a reader that cancels stops the timer at once", async () => {
    const reader = (await post(said("hi", { stream: true }))).body?.getReader()
    await reader?.read()
    const pending = reader?.read()
    await vi.advanceTimersByTimeAsync(1)
    expect(vi.getTimerCount()).toBe(1)
    await reader?.cancel()
    expect(vi.getTimerCount()).toBe(0)
    expect(await pending).toEqual({ done: true, value: undefined })
  })

  it("an abort stops the timer at once and fails the body with its reason", async () => {
    const controller = new AbortController()
    const reader = (await post(said("hi", { stream: true }), { signal: controller.signal })).body?.getReader()
    await reader?.read()
    const pending = reader?.read()
    await vi.advanceTimersByTimeAsync(1)
    controller.abort(new Error("the client has gone"))
    expect(vi.getTimerCount()).toBe(0)
    await expect(pending).rejects.toThrow("the client has gone")
  })

  it("an abort before the answer rejects", async () => {
    const signal = AbortSignal.abort(new Error("the client has gone"))
    await expect(post(said("hi"), { signal })).rejects.toThrow("the client has gone")
  })
})
