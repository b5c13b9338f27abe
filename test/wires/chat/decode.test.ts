/** What a backend writes, as chunks: events, whole answers, and the failures among them. */
import { describe, expect, test } from "vitest"
import { chatDialect, hasContent, toChunk } from "../../../src/wires/chat/decode.ts"
import type { ChatChunk } from "../../../src/wires/chat/types.ts"
import { DONE, Failure, type ItemOf } from "../../../src/wires/failure.ts"

const { event, whole } = chatDialect("b")

/** A failure as its status and words, everything else as it is. */
function shown(chunk: ItemOf<ChatChunk> | undefined): unknown {
  return chunk instanceof Failure ? `${chunk.error.status} ${chunk.error.message}` : chunk
}

const NONSENSE = '502 backend "b" sent something that is not a chat completion'

describe("an event", () => {
  const table: readonly (readonly [string, string, unknown])[] = [
    ["a chunk", '{"choices":[]}', { choices: [] }],
    ["[DONE]", "[DONE]", DONE],
    ["[DONE] between blanks", " [DONE] ", DONE],
    ["an empty one", "", undefined],
    ["a keep-alive that is no JSON", "keep-alive", undefined],
    ["half a chunk", '{"choices":[{"del', NONSENSE],
    ["an error (OpenRouter)", '{"error":{"code":429,"message":"slow"},"choices":[]}', '429 backend "b": slow'],
    ["an error in a list (Gemini)", '[{"error":{"code":503,"message":"busy"}}]', '529 backend "b": busy'],
    [
      "an error that is the object (vLLM, SGLang)",
      '{"object":"error","message":"no","code":400}',
      '400 backend "b": no',
    ],
    [
      "an early end (Groq)",
      '{"choices":[],"x_groq":{"id":"r","error":"over capacity"}}',
      '529 backend "b": over capacity',
    ],
    [
      "an error in the choice (OpenRouter)",
      '{"choices":[{"delta":{},"finish_reason":"error","error":{"code":429,"message":"slow"}}]}',
      '429 backend "b": slow',
    ],
    ["no error: null in its choice", '{"choices":[{"error":null}]}', { choices: [{ error: null }] }],
    ["no error: null in its place", '{"error":null,"choices":[]}', { error: null, choices: [] }],
  ]
  test.each(table)("%s", (_what, data, chunk) => {
    expect(shown(event(data, undefined))).toEqual(chunk)
  })

  test("named `error` is one, whatever its data", () => {
    expect(shown(event("overloaded", "error"))).toBe('529 backend "b": overloaded')
    expect(shown(event('{"message":"no"}', "error"))).toBe('502 backend "b": no')
  })
})

describe("a whole answer", () => {
  const table: readonly (readonly [string, string, readonly unknown[]])[] = [
    [
      "is one chunk and the end",
      '{"id":"x","choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}',
      [{ id: "x", choices: [{ delta: { content: "Hi" }, finish_reason: "stop" }] }, DONE],
    ],
    [
      "that is an error with status 200 (OpenRouter)",
      '{"error":{"code":429,"message":"slow"}}',
      ['429 backend "b": slow'],
    ],
    [
      "whose provider failed (OpenRouter)",
      '{"choices":[{"message":{"content":""},"finish_reason":"error","error":{"code":502,"message":"oops"}}]}',
      ['502 backend "b": oops'],
    ],
    ["without choices is none", '{"id":"x"}', [NONSENSE]],
    ["that breaks off is none", '{"id":"x","choi', [NONSENSE]],
    ["that is a page of HTML is none", "<html></html>", [NONSENSE]],
  ]
  test.each(table)("%s", (_what, text, chunks) => {
    expect(whole(text).map(shown)).toEqual(chunks)
  })

  test("without a message is none", () => {
    expect(toChunk({ choices: [{ finish_reason: "stop" }] })).toBeUndefined()
    expect(toChunk({ choices: [] })).toBeUndefined()
  })
})

describe("a backend has begun to answer", () => {
  const delta = (fields: object): ChatChunk => ({ choices: [{ delta: fields }] })
  test.each<readonly [string, ItemOf<ChatChunk>]>([
    ["with text", delta({ content: "x" })],
    ["with reasoning", delta({ content: "", reasoning_content: "x" })],
    ["with a call", delta({ content: null, tool_calls: [{ index: 0 }] })],
    ["with a content list", delta({ content: [{ type: "text", text: "x" }] })],
    ["with a refusal", delta({ refusal: "no" })],
    ["with a finish_reason", { choices: [{ delta: {}, finish_reason: "stop" }] }],
    ["with the end", DONE],
  ])("%s", (_what, chunk) => {
    expect(hasContent(chunk)).toBe(true)
  })

  test.each<readonly [string, ItemOf<ChatChunk>]>([
    ["with a role", delta({ role: "assistant" })],
    ["with a role and empty fields", delta({ role: "assistant", content: "", refusal: null, tool_calls: [] })],
    ["with no choices (Azure)", { choices: [] }],
    ["with usage alone", { usage: { prompt_tokens: 1 } }],
    ["with null for choices", { choices: null }],
    ["with a choice without delta (Azure)", { choices: [{ index: 0, finish_reason: null }] }],
  ])("not %s", (_what, chunk) => {
    expect(hasContent(chunk)).toBe(false)
  })
})
