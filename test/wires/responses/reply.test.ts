/** Replies of the Responses API, beyond what the fixtures show. */
import { describe, expect, test } from "vitest"
import type { MessageEvent } from "../../../src/anthropic/events.ts"
import { DONE } from "../../../src/wires/failure.ts"
import type { ResponsesItem } from "../../../src/wires/responses/types.ts"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { failure, outline } from "../chat/_reply.ts"
import { args, argsDone, begin, completed, delta, incomplete, itemDone, replyTo } from "./_reply.ts"

const think = { request: { thinking: { type: "adaptive" } } } as const
const summary = (text: string, index = 0) => delta(text, index, "reasoning_summary_text")
const message = (text: string): ResponsesItem => ({ type: "message", content: [{ type: "output_text", text }] })

test("a response that was merely created is told nothing of", () => {
  const { lists } = replyTo([{ type: "response.created", response: {} }, { type: "response.in_progress" }, delta("a")])
  expect(lists.slice(0, 2)).toEqual([[], []])
  expect(lists[2]?.map(({ type }) => type)).toEqual(["message_start", "content_block_start", "content_block_delta"])
})

test("the events of a small answer, one by one", () => {
  const { events } = replyTo([
    delta("Hi"),
    { type: "response.completed", response: { usage: { input_tokens: 9, output_tokens: 2 }, service_tier: "flex" } },
  ])
  const usage = {
    input_tokens: 9,
    output_tokens: 2,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens_details: null,
    server_tool_use: null,
  }
  expect(events).toEqual([
    {
      type: "message_start",
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "claude-x",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        container: null,
        diagnostics: null,
        usage: {
          ...usage,
          input_tokens: 5, // a guess: the backend tells at the end
          output_tokens: 0,
          cache_creation: null,
          service_tier: null,
          inference_geo: null,
          speed: null,
        },
      },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "", citations: null } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
      usage,
    },
    { type: "message_stop" },
  ] satisfies MessageEvent[])
})

describe("the end", () => {
  test("that never came is an error, whatever was said before", () => {
    const error = 'api_error: backend "b" closed the connection before its answer was complete'
    expect(outline(replyTo([delta("half")]))).toEqual(["text half", error])
    expect(outline(replyTo([]))).toEqual([error])
    expect(outline(replyTo([begin(0), argsDone('{"a":1}', 0)]))).toEqual(['f {"a":1}', error])
  })

  test("may be a [DONE] alone at servers that took it over from Chat Completions", () => {
    expect(outline(replyTo([delta("a"), DONE]))).toEqual(["text a", "end_turn"])
  })

  test("is the end: nothing after it is told", () => {
    expect(outline(replyTo([delta("a"), completed(), delta("b"), completed(), DONE, failure(500, "x")]))).toEqual([
      "text a",
      "end_turn",
    ])
  })

  test.each([
    ["max_output_tokens", "max_tokens"],
    ["max_messages", "max_tokens"],
    [undefined, "max_tokens"],
    ["content_filter", "refusal"],
  ])("incomplete for %s is %s", (reason, stop) => {
    expect(outline(replyTo([delta("a"), incomplete(reason)]))).toEqual(["text a", stop])
  })

  test("`completed` with a status of incomplete is incomplete", () => {
    const end = { type: "response.completed", response: { status: "incomplete" } }
    expect(outline(replyTo([end]))).toEqual(["max_tokens"])
  })

  test("that is a failure is an error event", () => {
    expect(outline(replyTo([delta("a"), failure(529, "busy")]))).toEqual(["text a", "overloaded_error: busy"])
  })
})

