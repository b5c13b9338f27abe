/** How a backend's bytes are read that speaks the Messages API. */
import { describe, expect, test } from "vitest"
import { hasContent, messagesDialect } from "../../../src/wires/anthropic/decode.ts"
import { DONE, Failure, type ItemOf } from "../../../src/wires/failure.ts"
import type { MessageEvent } from "../../../src/anthropic/events.ts"
import { begin, call, end, says, START, stop, STOP, text } from "./_reply.ts"

const dialect = messagesDialect("b")
const event = (data: unknown, name?: string) =>
  dialect.event(typeof data === "string" ? data : JSON.stringify(data), name)

describe("an event", () => {
  test("is what its data says", () => {
    expect(event(says(0, "a"))).toEqual(says(0, "a"))
    expect(event({ type: "shiny", a: 1 })).toEqual({ type: "shiny", a: 1 })
  })

  test("that does not say its type has the one of its name", () => {
    expect(event({ index: 0 }, "content_block_stop")).toEqual(stop(0))
  })

  test("that says nothing is none: the proxy pings by itself", () => {
    expect([event({ type: "ping" }), event(""), event(": x"), event("null")]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test("[DONE] is the end", () => {
    expect(event("[DONE]")).toBe(DONE)
  })

  test.each(["{", "{}", '{"type":1}'])("%s is a failure", (data) => {
    const item = event(data)
    expect(item instanceof Failure && item.error.message).toBe('backend "b" sent something that is not a message')
  })
})

test.each<readonly [string, string | undefined]>([
  ['{"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}', undefined],
  ['{"type":"server_error","message":"overloaded"}', "error"],
  ['{"error":{"message":"overloaded"}}', undefined],
  ["overloaded", "error"],
])("%s, named %s, is a failure and tells its words", (data, name) => {
  const item = event(data, name)
  expect(item instanceof Failure && [item.error.status, item.error.message]).toEqual([
    529,
    expect.stringContaining("overloaded"),
  ])
})

describe("a whole answer", () => {
  const message = { ...START.message, content: [{ type: "text", text: "a" }], stop_reason: "end_turn" }

  test("is told in events", () => {
    expect(dialect.whole(JSON.stringify(message))).toMatchObject([
      { type: "message_start", message: { id: "msg_1" } },
      text(0),
      says(0, "a"),
      stop(0),
      { type: "message_delta", delta: { stop_reason: "end_turn" } },
      STOP,
    ])
  })

  test("that lacks its usage and id is told all the same", () => {
    expect(dialect.whole('{"content":[]}')).toMatchObject([{ type: "message_start" }, { type: "message_delta" }, STOP])
  })

  test.each([
    "",
    "[]",
    "{}",
    '{"type":"message"}',
    '{"type":"message","content":"a"}',
    '{"type":"message","content":["a"]}',
  ])("%s is a failure", (said) => {
    const [item] = dialect.whole(said)
    expect(item instanceof Failure && item.error.message).toBe('backend "b" sent something that is not a message')
  })

  test.each([
    '{"type":"error","error":{"type":"overloaded_error","message":"x"}}',
    '{"error":{"message":"overloaded"}}',
  ])("%s is the failure it says", (said) => {
    const [item] = dialect.whole(said)
    expect(item instanceof Failure && item.error.status).toBe(529)
  })
})

test.each<[boolean, object]>([
  [false, START],
  [false, text(0)],
  [false, begin(0, { type: "thinking", thinking: "", signature: "" })],
  [true, begin(0, {})],
  [true, begin(0, { type: "text", text: "a" })],
  [true, call(0)],
  [true, begin(0, { type: "redacted_thinking", data: "x" })],
  [true, says(0, "a")],
  [true, end()],
  [true, STOP],
])("whether a backend has begun (%j): %j", (begun, item) => {
  expect(hasContent(item as unknown as ItemOf<MessageEvent>)).toBe(begun)
})
