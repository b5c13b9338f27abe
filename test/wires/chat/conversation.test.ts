import { expect, test } from "vitest"
import type { Message } from "../../../src/anthropic/types.ts"
import { assistant, messagesOf, refusal, text, toolCall, toolResult, toolUse, translate, user } from "./_translate.ts"

test("several user texts become one string with paragraphs; two user messages stay two", () => {
  expect(messagesOf([user(text("a"), text(""), text("b")), { role: "user", content: "c" }])).toEqual([
    { role: "user", content: "a\n\nb" },
    { role: "user", content: "c" },
  ])
})

test("an assistant's texts that touch are one text, those around another block are paragraphs", () => {
  const thinking = { type: "thinking", thinking: "hm", signature: "s" }
  const turn = assistant(text("a"), text("b"), thinking, text("c"))
  expect(messagesOf([user(text("q")), turn, user(text("r"))])[1]).toEqual({ role: "assistant", content: "ab\n\nc" })
})

test("Claude's own thinking in the history is dropped, unnoticed and unleaked", () => {
  const turn = assistant(
    { type: "thinking", thinking: "secret thought", signature: "sig" },
    { type: "redacted_thinking", data: "blob" },
    text("a"),
  )
  const { body, notes } = translate({ messages: [user(text("q")), turn, user(text("r"))] })
  expect(body.messages[1]).toEqual({ role: "assistant", content: "a" })
  expect(notes).toEqual([])
})

test("an assistant message with only a call has null content", () => {
  const turn = assistant(text(""), toolUse("a", { x: 1 }))
  expect(messagesOf([user(text("q")), turn, user(toolResult("a", "r"))])).toEqual([
    { role: "user", content: "q" },
    { role: "assistant", content: null, tool_calls: [toolCall("a", '{"x":1}')] },
    { role: "tool", tool_call_id: "a", content: "r" },
  ])
})

test("a call without input has an empty object for arguments", () => {
  const messages = [user(text("q")), assistant(toolUse("a", null)), user(toolResult("a", "r"))]
  expect(messagesOf(messages)[1]).toEqual({ role: "assistant", content: null, tool_calls: [toolCall("a", "{}")] })
})

test("half a surrogate pair in a call's input is mended, a whole one is kept", () => {
  const messages = [user(text("q")), assistant(toolUse("a", { x: "\ud83d", y: "😀" })), user(toolResult("a", "r"))]
  const calls = [toolCall("a", '{"x":"\\ufffd","y":"😀"}')]
  expect(messagesOf(messages)[1]).toEqual({ role: "assistant", content: null, tool_calls: calls })
})

test("assistant messages with nothing in them are skipped", () => {
  const thinking = { type: "thinking", thinking: "hm", signature: "s" }
  const empty = [assistant(), assistant(thinking), { role: "assistant", content: "" } as const]
  expect(messagesOf([user(text("q")), ...empty, user(text("r"))])).toEqual([
    { role: "user", content: "q" },
    { role: "user", content: "r" },
  ])
})

test("a conversation with nothing in it is refused", () => {
  expect(refusal(() => messagesOf([{ role: "user", content: "" }]))).toBe(
    "400 messages: at least one message must have content",
  )
})

test("a tool result stands before the text it came with, whichever the client wrote first", () => {
  const call = [user(text("q")), assistant(toolUse("a"))]
  const expected = [
    { role: "user", content: "q" },
    { role: "assistant", content: null, tool_calls: [toolCall("a")] },
    { role: "tool", tool_call_id: "a", content: "r" },
    { role: "user", content: "and" },
  ]
  expect(messagesOf([...call, user(toolResult("a", "r"), text("and"))])).toEqual(expected)
  expect(messagesOf([...call, user(text("and"), toolResult("a", "r"))])).toEqual(expected)
})

test("results in another order, split over two user messages and a system message, follow in the calls' order", () => {
  expect(
    messagesOf([
      user(text("q")),
      assistant(toolUse("a"), toolUse("b"), toolUse("c")),
      user(toolResult("c", "3"), text("first")),
      { role: "system", content: "s" },
      user(toolResult("b", "2"), toolResult("a", "1"), text("second")),
    ]).slice(2),
  ).toEqual([
    { role: "tool", tool_call_id: "a", content: "1" },
    { role: "tool", tool_call_id: "b", content: "2" },
    { role: "tool", tool_call_id: "c", content: "3" },
    { role: "user", content: "first" },
    { role: "system", content: "s" },
    { role: "user", content: "second" },
  ])
})

