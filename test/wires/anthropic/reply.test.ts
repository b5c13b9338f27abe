/** Streams of servers that speak the Messages API more or less, and the grammar they are held to. */
import { describe, expect, test } from "vitest"
import { ProxyError } from "../../../src/error.ts"
import { DONE, Failure, type ItemOf } from "../../../src/wires/failure.ts"
import type { MessageEvent } from "../../../src/anthropic/events.ts"
import {
  begin,
  call,
  delta,
  end,
  json,
  replyTo,
  says,
  START,
  stop,
  STOP,
  text,
  thinks,
  type Written,
} from "./_reply.ts"

const CLOSED = {
  type: "error",
  error: { type: "api_error", message: 'backend "b" closed the connection before its answer was complete' },
}

describe("a stream as it should be", () => {
  const whole = [
    START,
    begin(0, { type: "thinking", thinking: "", signature: "" }),
    thinks(0, "hm"),
    delta(0, { type: "signature_delta", signature: "sig" }),
    stop(0),
    text(1),
    says(1, "Hello"),
    delta(1, { type: "citations_delta", citation: { type: "char_location", cited_text: "H" } }),
    stop(1),
    begin(2, { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {}, caller: { type: "direct" } }),
    json(2, ""),
    json(2, '{"query":1.0}'),
    stop(2),
    begin(3, { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] }),
    stop(3),
    call(4),
    json(4, ""),
    stop(4),
    begin(5, { type: "of_tomorrow", a: 1 }),
    delta(5, { type: "tomorrow_delta", b: 2 }),
    stop(5),
    begin(6, { type: "redacted_thinking", data: "x" }),
    stop(6),
    { type: "event_of_tomorrow", c: 3 },
    { ...end("tool_use"), context_management: { applied_edits: [] } },
    STOP,
  ]

  test.each([1, 2, 5, 100])("passes as the very same objects, %i at a time", (together) => {
    const { events, notes } = replyTo(whole, together)
    expect(events.length).toBe(whole.length)
    for (const [n, event] of events.entries()) expect(event).toBe(whole[n])
    expect(notes).toEqual([])
  })
})

const hello = [text(0), says(0, "Hello"), stop(0)]
const wholeHello = [START, ...hello, end(), STOP]