describe("texts", () => {
  test("told three times are shown once", () => {
    const { events } = replyTo([
      delta("one"),
      { type: "response.output_text.done", output_index: 0, item_id: "i0", text: "one" },
      itemDone({ id: "i0", ...message("one") }, 0),
      completed([{ id: "i0", ...message("one") }]),
    ])
    expect(events.filter(({ type }) => type === "content_block_delta")).toHaveLength(1)
  })

  test("whose end the deltas left out are completed", () => {
    const done = { type: "response.output_text.done", output_index: 0, item_id: "i0", text: "one two" }
    expect(outline(replyTo([delta("one"), done, completed()]))).toEqual(["text one two", "end_turn"])
  })

  test("are one though only some events say where they belong", () => {
    const bare = { type: "response.output_text.delta", delta: "one" }
    const whole = itemDone({ id: "m", ...message("one") }, 3)
    expect(outline(replyTo([bare, whole, completed()]))).toEqual(["text one", "end_turn"])
    const added = { type: "response.output_item.added", item: { type: "message", id: "m" }, output_index: 3 }
    expect(outline(replyTo([added, bare, whole, completed()]))).toEqual(["text one", "end_turn"])
  })

  test("that differ from their deltas leave them as they are", () => {
    const done = { type: "response.output_text.done", output_index: 0, item_id: "i0", text: "two" }
    expect(outline(replyTo([delta("one"), done, completed([message("three")])]))).toEqual(["text one", "end_turn"])
  })

  test("of nothing make no block", () => {
    expect(outline(replyTo([delta(""), { ...delta(""), delta: null }, completed([message("")])]))).toEqual(["end_turn"])
  })

  test("of two messages stay two blocks, though hidden reasoning stands between", () => {
    expect(outline(replyTo([delta("a"), summary("hm", 1), delta("b", 2), completed()]))).toEqual([
      "text a",
      "text b",
      "end_turn",
    ])
  })

  test("of a refusal are text and the explanation", () => {
    const reply = replyTo([delta("I ", 0, "refusal"), delta("won't", 0, "refusal"), completed()])
    expect(outline(reply)).toEqual(["text I won't", "refusal"])
    expect(reply.events.find(({ type }) => type === "message_delta")).toMatchObject({
      delta: { stop_details: { type: "refusal", category: null, explanation: "I won't" } },
    })
  })

  test("are cut at a stop sequence, which this API has no field for, and the rest is dropped", () => {
    const request = { stop_sequences: ["END"] }
    expect(outline(replyTo([delta("a E"), delta("ND b"), begin(1), completed()], { request }))).toEqual([
      "text a ",
      "stop_sequence",
    ])
    expect(outline(replyTo([delta("a E"), completed()], { request }))).toEqual(["text a E", "end_turn"])
    expect(outline(replyTo([completed([message("a END b")])], { request }))).toEqual(["text a ", "stop_sequence"])
  })
})

describe("reasoning", () => {
  test("is shown only to a client that asked for thinking", () => {
    const events = [summary("hm"), delta("a", 1), completed()]
    expect(outline(replyTo(events))).toEqual(["text a", "end_turn"])
    expect(outline(replyTo(events, think))).toEqual(["thinking hm", "text a", "end_turn"])
  })

  test("is a block without words for a client that wants none shown", () => {
    const request = { thinking: { type: "adaptive", display: "omitted" } } as const
    expect(outline(replyTo([summary("hm"), summary("hm", 1), delta("a", 2), completed()], { request }))).toEqual([
      "thinking ",
      "text a",
      "end_turn",
    ])
  })

  test("that is told raw and as a summary is told once", () => {
    const raw = delta("I think", 0, "reasoning_text")
    expect(outline(replyTo([summary("In short"), raw, summary("."), completed()], think))).toEqual([
      "thinking In short.",
      "end_turn",
    ])
    expect(outline(replyTo([raw, summary("In short"), completed()], think))).toEqual(["thinking I think", "end_turn"])
  })

  test("of two items with a call between stays two blocks", () => {
    const events = [summary("a"), begin(1), argsDone("{}", 1), summary("b", 2), completed()]
    expect(outline(replyTo(events, think))).toEqual(["thinking a", "f {}", "thinking b", "tool_use"])
  })
})

