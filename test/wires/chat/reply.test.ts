/** How a reply ends, fails and is cut, and what the client's request makes of it. */
import { describe, expect, test } from "vitest"
import type { WireChunk } from "../../../src/wires/failure.ts"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { call, chunk, DONE, failure, finish, outline, replyTo } from "./_reply.ts"

const USAGE = { prompt_tokens: 10, completion_tokens: 5 }
const tools = [{ name: "f", input_schema: { type: "object" } }]

describe("the end", () => {
  test("a connection that closes in the middle of an answer is an error and no end_turn (litellm#41826)", () => {
    const reply = replyTo([chunk("Hello")])
    expect(outline(reply)).toEqual([
      "text Hello",
      'api_error: backend "b" closed the connection before its answer was complete',
    ])
    expect(reply.events.map(({ type }) => type)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "error",
    ])
  })

  test("a connection that closes before anything has come is an error alone", () => {
    expect(replyTo([]).events).toEqual([
      {
        type: "error",
        error: { type: "api_error", message: 'backend "b" closed the connection before its answer was complete' },
      },
    ])
  })

  test("a connection that closes after finish_reason has lost nothing", () => {
    expect(outline(replyTo([chunk("Hello"), finish()]))).toEqual(["text Hello", "end_turn"])
  })

  test("[DONE] without finish_reason is an end", () => {
    expect(outline(replyTo([chunk("Hello"), DONE]))).toEqual(["text Hello", "end_turn"])
  })

  test("[DONE] twice and data after it are ignored", () => {
    const reply = replyTo([chunk("Hello"), finish(), DONE, chunk(" again"), finish(), DONE, failure(500, "late")])
    expect(outline(reply)).toEqual(["text Hello", "end_turn"])
    expect(checkGrammar(reply.events)).toEqual([])
  })

  test("finish_reason does not end a reply: the usage comes behind it", () => {
    const { lists } = replyTo([chunk("Hello"), finish(), { choices: [], usage: USAGE }, DONE])
    expect(lists.map((list) => list.map(({ type }) => type))).toEqual([
      ["message_start", "content_block_start", "content_block_delta"],
      [],
      [],
      ["content_block_stop", "message_delta", "message_stop"],
      [],
    ])
  })

  test("a second finish_reason does not take `tool_calls` back", () => {
    const reply = replyTo([call(0, "a", "f", "{}"), finish("tool_calls"), finish("length"), DONE], {
      request: { tools },
    })
    expect(outline(reply)).toEqual(["f {}", "tool_use"])
  })

  test("an unknown finish_reason is a plain end", () => {
    expect(outline(replyTo([chunk("Hello"), finish("eos"), DONE]))).toEqual(["text Hello", "end_turn"])
  })
})

describe("failures", () => {
  test("an error as the first chunk is an error alone", () => {
    expect(replyTo([failure(429, "slow down"), chunk("x")]).events).toEqual([
      { type: "error", error: { type: "rate_limit_error", message: "slow down" } },
    ])
  })

  test("an error after text has come ends the reply without a stop (envoy#2698)", () => {
    expect(outline(replyTo([chunk("Hel"), failure(529, "busy"), chunk("lo"), finish(), DONE]))).toEqual([
      "text Hel",
      "overloaded_error: busy",
    ])
  })

  test("an error after the answer was declared complete changes nothing", () => {
    expect(outline(replyTo([chunk("Hello"), finish(), failure(502, "reset")]))).toEqual(["text Hello", "end_turn"])
  })

  test("finish_reason `error` is a failure, however the stream goes on (OpenRouter, Mistral)", () => {
    const words = 'api_error: backend "b" failed in the middle of its answer'
    expect(outline(replyTo([chunk("Hel"), finish("error"), DONE]))).toEqual(["text Hel", words])
    expect(outline(replyTo([chunk("Hel"), finish("error")]))).toEqual(["text Hel", words])
  })

  test("so is `insufficient_system_resource`: the answer was interrupted (DeepSeek)", () => {
    const words = 'api_error: backend "b" failed in the middle of its answer'
    expect(outline(replyTo([chunk("Hel"), finish("insufficient_system_resource"), DONE]))).toEqual(["text Hel", words])
  })

  test("the error behind finish_reason `error` says more", () => {
    expect(outline(replyTo([chunk("Hel"), finish("error"), failure(529, "provider overloaded")]))).toEqual([
      "text Hel",
      "overloaded_error: provider overloaded",
    ])
  })
})

describe("thinking", () => {
  const reasoned: readonly WireChunk[] = [chunk({ reasoning: "Hm." }), chunk("Hello"), finish(), DONE]
  const kinds = (thinking: object | undefined) => outline(replyTo(reasoned, { request: { thinking } as never }))

  test("is shown to a client that asked for it", () => {
    expect(kinds({ type: "adaptive" })).toEqual(["thinking Hm.", "text Hello", "end_turn"])
    expect(kinds({ type: "enabled", budget_tokens: 1024 })).toEqual(["thinking Hm.", "text Hello", "end_turn"])
  })

  test("is hidden from a client that did not", () => {
    expect(kinds(undefined)).toEqual(["text Hello", "end_turn"])
    expect(kinds({ type: "disabled" })).toEqual(["text Hello", "end_turn"])
  })

  test("with display `omitted` is a block without words", () => {
    const { events } = replyTo(reasoned, { request: { thinking: { type: "adaptive", display: "omitted" } } })
    expect(events.slice(1, 4)).toEqual([
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "llm-proxy" } },
      { type: "content_block_stop", index: 0 },
    ])
    expect(checkGrammar(events)).toEqual([])
  })

  test("without any text, then a call: the thinking block is closed before it (ollama#17225)", () => {
    const reply = replyTo([chunk({ reasoning: "Hm." }), call(0, "a", "f", "{}"), finish("tool_calls"), DONE], {
      request: { tools, thinking: { type: "adaptive" } },
    })
    expect(outline(reply)).toEqual(["thinking Hm.", "f {}", "tool_use"])
    expect(checkGrammar(reply.events)).toEqual([])
  })

  test("hidden thinking still counts when tokens are guessed", () => {
    const { events } = replyTo([chunk({ reasoning: "12345678" }), chunk("1234"), finish(), DONE])
    expect(events.find(({ type }) => type === "message_delta")).toMatchObject({ usage: { output_tokens: 3 } })
  })
})

describe("several choices", () => {
  test("text in one and calls in another belong together (copilot-api 075ed78)", () => {
    const reply = replyTo([
      {
        choices: [
          { index: 0, delta: { content: "Looking." }, finish_reason: "tool_calls" },
          {
            index: 1,
            delta: { tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{}" } }] },
            finish_reason: "stop",
          },
        ],
      },
      DONE,
    ])
    expect(outline(reply)).toEqual(["text Looking.", "f {}", "tool_use"])
  })

  test("calls of the same number in two choices are two", () => {
    const one = (index: number, args: string) => ({
      index,
      delta: { tool_calls: [{ index: 0, function: { name: "f", arguments: args } }] },
    })
    expect(
      outline(
        replyTo([{ choices: [one(0, '{"a":'), one(1, '{"b":')] }, { choices: [one(0, "1}"), one(1, "2}")] }, DONE]),
      ),
    ).toEqual(['f {"a":1}', 'f {"b":2}', "tool_use"])
  })
})
