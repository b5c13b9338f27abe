/** Events → the bytes a client gets. */
import { describe, expect, test } from "vitest"
import type { AssistantMessage, MessageEvent } from "../../src/anthropic/events.ts"
import { Encode } from "../../src/stream/encode.ts"
import { Flow, flowOf } from "../../src/stream/flow.ts"

function encode(...events: readonly MessageEvent[]): string {
  return new TextDecoder().decode(step().take(events))
}

function step(): Encode {
  return new Encode({
    model: "claude-x",
    requestId: "req_1",
    mask: (text) => text.replaceAll("sk-secret", "[key]"),
    toEvent: (thrown) => ({ type: "error", error: { type: "api_error", message: (thrown as Error).name } }),
  })
}

const delta = (fields: object) => ({ type: "content_block_delta", index: 0, delta: fields }) as MessageEvent

describe("an event", () => {
  test("is its name, its JSON and a blank line", () => {
    expect(encode({ type: "ping" })).toBe('event: ping\ndata: {"type":"ping"}\n\n')
  })

  const table: readonly (readonly [string, MessageEvent])[] = [
    ["text", delta({ type: "text_delta", text: 'a "quoted"\n\\ 世界 \u2028 \ud83d' })],
    ["thinking", delta({ type: "thinking_delta", thinking: "hm" })],
    ["arguments", delta({ type: "input_json_delta", partial_json: '{"a":' })],
    ["a signature", delta({ type: "signature_delta", signature: "llm-proxy" })],
    ["text with a key that nobody here knows", delta({ type: "text_delta", text: "x", more: [1] })],
    [
      "a delta with a key that nobody here knows",
      Object.assign(delta({ type: "text_delta", text: "x" }), { more: 1 }),
    ],
    ["a block's end", { type: "content_block_stop", index: 12 }],
  ]
  test.each(table)("says all of it on one line: %s", (_what, event) => {
    const [name, data, ...rest] = encode(event).split("\n")
    expect([name, rest]).toEqual([`event: ${event.type}`, ["", ""]])
    expect(data).toBe(`data: ${JSON.stringify(event)}`)
  })

  test("message_start says the model that the client asked for", () => {
    const message = { id: "msg_1", model: "qwen3:8b", content: [] } as unknown as AssistantMessage
    expect(encode({ type: "message_start", message })).toBe(
      'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","model":"claude-x","content":[]}}\n\n',
    )
  })

  test("error says the request's id, and no key", () => {
    expect(encode({ type: "error", error: { type: "api_error", message: "sk-secret is wrong" } })).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"[key] is wrong"},"request_id":"req_1"}\n\n',
    )
  })
})

describe("a list", () => {
  test("is one piece, however many events it holds", () => {
    expect(encode({ type: "ping" }, { type: "content_block_stop", index: 0 })).toBe(
      'event: ping\ndata: {"type":"ping"}\n\nevent: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    )
  })

  test("of nothing is no piece", () => {
    expect(step().take([])).toBeUndefined()
  })
})

describe("the end", () => {
  test("that a stage has swallowed is an error, and nothing follows one that came", async () => {
    const written = async (event: MessageEvent) => {
      let text = ""
      for await (const bytes of flowOf([event]).pipeThrough(step())) text += new TextDecoder().decode(bytes)
      return text
    }
    expect(await written({ type: "message_stop" })).toBe(encode({ type: "message_stop" }))
    const error = { type: "api_error", message: "the answer ended before it was complete" }
    expect(await written({ type: "ping" })).toBe(encode({ type: "ping" }, { type: "error", error }))
  })

  test.each<MessageEvent>([{ type: "message_stop" }, { type: "error", error: { type: "api_error", message: "x" } }])(
    "is $type: nothing of the list follows it, and what comes later is not read",
    async (last) => {
      let reads = 0
      let canceled = false
      const flow = new Flow<readonly MessageEvent[]>({
        read() {
          reads++
          return [last, { type: "ping" }, { type: "message_stop" }]
        },
        cancel() {
          canceled = true
        },
      })
      const pieces = await Array.fromAsync(flow.pipeThrough(step()), (bytes) => new TextDecoder().decode(bytes))
      expect(pieces.map((piece) => piece.match(/^event: .*/gm))).toEqual([[`event: ${last.type}`]])
      expect({ reads, canceled }).toEqual({ reads: 1, canceled: true })
    },
  )
})

describe("what cannot be written ends the stream with an error, behind what came before it", () => {
  const cyclic: Record<string, unknown> = { type: "content_block_start", index: 0 }
  cyclic["content_block"] = cyclic
  const table: Readonly<Record<string, unknown>> = {
    "an event that holds itself": [{ type: "ping" }, cyclic],
    "a number that JSON has not": [{ type: "ping" }, { type: "content_block_start", index: 1n }],
    "nothing in the place of an event": [{ type: "ping" }, undefined],
    "one event in the place of a list": { type: "ping" },
  }
  test.each(Object.entries(table))("%s", (what, events) => {
    const encode = step()
    const [ping, error] = [
      'event: ping\ndata: {"type":"ping"}\n\n',
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"TypeError"},"request_id":"req_1"}\n\n',
    ]
    const text = new TextDecoder().decode(encode.take(events as readonly MessageEvent[]))
    expect(text).toBe(what.startsWith("one") ? error : ping + error)
    expect(encode.done).toBe(true)
  })
})