describe("calls", () => {
  test("are held until their arguments are complete", () => {
    const { lists } = replyTo([begin(0), args('{"a"', 0), args(":1}", 0), argsDone('{"a":1}', 0), completed()])
    expect(lists.map((list) => list.length)).toEqual([1, 0, 0, 3, 2, 0])
  })

  test("of a tool that wants them eagerly are given as they come", () => {
    const request = { tools: [{ name: "f", input_schema: {}, eager_input_streaming: true }] }
    const reply = replyTo([begin(0), args('{"a"', 0), args(":1}", 0), argsDone('{"a":1}', 0), completed()], { request })
    expect(reply.lists.map((list) => list.length)).toEqual([1, 2, 1, 1, 2, 0])
    expect(outline(reply)).toEqual(['f {"a":1}', "tool_use"])
  })

  test("with arguments as an object", () => {
    expect(outline(replyTo([begin(0), argsDone({ a: 1 }, 0), completed()]))).toEqual(['f {"a":1}', "tool_use"])
  })

  test("with broken arguments are handed on under _raw, for the client's own check to refuse", () => {
    const reply = replyTo([begin(0), argsDone('{"a":', 0), completed()])
    expect(outline(reply)).toEqual(['f {"_raw":"{\\"a\\":"}', "tool_use"])
  })

  test("cut off at max_output_tokens are dropped, and so is one without a name", () => {
    const cut = replyTo([begin(0), argsDone('{"a":', 0), incomplete("max_output_tokens")])
    expect(outline(cut)).toEqual(["max_tokens"])
    expect(cut.notes).toContain("a call of f, incomplete at the end, was dropped")
    expect(outline(replyTo([args("{}", 0), completed()]))).toEqual(["end_turn"])
  })

  test("cut off before their first argument are dropped, not called without any", () => {
    const call = { type: "function_call", id: "i0", call_id: "call_0", name: "f", arguments: "", status: "incomplete" }
    expect(outline(replyTo([begin(0), itemDone(call, 0), incomplete("max_output_tokens")]))).toEqual(["max_tokens"])
  })

  test("cut off after a part of them was given stay as they are", () => {
    const request = { tools: [{ name: "f", input_schema: {}, eager_input_streaming: true }] }
    const { events, notes } = replyTo([begin(0), args('{"a"', 0), incomplete("max_output_tokens")], { request })
    expect(events.map(({ type }) => type)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ])
    expect(notes).toEqual(["the backend told no token counts for claude-x; they are guessed"])
  })

  test("that only the end of the response tells are not lost", () => {
    const call = { type: "function_call", id: "x", call_id: "c", name: "g", arguments: "{}" }
    expect(outline(replyTo([delta("a"), completed([message("a"), call])]))).toEqual(["text a", "g {}", "tool_use"])
    const first = { type: "function_call", id: "i0", call_id: "call_0", name: "f", arguments: "{}" }
    expect(outline(replyTo([begin(0), argsDone("{}", 0), completed([first, call])]))).toEqual(["f {}", "g {}", "tool_use"])
  })

  test("that the end of the response tells under another id are given once", () => {
    const call = { type: "function_call", id: "x", call_id: "call_0", name: "f", arguments: "{}" }
    expect(outline(replyTo([begin(0), argsDone("{}", 0), completed([message("z"), call])]))).toEqual([
      "f {}",
      "text z",
      "tool_use",
    ])
  })

  test("announced twice are one", () => {
    expect(outline(replyTo([begin(0), begin(0), argsDone("{}", 0), completed()]))).toEqual(["f {}", "tool_use"])
  })

  test("with the same call_id get ids that tell them apart", () => {
    const reply = replyTo([begin(0, "f", "c"), argsDone("{}", 0), begin(1, "g", "c"), argsDone("{}", 1), completed()])
    const ids = reply.events.flatMap((event) =>
      event.type === "content_block_start" && event.content_block.type === "tool_use" ? [event.content_block.id] : [],
    )
    expect(ids).toEqual(["c", "toolu_1"])
  })

  test("beyond the first are dropped where the client forbids them and the backend cannot be told", () => {
    const request = { tool_choice: { type: "auto", disable_parallel_tool_use: true } } as const
    const events = [begin(0), argsDone("{}", 0), begin(1, "g"), argsDone("{}", 1), completed()]
    expect(outline(replyTo(events, { request, flags: { parallel_tool_calls: false } }))).toEqual(["f {}", "tool_use"])
  })
})

test("a call's name and id that are no texts wait for those that are", () => {
  const odd = { type: "function_call", id: "x", call_id: 7 as never, name: true as never }
  const call = { type: "function_call", id: "x", call_id: "call_0", name: "f", arguments: "{}" }
  const { events } = replyTo([{ type: "response.output_item.added", output_index: 0, item: odd }, completed([call])])
  expect(events[1]).toMatchObject({ content_block: { id: "call_0", name: "f" } })
})

test("token counts that never come are guessed, and that is told", () => {
  expect(replyTo([delta("a"), completed()]).notes).toEqual([
    "the backend told no token counts for claude-x; they are guessed",
  ])
})

test.each([
  ["an item of a kind nobody knows", { type: "response.output_item.added", item: { type: "mcp_call" } }],
  ["an item that is null", { type: "response.output_item.done", item: null }],
  ["an output that is no list", { type: "response.output_item.done", item: { type: "message", content: "a" as never } }],
  ["parts that are null", { type: "response.output_item.done", item: { type: "message", content: [null as never] } }],
  ["a delta that is no text", { type: "response.output_text.delta", delta: { a: 1 } as never }],
  ["an event nobody knows", { type: "response.shiny" }],
])("%s does no harm", (_what, event) => {
  const reply = replyTo([event, delta("a", 5), completed()])
  expect(outline(reply)).toEqual(["text a", "end_turn"])
  expect(checkGrammar(reply.events)).toEqual([])
})
