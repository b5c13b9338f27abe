/** A message, told in events and put together again. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { AssistantMessage, MessageEvent, ReplyBlock } from "../../src/anthropic/events.ts"
import { fold, unfold } from "../../src/anthropic/fold.ts"

/** What Anthropic's newest clients may be given. */
const MESSAGE: Readonly<Record<string, unknown>> = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content: [
    { type: "thinking", thinking: "hm", signature: "sig" },
    { type: "redacted_thinking", data: "x" },
    { type: "text", text: "Look:", citations: [{ type: "char_location", cited_text: "a" }, { type: "of_tomorrow" }] },
    { type: "text", text: "", citations: [] },
    { type: "text", text: "plain" },
    {
      type: "server_tool_use",
      id: "srvtoolu_1",
      name: "web_search",
      input: { query: "a" },
      caller: { type: "direct" },
    },
    { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result", url: "u" }] },
    {
      type: "tool_use",
      id: "toolu_1",
      name: "click",
      input: { constructor: 1, deep: [null, {}] },
      toolset_name: "computer",
      caller: { type: "code_execution_20260120", tool_id: "t" },
    },
    { type: "mcp_tool_use", id: "mcptoolu_1", name: "f", server_name: "s", input: { a: 1 } },
    { type: "compaction", content: null, encrypted_content: "x" },
    { type: "of_tomorrow", text: 1, input: "x" },
  ],
  stop_reason: "of_tomorrow",
  stop_sequence: null,
  stop_details: { type: "refusal", category: "x", explanation: null, more: 1 },
  container: { id: "c", expires_at: "t", skills: [] },
  context_management: { applied_edits: [{ type: "clear_thinking_20251015" }] },
  usage: {
    input_tokens: 1,
    output_tokens: 2,
    cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 0 },
    cache_read_input_tokens: null,
    iterations: [{ type: "message", input_tokens: 1 }],
    service_tier: "standard",
  },
}

/** Of any shape, as a server may have sent it. */
function message(value: object): AssistantMessage {
  return value as unknown as AssistantMessage
}

test("is the same again, with everything in it that nobody here knows", () => {
  expect(fold(unfold(message(MESSAGE)))).toStrictEqual(MESSAGE)
})

test("is the same again without what is optional", () => {
  const bare = { content: [], stop_reason: null }
  expect(fold(unfold(message(bare)))).toStrictEqual(bare)
  const { stop_details: _details, container: _container, context_management: _edits, ...less } = MESSAGE
  expect(fold(unfold(message(less)))).toStrictEqual(less)
})

test("is the same again, whatever it is", () => {
  const fields = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  const anything = fc.jsonValue({ maxDepth: 2 })
  const text = fc.oneof({ weight: 4, arbitrary: fc.string() }, { weight: 1, arbitrary: anything })
  const block = fc.oneof(
    fc.record(
      { type: fc.constant("text"), text, citations: fc.oneof(fc.array(anything), anything) },
      { requiredKeys: ["type"] },
    ),
    fc.record({ type: fc.constant("thinking"), thinking: text, signature: text }, { requiredKeys: ["type"] }),
    fc.record(
      { type: fc.constantFrom("tool_use", "server_tool_use", "mcp_tool_use"), id: text, input: anything },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constantFrom("redacted_thinking", "web_search_tool_result", "of_tomorrow"),
        data: anything,
        text,
        input: anything,
      },
      { requiredKeys: ["type"] },
    ),
  )
  const usage = fc.record(
    {
      input_tokens: anything,
      output_tokens: fc.oneof(fc.nat(), anything),
      cache_creation: anything,
      service_tier: anything,
      iterations: anything,
    },
    { requiredKeys: [] },
  )
  const whole = fc.record(
    {
      id: text,
      content: fc.array(
        fc.tuple(fields, block).map(([more, known]) => ({ ...more, ...known })),
        { maxLength: 4 },
      ),
      stop_reason: anything,
      stop_sequence: anything,
      stop_details: anything,
      container: anything,
      context_management: anything,
      usage: fc.tuple(fields, usage).map(([more, known]) => ({ ...more, ...known })),
    },
    { requiredKeys: ["content"] },
  )
  fc.assert(
    fc.property(fields, whole, (more, known) => {
      const given: unknown = JSON.parse(JSON.stringify({ ...more, ...known })) // as it arrives
      expect(fold(unfold(message(given as object)))).toStrictEqual(given)
    }),
    { seed: 20261122, numRuns: 2000 },
  )
})

test.each<readonly [string, MessageEvent]>([
  ["its end", { type: "message_stop" }],
  ["a failure", { type: "error", error: { type: "api_error", message: "x" } }],
])("what comes after %s is no part of the message", (_, end) => {
  const events = unfold(MESSAGE as unknown as AssistantMessage).filter(({ type }) => type !== "message_stop")
  const late: MessageEvent = { type: "content_block_delta", index: 2, delta: { type: "text_delta", text: "late" } }
  expect(fold([...events, end, late])).toEqual(fold(events))
})

describe("events of a stream", () => {
  const events = (...deltas: readonly object[]): MessageEvent[] =>
    [
      {
        type: "message_start",
        message: {
          id: "m",
          content: [],
          stop_reason: null,
          container: null,
          usage: { input_tokens: 1, output_tokens: 1, cache_creation: { a: 1 } },
        },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "", citations: null } },
      ...deltas,
      { type: "content_block_stop", index: 0 },
    ] as unknown as MessageEvent[]

  test("citations add up", () => {
    const cited = fold(
      events(
        { type: "content_block_delta", index: 0, delta: { type: "citations_delta", citation: { a: 1 } } },
        { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x" } },
        { type: "content_block_delta", index: 0, delta: { type: "citations_delta", citation: { b: 2 } } },
      ),
    )
    const expected: readonly ReplyBlock[] = [{ type: "text", text: "x", citations: [{ a: 1 }, { b: 2 }] }]
    expect(cited?.content).toEqual(expected)
  })

  test("what message_delta says overwrites what message_start said, unless it is null", () => {
    const end = {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null, container: { id: "c" } },
      usage: { input_tokens: null, output_tokens: 9, iterations: [1] },
      context_management: { applied_edits: [] },
    } as unknown as MessageEvent
    expect(fold([...events(), end])).toEqual({
      id: "m",
      content: [{ type: "text", text: "", citations: null }],
      stop_reason: "end_turn",
      container: { id: "c" },
      context_management: { applied_edits: [] },
      usage: { input_tokens: 1, output_tokens: 9, cache_creation: { a: 1 }, iterations: [1] },
    })
  })
})
