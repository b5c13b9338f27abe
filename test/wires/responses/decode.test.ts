/** The Responses API read off the wire. */
import { describe, expect, test } from "vitest"
import { DONE, Failure, type ItemOf } from "../../../src/wires/failure.ts"
import { hasContent, responsesDialect } from "../../../src/wires/responses/decode.ts"
import type { ResponsesEvent } from "../../../src/wires/responses/types.ts"

const { event, whole } = responsesDialect("b")

function shown(item: ItemOf<ResponsesEvent> | undefined): unknown {
  return item instanceof Failure ? `${item.error.status} ${item.error.message}` : item
}

const written = (data: unknown): string => (typeof data === "string" ? data : JSON.stringify(data))
const told = (data: unknown, name?: string): unknown => shown(event(written(data), name))
const answered = (data: unknown): unknown => whole(written(data)).map(shown)

describe("an event", () => {
  test("is handed on as it is", () => {
    expect(told({ type: "response.output_text.delta", delta: "a", sequence_number: 4 })).toEqual({
      type: "response.output_text.delta",
      delta: "a",
      sequence_number: 4,
    })
  })

  test("without a type has the type its line names", () => {
    const type = "response.output_text.delta"
    expect(told({ delta: "a" }, type)).toEqual({ type, delta: "a" })
  })

  test("that is [DONE] is the end", () => {
    expect(event("[DONE]", undefined)).toBe(DONE)
  })

  test("that is a keep-alive is nothing", () => {
    expect([told(""), told("ping"), told(": x")]).toEqual([undefined, undefined, undefined])
  })

  test.each(['{"type":"response.out', "{}"])("that is cut or no event is a failure (%s)", (data) => {
    expect(told(data)).toBe('502 backend "b" sent something that is not a response')
  })

  test("whose data is cut is no end, though its name says so", () => {
    expect(told('{"type":"response.com', "response.completed")).toBe(
      '502 backend "b" sent something that is not a response',
    )
  })

  test.each<readonly [string, unknown, string | undefined, string]>([
    ["by its name alone", { type: "server_error", message: "oops" }, "error", '502 backend "b": oops'],
    [
      "flat",
      { type: "error", code: "rate_limit_exceeded", message: "slow down", param: null },
      "error",
      '429 backend "b": slow down',
    ],
    ["nested", { type: "error", error: { type: "server_error", message: "oops" } }, "error", '502 backend "b": oops'],
    ["in OpenAI's shape alone", { error: { message: "oops", code: 503 } }, undefined, '529 backend "b": oops'],
    ["in words", "upstream overloaded", "error", '529 backend "b": upstream overloaded'],
    [
      "at the end",
      { type: "response.failed", response: { status: "failed", error: { code: "server_error", message: "oops" } } },
      undefined,
      '502 backend "b": oops',
    ],
    [
      "that the prompt does not fit",
      {
        type: "response.failed",
        response: { error: { code: "context_length_exceeded", message: "Your input exceeds the context window of this model." } },
      },
      undefined,
      "400 prompt is too long: Your input exceeds the context window of this model.",
    ],
    [
      "that the prompt is refused",
      { type: "response.failed", response: { error: { code: "invalid_prompt", message: "flagged" } } },
      undefined,
      '400 backend "b": flagged',
    ],
    [
      "that the image is unreadable",
      { type: "response.failed", response: { error: { code: "image_parse_error", message: "no image" } } },
      undefined,
      '400 backend "b": no image',
    ],
    [
      "without a reason",
      { type: "response.failed", response: {} },
      undefined,
      '502 backend "b": the response failed without a reason',
    ],
    [
      "by its status",
      { type: "response.completed", response: { status: "failed" } },
      undefined,
      '502 backend "b": the response failed without a reason',
    ],
    [
      "that it was cancelled",
      { type: "response.cancelled" },
      undefined,
      '502 backend "b": the response failed without a reason',
    ],
  ])("tells a failure: %s", (_how, data, name, failure) => {
    expect(told(data, name)).toBe(failure)
  })
})

describe("a whole answer", () => {
  const output = [{ type: "message", content: [] }]

  test.each([
    ["completed", null, "response.completed"],
    [undefined, undefined, "response.completed"],
    ["incomplete", { reason: "content_filter" }, "response.incomplete"],
    [undefined, { reason: "max_output_tokens" }, "response.incomplete"],
  ])("with status %s and details %j is one event", (status, incomplete_details, type) => {
    const response = { object: "response", error: null, output, status, incomplete_details }
    expect(answered(response)).toEqual([{ type, response: JSON.parse(JSON.stringify(response)) }])
  })

  test.each<readonly [unknown, string]>([
    [{ error: { message: "oops", code: null } }, '502 backend "b": oops'],
    [
      { status: "failed", output: [], error: { code: "rate_limit_exceeded", message: "slow down" } },
      '429 backend "b": slow down',
    ],
    [{ status: "cancelled", output: [] }, '502 backend "b": the response failed without a reason'],
    [{ status: "in_progress", output: [] }, '502 backend "b" sent something that is not a response'],
    [{ choices: [] }, '502 backend "b" sent something that is not a response'],
    ["<html>", '502 backend "b" sent something that is not a response'],
    ["{", '502 backend "b" sent something that is not a response'],
  ])("%j is a failure", (answer, failure) => {
    expect(answered(answer)).toEqual([failure])
  })
})

describe("a backend has begun with", () => {
  const item = (item: object, when = "added"): ResponsesEvent => ({ type: `response.output_item.${when}`, item })

  test.each<readonly [string, ItemOf<ResponsesEvent>]>([
    ["a piece of text", { type: "response.output_text.delta", delta: "a" }],
    ["a text that comes whole", { type: "response.output_text.done", text: "a" }],
    ["a piece of reasoning", { type: "response.reasoning_summary_text.delta", delta: "a" }],
    ["a refusal", { type: "response.refusal.done", refusal: "a" }],
    ["a call", item({ type: "function_call" })],
    ["a message that comes whole", item({ type: "message", content: [{ type: "output_text", text: "a" }] }, "done")],
    ["arguments", { type: "response.function_call_arguments.delta", delta: "{" }],
    ["its end", { type: "response.completed", response: {} }],
    ["the end of an empty answer", { type: "response.incomplete", response: {} }],
    ["[DONE]", DONE],
  ])("%s", (_what, event) => {
    expect(hasContent(event)).toBe(true)
  })

  test.each<readonly [string, ResponsesEvent]>([
    ["a response that was created", { type: "response.created", response: {} }],
    ["one in progress", { type: "response.in_progress", response: {} }],
    ["one in the queue", { type: "response.queued" }],
    ["a message that was announced", item({ type: "message", content: [] })],
    ["reasoning that was announced", item({ type: "reasoning", summary: [] })],
    ["reasoning nobody may see", item({ type: "reasoning", summary: [], encrypted_content: "x" }, "done")],
    ["an announced part", { type: "response.content_part.added", part: { type: "output_text", text: "" } }],
    ["an empty piece", { type: "response.output_text.delta", delta: "" }],
    ["what nobody knows", { type: "response.shiny" }],
  ])("not with %s", (_what, event) => {
    expect(hasContent(event)).toBe(false)
  })
})