describe("damage that is mended", () => {
  const table: readonly (readonly [string, readonly (Written | ItemOf<MessageEvent>)[], readonly object[]])[] = [
    ["a second message_start is dropped", [START, START, ...hello, START, end(), STOP], wholeHello],
    ["numbers that begin at 3 begin at 0", [START, text(3), says(3, "Hello"), stop(3), end(), STOP], wholeHello],
    [
      "a number that is not there is that of the open block",
      [
        START,
        begin(undefined, { type: "text", text: "" }),
        delta(undefined, { type: "text_delta", text: "Hello" }),
        stop(undefined),
        end(),
        STOP,
      ],
      wholeHello,
    ],
    ["a block without an end is ended by the message", [START, text(0), says(0, "Hello"), end(), STOP], wholeHello],
    [
      "a block without an end is ended by the next one",
      [
        START,
        begin(0, { type: "thinking", thinking: "", signature: "" }),
        thinks(0, "hm"),
        text(1),
        says(1, "Hello"),
        stop(1),
        end(),
        STOP,
      ],
      [
        START,
        begin(0, { type: "thinking", thinking: "", signature: "" }),
        thinks(0, "hm"),
        stop(0),
        text(1),
        says(1, "Hello"),
        stop(1),
        end(),
        STOP,
      ],
    ],
    [
      "a delta whose block never began begins one of its kind",
      [START, thinks(0, "hm"), says(1, "Hello"), end(), STOP],
      [
        START,
        begin(0, { type: "thinking", thinking: "", signature: "" }),
        thinks(0, "hm"),
        stop(0),
        begin(1, { type: "text", text: "", citations: null }),
        says(1, "Hello"),
        stop(1),
        end(),
        STOP,
      ],
    ],
    [
      "thinking inside a text is a block of its own",
      [START, text(0), thinks(0, "hm"), says(0, "Hello"), stop(0), end(), STOP],
      [
        START,
        text(0),
        stop(0),
        begin(1, { type: "thinking", thinking: "", signature: "" }),
        thinks(1, "hm"),
        stop(1),
        begin(2, { type: "text", text: "", citations: null }),
        says(2, "Hello"),
        stop(2),
        end(),
        STOP,
      ],
    ],
    [
      "calls side by side come one after the other",
      [
        START,
        call(0),
        call(1),
        json(0, '{"a":'),
        json(1, "{}"),
        call(2),
        json(2, "{}"),
        json(0, "1}"),
        stop(1),
        stop(0),
        stop(2),
        end(),
        STOP,
      ],
      [
        START,
        call(0),
        json(0, '{"a":'),
        json(0, "1}"),
        stop(0),
        call(1),
        json(1, "{}"),
        stop(1),
        call(2),
        json(2, "{}"),
        stop(2),
        end(),
        STOP,
      ],
    ],
    [
      "what waits behind a call goes on by itself once it has begun",
      [START, call(0), text(1), says(1, "Hel"), stop(0), says(1, "lo"), stop(1), end(), STOP],
      [START, call(0), stop(0), text(1), says(1, "Hel"), says(1, "lo"), stop(1), end(), STOP],
    ],
    [
      "blocks come in the order in which they began, whether or not they end",
      [
        START,
        call(0),
        text(1),
        says(1, "b"),
        call(2),
        json(2, "{}"),
        stop(0),
        text(3),
        says(3, "d"),
        stop(3),
        stop(2),
        end(),
        STOP,
      ],
      [
        START,
        call(0),
        stop(0),
        text(1),
        says(1, "b"),
        stop(1),
        call(2),
        json(2, "{}"),
        stop(2),
        text(3),
        says(3, "d"),
        stop(3),
        end(),
        STOP,
      ],
    ],
    [
      "calls without ends are ended by the message, in order",
      [START, call(0), json(0, "{}"), call(1), json(1, "{}"), end("tool_use"), STOP],
      [START, call(0), json(0, "{}"), stop(0), call(1), json(1, "{}"), stop(1), end("tool_use"), STOP],
    ],
    [
      "input that stands in a call's start is told in a delta",
      [
        START,
        begin(0, { type: "tool_use", id: "toolu_0", name: "f", input: { a: 1 } }),
        stop(0),
        end("tool_use"),
        STOP,
      ],
      [START, call(0), json(0, '{"a":1}'), stop(0), end("tool_use"), STOP],
    ],
    [
      "input that stands in a call's start and comes in deltas is told once",
      [
        START,
        begin(0, { type: "tool_use", id: "toolu_0", name: "f", input: { a: 1 } }),
        json(0, ""),
        json(0, '{"a":1}'),
        stop(0),
        end("tool_use"),
        STOP,
      ],
      [START, call(0), json(0, ""), json(0, '{"a":1}'), stop(0), end("tool_use"), STOP],
    ],
    [
      "input that is a text is JSON already",
      [
        START,
        begin(0, { type: "tool_use", id: "toolu_0", name: "f", input: '{"a":1}' }),
        stop(0),
        end("tool_use"),
        STOP,
      ],
      [START, call(0), json(0, '{"a":1}'), stop(0), end("tool_use"), STOP],
    ],
    [
      "a call without an id gets one",
      [START, begin(0, { type: "tool_use", name: "f" }), stop(0), end("tool_use"), STOP],
      [START, begin(0, { type: "tool_use", id: "toolu_1", name: "f", input: {} }), stop(0), end("tool_use"), STOP],
    ],
    [
      "words and a signature that stand in a start are told in deltas, the signature last",
      [
        START,
        begin(0, { type: "thinking", thinking: "h", signature: "sig" }),
        thinks(0, "m"),
        stop(0),
        begin(1, { type: "text", text: "Hel" }),
        says(1, "lo"),
        stop(1),
        end(),
        STOP,
      ],
      [
        START,
        begin(0, { type: "thinking", thinking: "", signature: "" }),
        thinks(0, "h"),
        thinks(0, "m"),
        delta(0, { type: "signature_delta", signature: "sig" }),
        stop(0),
        text(1),
        says(1, "Hel"),
        says(1, "lo"),
        stop(1),
        end(),
        STOP,
      ],
    ],
    [
      "a block of text or thinking that lacks its text is not undefined to anybody",
      [
        START,
        begin(0, { type: "thinking" }),
        thinks(0, "hm"),
        stop(0),
        begin(1, { type: "text" }),
        says(1, "Hello"),
        stop(1),
        end(),
        STOP,
      ],
      [
        START,
        begin(0, { type: "thinking", thinking: "", signature: "" }),
        thinks(0, "hm"),
        stop(0),
        text(1),
        says(1, "Hello"),
        stop(1),
        end(),
        STOP,
      ],
    ],
    [
      "a text that is null is dropped",
      [START, text(0), delta(0, { type: "text_delta", text: null }), says(0, "Hello"), stop(0), end(), STOP],
      wholeHello,
    ],
    ["an end of nothing is dropped", [START, stop(0), ...hello, stop(0), stop(7), end(), STOP], wholeHello],
    [
      "several message_delta are one, the last values win and null says nothing",
      [
        START,
        ...hello,
        { type: "message_delta", delta: { stop_reason: null }, usage: { input_tokens: 9, output_tokens: 3 } },
        {
          type: "message_delta",
          delta: { stop_reason: "max_tokens", stop_sequence: null },
          usage: { input_tokens: null, output_tokens: 7 },
        },
        STOP,
      ],
      [
        START,
        ...hello,
        {
          type: "message_delta",
          delta: { stop_reason: "max_tokens", stop_sequence: null },
          usage: { input_tokens: 9, output_tokens: 7 },
        },
        STOP,
      ],
    ],
    ["blocks behind a message_delta come ahead of it", [START, end(), ...hello, STOP], wholeHello],
    [
      "counts that message_delta lacks are those of the start",
      [START, ...hello, { type: "message_delta", delta: { stop_reason: "end_turn" } }, STOP],
      [
        START,
        ...hello,
        {
          type: "message_delta",
          delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
          usage: { output_tokens: 1 },
        },
        STOP,
      ],
    ],
    ["a message_stop that does not come is added behind a reason to stop", [START, ...hello, end()], wholeHello],
    ["[DONE] is an end like any other", [START, ...hello, end(), DONE], wholeHello],
    [
      "a connection that breaks behind a reason to stop has told all",
      [START, ...hello, end(), new Failure(new ProxyError(502, "cut"))],
      wholeHello,
    ],
    [
      "a message that is over without a reason stopped by itself",
      [START, call(0), stop(0), STOP],
      [
        START,
        call(0),
        stop(0),
        {
          type: "message_delta",
          delta: { stop_reason: "tool_use", stop_sequence: null, stop_details: null, container: null },
          usage: { output_tokens: 1 },
        },
        STOP,
      ],
    ],
    [
      "an unknown event waits for message_start",
      [{ type: "shiny", a: 1 }, START, ...hello, end(), STOP],
      [START, { type: "shiny", a: 1 }, ...hello, end(), STOP],
    ],
    [
      "an event whose name would break the frame is dropped",
      [START, { type: "a\n\nevent: b" }, ...hello, end(), STOP],
      wholeHello,
    ],
    [
      "content that stands in message_start is told in blocks",
      [
        { ...START, message: { ...START.message, content: [{ type: "text", text: "Hel" }] } },
        text(0),
        says(0, "lo"),
        stop(0),
        end(),
        STOP,
      ],
      [START, text(0), says(0, "Hel"), stop(0), text(1), says(1, "lo"), stop(1), end(), STOP].map((event) =>
        event === START ? { ...START, message: expect.objectContaining({ id: "msg_1", content: [] }) } : event,
      ),
    ],
  ]
  test.each(table)("%s", (_what, sent, told) => {
    expect(replyTo(sent).events).toEqual(told)
    expect(replyTo(sent, 100).events).toEqual(told)
  })

  test("a message that does not say who it is is filled in", () => {
    const start = {
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
        input_tokens: 0,
        output_tokens: 0,
        cache_creation_input_tokens: null,
        cache_read_input_tokens: null,
        cache_creation: null,
        output_tokens_details: null,
        server_tool_use: null,
        service_tier: null,
        inference_geo: null,
        speed: null,
      },
    }
    for (const sent of [[], [{ type: "message_start" }], [{ type: "message_start", message: null }]]) {
      const { events } = replyTo([...sent, ...hello, end(), STOP])
      expect(events).toEqual([{ type: "message_start", message: start }, ...hello, end(), STOP])
    }
    const { events } = replyTo([
      { type: "message_start", message: { model: "m", usage: { input_tokens: 5 }, x: 1 } },
      ...hello,
      end(),
      STOP,
    ])
    expect(events[0]).toEqual({
      type: "message_start",
      message: { ...start, model: "m", x: 1, usage: { ...start.usage, input_tokens: 5 } },
    })
  })

  test.each([undefined, "", "end_turn"])("a start has no stop reason yet, whatever it says (%j)", (stop_reason) => {
    const { events } = replyTo([{ type: "message_start", message: { ...START.message, stop_reason } }, ...hello])
    expect(events[0]).toMatchObject({ message: { ...START.message, stop_reason: null } })
    expect(events.at(-1)).toMatchObject({ type: "error" })
  })
})

