/** Chunks that are JSON and yet not what they should be: what makes sense in them counts, and nothing is thrown. */
import { describe, expect, test } from "vitest"
import { fold } from "../../../src/anthropic/fold.ts"
import { hasContent } from "../../../src/wires/chat/decode.ts"
import type { ChatChunk } from "../../../src/wires/chat/types.ts"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { chunk, DONE, finish, replyTo } from "./_reply.ts"

const delta = (value: unknown): unknown => ({ choices: [{ delta: value }] })

describe("beside good chunks", () => {
  test.each<[string, unknown]>([
    ["choices that are a text", { choices: "x" }],
    ["choices that are an object", { choices: {} }],
    ["a choice that is null", { choices: [null] }],
    ["a delta that is a text", delta("x")],
    ["content that is a number", delta({ content: 5 })],
    ["content that is an object", delta({ content: { text: "x" } })],
    ["content with null in it", delta({ content: [null, { type: "text", text: 5 }] })],
    ["calls that are an object", delta({ tool_calls: {} })],
    ["a call that is null", delta({ tool_calls: [null] })],
    ["details of reasoning with null in them", delta({ reasoning_details: [null] })],
    ["a refusal that is a number", delta({ refusal: 5 })],
    ["usage that is a text", { usage: "x" }],
  ])("%s", (_, nonsense) => {
    const odd = nonsense as ChatChunk
    expect(() => hasContent(odd)).not.toThrow()
    const { events } = replyTo([chunk("a"), odd, chunk("b"), finish("stop"), DONE])
    expect(checkGrammar(events)).toEqual([])
    expect(fold(events)).toMatchObject({ content: [{ type: "text", text: "ab" }], stop_reason: "end_turn" })
  })
})

test("an id that is a number is its text", () => {
  const call = { index: 0, id: 7, function: { name: "f", arguments: "{}" } }
  const { events } = replyTo([delta({ tool_calls: [call] }) as ChatChunk, finish("tool_calls"), DONE])
  expect(fold(events)?.content).toMatchObject([{ type: "tool_use", id: "7", name: "f", input: {} }])
})

test("a message in the place of a delta is taken for one", () => {
  const { events } = replyTo([{ choices: [{ message: { content: "hey" }, finish_reason: "stop" }] }, DONE])
  expect(fold(events)).toMatchObject({ content: [{ text: "hey" }], stop_reason: "end_turn" })
})

test("of several choices the first speaks, and all of them call (copilot-api 075ed78)", () => {
  const call = { index: 0, id: "a", function: { name: "f", arguments: '{"n":1}' } }
  const choices = [
    { index: 0, delta: { content: "A" }, finish_reason: "stop" },
    { index: 1, delta: { content: "B", tool_calls: [call] }, finish_reason: "tool_calls" },
  ]
  const { events } = replyTo([{ choices }, DONE])
  expect(fold(events)).toMatchObject({ content: [{ text: "A" }, { name: "f", input: { n: 1 } }], stop_reason: "tool_use" })
})

test("an emoji that is cut in two comes out whole", () => {
  const { events } = replyTo([chunk("a\ud83d"), chunk("\ude00b"), finish("stop"), DONE])
  expect(events.flatMap((it) => (it.type === "content_block_delta" && "text" in it.delta ? [it.delta.text] : []))).toEqual([
    "a",
    "\ud83d\ude00b",
  ])
})

test("a message begins with the head of a call, before its arguments are there", () => {
  const head = { index: 0, id: "a", function: { name: "f", arguments: "" } }
  const { lists } = replyTo([delta({ tool_calls: [head] }) as ChatChunk, finish("tool_calls"), DONE])
  expect(lists[0]?.map(({ type }) => type)).toEqual(["message_start"])
})
