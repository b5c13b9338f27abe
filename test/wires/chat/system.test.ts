import { expect, test } from "vitest"
import type { Message } from "../../../src/anthropic/types.ts"
import { messagesOf, refusal, text, translate } from "./_translate.ts"

const cached = { cache_control: { type: "ephemeral" } }

test("system blocks become one leading message, without cache marks", () => {
  const system = [{ ...text("a"), ...cached }, text(""), { ...text("b"), ...cached }] as never
  expect(translate({ system }).body.messages).toEqual([
    { role: "system", content: "a\n\nb" },
    { role: "user", content: "hi" },
  ])
  expect(translate({ system: "s" }, { system_role: "developer" }).body.messages[0]).toEqual({
    role: "developer",
    content: "s",
  })
})

test("a billing header that changes with every turn does not reach the backend (claude-code#32636, ollama f622b0c5f, CLIProxyAPI d606faa99 41ae2c81e)", () => {
  const system = [text("x-anthropic-billing-header: cc_version=2.1"), text("be kind")] as never
  expect(translate({ system }).body.messages[0]).toEqual({ role: "system", content: "be kind" })
})

test.each(["", [], [text("")], null])("an empty system prompt is no message (%j)", (system) => {
  expect(translate({ system: system as never }).body.messages).toEqual([{ role: "user", content: "hi" }])
})

test("a block that is no text in the system prompt is refused with its path", () => {
  const system = [text("a"), { type: "image" }] as never
  expect(refusal(() => translate({ system }))).toBe(`400 system.1: a "image" block cannot stand in a system message`)
})

const midSystem: readonly Message[] = [
  { role: "user", content: "one" },
  { role: "assistant", content: "two" },
  { role: "system", content: [{ ...text("now"), ...cached } as never, text("then")] },
  { role: "user", content: "three" },
]

test("a system message in the middle stays in its place", () => {
  expect(messagesOf(midSystem)).toEqual([
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "system", content: "now\n\nthen" },
    { role: "user", content: "three" },
  ])
})

test("a system message in the middle is told as user text where the template wants it so", () => {
  expect(messagesOf(midSystem, { mid_system: "user" })).toEqual([
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "user", content: "<system-reminder>\nnow\n\nthen\n</system-reminder>\n\nthree" },
  ])
})

test("a system message that no user message follows joins the one before, so that roles still alternate", () => {
  const messages: Message[] = [
    { role: "user", content: "one" },
    { role: "system", content: "now" },
    { role: "assistant", content: "two" },
    { role: "user", content: "three" },
  ]
  expect(messagesOf(messages, { mid_system: "user" })).toEqual([
    { role: "user", content: "one\n\n<system-reminder>\nnow\n</system-reminder>" },
    { role: "assistant", content: "two" },
    { role: "user", content: "three" },
  ])
})

test("a system message without content sends nothing", () => {
  const none = [undefined, null, "", []].map((content) => ({ role: "system", content }) as Message)
  expect(messagesOf([{ role: "user", content: "a" }, ...none])).toEqual([{ role: "user", content: "a" }])
})

test("a system message that is to be cleared is gone once a later user message is there", () => {
  const first: Message[] = [
    { role: "user", content: "a" },
    { role: "system", content: "s", clear_at: "next_user_message" },
  ]
  expect(messagesOf(first)).toEqual([
    { role: "user", content: "a" },
    { role: "system", content: "s" },
  ])
  expect(messagesOf([...first, { role: "assistant", content: "b" }, { role: "user", content: "c" }])).toEqual([
    { role: "user", content: "a" },
    { role: "assistant", content: "b" },
    { role: "user", content: "c" },
  ])
})

test("a tool that a system message adds is there already; one that it removes is noted", () => {
  const change = (type: string): Message =>
    ({ role: "system", content: [{ type, tool: { type: "tool_reference", name: "f" } }] }) as unknown as Message
  const hi: Message = { role: "user", content: "hi" }
  expect(translate({ messages: [hi, change("tool_addition")] }).notes).toEqual([])
  expect(translate({ messages: [hi, change("tool_removal")] }).notes).toEqual([
    "tool_removal was ignored: the tool stays available",
  ])
})