describe("failures", () => {
  const overloaded = new Failure(
    new ProxyError(529, "Overloaded", { type: "overloaded_error", details: { error_code: "x" } }),
  )
  const told = {
    type: "error",
    error: { type: "overloaded_error", message: "Overloaded", details: { error_code: "x" } },
  }

  test("are told with their details, and nothing behind them", () => {
    expect(replyTo([START, text(0), overloaded, says(0, "a"), end(), STOP]).events).toEqual([START, text(0), told])
    expect(replyTo([overloaded]).events).toEqual([told])
  })

  test.each<[string, readonly (Written | ItemOf<MessageEvent>)[], readonly object[]]>([
    ["nothing at all", [], []],
    ["a message without an end", [START, text(0), says(0, "Hel")], [START, text(0), says(0, "Hel")]],
    ["a message_delta that knows no reason", [START, ...hello, end(null)], [START, ...hello]],
    ["[DONE] in mid-message", [START, text(0), DONE], [START, text(0)]],
    [
      "a call that is cut off, with others waiting behind it",
      [START, call(0), call(1), json(0, "{")],
      [START, call(0), json(0, "{")],
    ],
  ])("%s is never an end_turn", (_what, sent, before) => {
    expect(replyTo(sent).events).toEqual([...before, CLOSED])
  })
})

