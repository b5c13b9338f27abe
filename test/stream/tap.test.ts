/** Steps for authors of stages. */
import { describe, expect, test } from "vitest"
import type { AssistantMessage, ErrorEvent, MessageEvent } from "../../src/anthropic/events.ts"
import { unfold } from "../../src/anthropic/fold.ts"
import { Encode } from "../../src/stream/encode.ts"
import { Flow, flowOf, Step } from "../../src/stream/flow.ts"
import { mapEvents, onMessage, onOver, tap, type Ended, type Over } from "../../src/stream/tap.ts"

const MESSAGE: AssistantMessage = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-x",
  content: [{ type: "text", text: "Hello", citations: null }],
  stop_reason: "end_turn",
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage: {
    input_tokens: 3,
    output_tokens: 2,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: null,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: null,
    inference_geo: null,
    speed: null,
  },
}
const EVENTS = unfold(MESSAGE)
const ERROR: ErrorEvent = { type: "error", error: { type: "api_error", message: "reset" } }

/** The lists that come out when the events go in one by one. */
async function through<Out>(
  step: Step<readonly MessageEvent[], Out>,
  events: readonly MessageEvent[] = EVENTS,
): Promise<readonly Out[]> {
  const items: (readonly MessageEvent[])[] = events.map((event) => [event])
  return Array.fromAsync(new Flow({ read: () => items.shift(), cancel: () => {} }).pipeThrough(step))
}

test("tap shows each event and passes the very lists on", () => {
  const seen: MessageEvent[] = []
  const step = tap((event) => seen.push(event))
  expect(step.take(EVENTS)).toBe(EVENTS)
  expect(seen).toEqual(EVENTS)
})

describe("mapEvents", () => {
  test("replaces an event by another, by several or by none", async () => {
    const lists = await through(
      mapEvents((event) => {
        if (event.type === "content_block_delta") return [event, event]
        if (event.type === "content_block_stop") return null
        return event.type === "message_stop" ? { type: "ping" } : event
      }),
    )
    expect(lists.map((list) => list.map(({ type }) => type))).toEqual([
      ["message_start"],
      ["content_block_start"],
      ["content_block_delta", "content_block_delta"],
      ["message_delta"],
      ["ping"],
    ])
  })

  test("passes an event nobody changed on as it came", async () => {
    const [list] = await through(
      mapEvents((event) => event),
      [ERROR],
    )
    expect(list?.[0]).toBe(ERROR)
  })

  test("an empty list is no event", async () => {
    expect(await through(mapEvents(() => []))).toEqual([])
  })
})

describe("onMessage", () => {
  const told: Ended[] = []
  const listen = () => {
    told.length = 0
    return onMessage((ended) => told.push(ended))
  }

  test("tells the whole message once", async () => {
    await through(listen())
    expect(told).toEqual([{ message: MESSAGE, error: undefined }])
  })

  test("tells it though nobody reads on after the last event", async () => {
    await Array.fromAsync(
      flowOf(EVENTS)
        .pipeThrough(listen())
        .pipeThrough(new Encode({ model: "m", requestId: "req_1", mask: (text) => text, toEvent: () => ({ type: "ping" }) })),
    )
    expect(told).toEqual([{ message: MESSAGE, error: undefined }])
  })

  test("tells what had come before a failure, and the failure", async () => {
    await through(listen(), [...EVENTS.slice(0, 3), ERROR])
    expect(told).toEqual([
      {
        message: { ...MESSAGE, stop_reason: null, usage: { ...MESSAGE.usage, output_tokens: 0 } },
        error: { type: "api_error", message: "reset" },
      },
    ])
  })

  test("tells nothing of a reply that never began", async () => {
    await through(listen(), [ERROR])
    expect(told).toEqual([])
  })

  test("tells nothing of a reply the client has left", async () => {
    const items = EVENTS.map((event) => [event])
    const flow = new Flow<readonly MessageEvent[]>({ read: () => items.shift(), cancel: () => {} }).pipeThrough(
      listen(),
    )
    const reader = flow.getReader()
    await reader.read()
    await reader.cancel()
    expect(told).toEqual([])
  })

  test("passes the very lists on", () => {
    expect(listen().take(EVENTS)).toBe(EVENTS)
  })
})

describe("onOver", () => {
  const told: Over[] = []
  const listen = () => {
    told.length = 0
    return onOver((over) => told.push(over))
  }
  /** Reads so many events, then leaves. */
  async function leave(after: number): Promise<void> {
    const items = EVENTS.map((event) => [event])
    const source = { read: () => items.shift(), cancel: () => {} }
    const reader = new Flow<readonly MessageEvent[]>(source).pipeThrough(listen()).getReader()
    for (let n = 0; n < after; n++) await reader.read()
    await reader.cancel()
  }
  const unfinished = { ...MESSAGE, stop_reason: null }

  test("tells a reply that ended by itself once, whoever lets go of it afterwards", async () => {
    await leave(EVENTS.length)
    expect(told).toEqual([{ message: MESSAGE, error: undefined, left: false }])
  })

  test("tells how far a reply had come that was left, with a guess of its output", async () => {
    await leave(3)
    expect(told).toEqual([{ message: { ...unfinished, usage: { ...MESSAGE.usage, output_tokens: 2 } }, error: undefined, left: true }])
  })

  test("tells of one that was left before it began", async () => {
    await leave(0)
    expect(told).toEqual([{ message: undefined, error: undefined, left: true }])
  })

  test("tells how far one had come that failed, with a guess of its output", async () => {
    const { error } = ERROR
    const calls = unfold({ ...MESSAGE, content: [{ type: "tool_use", id: "t", name: "f", input: { a: 1 }, caller: { type: "direct" } }] })
    await through(listen(), [...calls.slice(0, 3), ERROR])
    const content = [{ type: "tool_use", id: "t", name: "f", input: { a: 1 }, caller: { type: "direct" } }]
    expect(told).toEqual([{ message: { ...unfinished, content }, error, left: false }])
  })

  test("passes the very lists on", () => {
    expect(listen().take(EVENTS)).toBe(EVENTS)
  })
})
