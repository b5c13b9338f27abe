import { expect, test } from "vitest"
import type { Message } from "../../../src/anthropic/types.ts"
import { assistant, messagesOf, text, toolCall, toolResult, toolUse, translate, user } from "./_translate.ts"

const reminded: readonly Message[] = [
  { role: "user", content: "a" },
  assistant(toolUse("t1")),
  user(toolResult("t1", "done"), text("mind the gap")),
]

test("behind a tool's result the assistant says a word where users must not follow tools", () => {
  expect(messagesOf(reminded, { user_after_tool: false })).toEqual([
    { role: "user", content: "a" },
    { role: "assistant", content: null, tool_calls: [toolCall("t1")] },
    { role: "tool", tool_call_id: "t1", content: "done" },
    { role: "assistant", content: "Understood." },
    { role: "user", content: "mind the gap" },
  ])
  expect(messagesOf(reminded)).toHaveLength(4)
})

test("results alone are answered as they are", () => {
  const results = [...reminded.slice(0, 2), user(toolResult("t1", "done"))]
  expect(messagesOf(results, { user_after_tool: false })).toEqual(messagesOf(results))
})

const png = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } }
const image = { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }

test("messages of one role in a row become one for templates that want turns", () => {
  const messages: readonly Message[] = [
    { role: "system", content: "s2" },
    { role: "user", content: "a" },
    { role: "user", content: "b" },
    user(png),
    assistant(text("c")),
    { role: "user", content: "d" },
  ]
  expect(translate({ system: "s1", messages }, { merge_roles: true }).body.messages).toEqual([
    { role: "system", content: "s1\n\ns2" },
    { role: "user", content: [{ type: "text", text: "a\n\nb" }, image] },
    { role: "assistant", content: "c" },
    { role: "user", content: "d" },
  ])
  expect(translate({ system: "s1", messages }).body.messages).toHaveLength(7)
})

test("calls, and results of several calls, stay messages of their own", () => {
  const messages: readonly Message[] = [
    { role: "user", content: "a" },
    assistant(text("b"), toolUse("t1"), toolUse("t2")),
    user(toolResult("t1", "1"), toolResult("t2", "2")),
    assistant(text("c")),
    { role: "user", content: "d" },
  ]
  expect(messagesOf(messages, { merge_roles: true })).toEqual(messagesOf(messages))
})

test("answers that an empty question kept apart become one, with the calls of the last", () => {
  const messages: readonly Message[] = [
    { role: "user", content: "a" },
    assistant(text("b")),
    { role: "user", content: "" },
    assistant(text("c")),
    { role: "user", content: "" },
    assistant(toolUse("t1")),
    user(toolResult("t1", "1")),
  ]
  expect(messagesOf(messages, { merge_roles: true })).toEqual([
    { role: "user", content: "a" },
    { role: "assistant", content: "b\n\nc", tool_calls: [toolCall("t1")] },
    { role: "tool", tool_call_id: "t1", content: "1" },
  ])
})