test("what is dropped is told in a note", () => {
  const { notes } = replyTo([START, START, json(0, "{}"), begin(0, { text: "a" }), delta(0, { a: 1 }), end(), STOP])
  expect(notes).toEqual([
    "a second message_start was dropped",
    "a delta of a block that never began was dropped",
    "a block of no kind was dropped",
    "a delta of no kind was dropped",
  ])
})

test("ten thousand calls side by side are told one after the other", () => {
  const n = 10_000
  const sent = [
    START,
    ...Array.from({ length: n }, (_, at) => call(at)),
    ...Array.from({ length: n }, (_, at) => stop(at)),
    end(),
    STOP,
  ]
  const numbers = replyTo(sent, 1000).events.flatMap((event) => ("index" in event ? event.index : []))
  expect(numbers).toEqual(Array.from({ length: 2 * n }, (_, at) => at >> 1))
})

test.each<[string, object, object, readonly number[]]>([
  ["told at the start", { input_tokens: 40, cache_read_input_tokens: 50, cache_creation_input_tokens: 10, output_tokens: 1 }, {}, [100]],
  ["told at the end", { input_tokens: 0, output_tokens: 0 }, { input_tokens: 70, cache_read_input_tokens: 20 }, [90]],
  ["corrected at the end", { input_tokens: 40, cache_read_input_tokens: 5, output_tokens: 1 }, { input_tokens: 60 }, [65]],
  ["told nowhere", { output_tokens: 0 }, {}, []],
])("the prompt's tokens, %s, are learned from once", (_, first, last, wanted) => {
  const start = { ...START, message: { ...(START as { message: object }).message, usage: first } }
  const stopped = { ...end(), usage: { output_tokens: 7, ...last } }
  expect(replyTo([start, stopped, STOP]).counted).toEqual(wanted)
})