test("calls of two assistant messages in a row are answered as one turn", () => {
  expect(
    messagesOf([
      user(text("q")),
      assistant(text("x"), toolUse("a")),
      assistant(text("y"), toolUse("b")),
      user(toolResult("b", "2"), toolResult("a", "1")),
    ]).slice(1),
  ).toEqual([
    { role: "assistant", content: "x\n\ny", tool_calls: [toolCall("a"), toolCall("b")] },
    { role: "tool", tool_call_id: "a", content: "1" },
    { role: "tool", tool_call_id: "b", content: "2" },
  ])
})

test("two assistant messages in a row are paragraphs of one", () => {
  const messages = [user(text("q")), assistant(text("x")), assistant(text("y")), user(text("r"))]
  expect(messagesOf(messages)[1]).toEqual({ role: "assistant", content: "x\n\ny" })
})

test("a result without its call is refused with its path", () => {
  const messages = [user(text("q")), assistant(text("a")), user(text("b"), toolResult("z", "r"))]
  expect(refusal(() => messagesOf(messages))).toBe(
    `400 messages.2.content.1: tool_result for "z", which the assistant turn before it does not call`,
  )
})

test("block types nobody knows are refused with their path", () => {
  const odd = { type: "hologram" }
  expect(refusal(() => messagesOf([user(text("a"), odd)]))).toBe(
    `400 messages.0.content.1: a "hologram" block cannot stand in a user message`,
  )
  expect(refusal(() => messagesOf([user(text("a")), assistant(odd), user(text("b"))]))).toBe(
    `400 messages.1.content.0: a "hologram" block cannot stand in an assistant message`,
  )
  const inResult = [user(text("a")), assistant(toolUse("a")), user(toolResult("a", [odd] as never))]
  expect(refusal(() => messagesOf(inResult))).toBe(
    `400 messages.2.content.0.content.0: a "hologram" block cannot stand in a tool result`,
  )
})

test("half an emoji is replaced, so that strict JSON parsers take the body", () => {
  const messages = [user(text("a\ud83d")), assistant(text("b\ud83d"), toolUse("a")), user(toolResult("a", "c\ude00"))]
  const { body } = translate({ system: "s\ud83d", messages })
  expect(body.messages.map(({ content }) => content)).toEqual(["s\ufffd", "a\ufffd", "b\ufffd", "c\ufffd"])
})

const prefilled: readonly Message[] = [
  { role: "user", content: "a" },
  { role: "assistant", content: "{" },
  { role: "system", content: "s" },
]

test("a conversation that ends with an assistant turn is refused in Anthropic's words", () => {
  expect(refusal(() => messagesOf(prefilled.slice(0, 2)))).toBe(
    "400 messages: This model does not support assistant message prefill. " +
      "The conversation must end with a user message.",
  )
})

test("a system message behind an assistant turn asks for a new one, so it is no prefill", () => {
  expect(messagesOf(prefilled).map(({ role }) => role)).toEqual(["user", "assistant", "system"])
})

test("a conversation that ends with an assistant turn is sent as it is where the backend goes on with it", () => {
  expect(messagesOf(prefilled.slice(0, 2), { prefill: "pass" })).toEqual([
    { role: "user", content: "a" },
    { role: "assistant", content: "{" },
  ])
})

test("a conversation may begin with the assistant", () => {
  expect(messagesOf([{ role: "assistant", content: "hello" }, { role: "user", content: "hi" }])).toEqual([
    { role: "assistant", content: "hello" },
    { role: "user", content: "hi" },
  ])
})

test("a hundred thousand images in one tool result are too many for nobody here", () => {
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } } as const
  const images = Array.from({ length: 150_000 }, () => image)
  const document = { type: "document", source: { type: "content", content: images } }
  const messages = [user(text("q")), assistant(toolUse("a")), user(toolResult("a", images), document)]
  expect(messagesOf(messages).at(-1)?.content).toHaveLength(300_003)
})
