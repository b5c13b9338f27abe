/** What becomes of tool calls in a reply: when they are given, under which id, and when they are not. */
import { describe, expect, test } from "vitest"
import { toChunk } from "../../../src/wires/chat/decode.ts"
import type { ChatChunk, ChatCompletion } from "../../../src/wires/chat/types.ts"
import type { WireChunk } from "../../../src/wires/failure.ts"
import { fitName } from "../../../src/wires/request/names.ts"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { callsOf } from "./_calls.ts"
import { call, chunk, DONE, failure, finish, outline, replyTo } from "./_reply.ts"

const tool = (name: string, more: object = {}) => ({ name, input_schema: { type: "object" }, ...more })

test("tokens of gpt-oss behind a name are no part of it (vllm#32587)", () => {
  const long = `mcp__server__${"a".repeat(60)}`
  const names = ["f<|channel|>commentary", `${fitName(long, 64)}<|constrain|>json`, "<|channel|>f"]
  const { events } = replyTo([...names.map((name, n) => call(n, `c${n}`, name, "{}")), finish(), DONE], {
    request: { tools: [tool("f"), tool(long)] },
  })
  expect(callsOf(events).map(({ name }) => name)).toEqual(["f", long, "<|channel|>f"])
})

describe("ids", () => {
  test("that come twice in one answer are told apart", () => {
    const { events } = replyTo([call(0, "call_0", "f", '{"a":1}'), call(1, "call_0", "g", '{"b":2}'), finish(), DONE])
    expect(callsOf(events)).toEqual([
      { id: "call_0", name: "f", json: '{"a":1}' },
      { id: "toolu_1", name: "g", json: '{"b":2}' },
    ])
  })

  test("that come twice, at the same index too, are told apart by the names", () => {
    const { events } = replyTo([call(0, "call_0", "f", '{"a":1}'), call(0, "call_0", "g", '{"b":2}'), finish(), DONE])
    expect(callsOf(events)).toEqual([
      { id: "call_0", name: "f", json: '{"a":1}' },
      { id: "toolu_1", name: "g", json: '{"b":2}' },
    ])
  })

  test("that an earlier turn has used already are made anew", () => {
    const messages = [
      { role: "user", content: "hi" },
      { role: "assistant", content: [{ type: "tool_use", id: "call_0", name: "f", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "call_0" }] },
    ] as const
    const { events } = replyTo([call(0, "call_0", "f", "{}"), call(1, "call_1", "f", "{}"), finish(), DONE], {
      request: { messages },
    })
    expect(callsOf(events).map(({ id }) => id)).toEqual(["toolu_1", "call_1"])
  })
})

describe("a whole answer", () => {
  const whole = (...calls: readonly object[]) =>
    toChunk({
      choices: [{ message: { content: null, tool_calls: calls }, finish_reason: "tool_calls" }],
    } as ChatCompletion) as ChatChunk

  test("has as many calls as entries, though they share index and id", () => {
    const same = { index: 0, id: "call_0", type: "function" }
    const { events } = replyTo([
      whole(
        { ...same, function: { name: "f", arguments: '{"a":1}' } },
        { ...same, function: { name: "f", arguments: '{"a":1}' } },
      ),
      DONE,
    ])
    expect(callsOf(events)).toEqual([
      { id: "call_0", name: "f", json: '{"a":1}' },
      { id: "toolu_1", name: "f", json: '{"a":1}' },
    ])
  })

  test("has as many calls as entries, though they have neither ids nor arguments", () => {
    const { events } = replyTo([whole({ function: { name: "f", arguments: "" } }, { function: { name: "f" } }), DONE])
    expect(callsOf(events)).toEqual([
      { id: "toolu_1", name: "f", json: "{}" },
      { id: "toolu_2", name: "f", json: "{}" },
    ])
  })
})

describe("a call that is not complete", () => {
  test("is dropped when max_tokens cut it, and noted", () => {
    const { notes, events } = replyTo([call(0, "a", "f", '{"path":"/a","n":1'), finish("length"), DONE])
    expect(outline({ events, notes, lists: [] })).toEqual(["max_tokens"])
    expect(notes[0]).toBe("a call of f, incomplete at the end, was dropped")
  })

  test("is not given when the connection closes", () => {
    expect(outline(replyTo([call(0, "a", "f", '{"path":"/a"')]))).toEqual([
      'api_error: backend "b" closed the connection before its answer was complete',
    ])
  })

  test("is not given when the backend fails", () => {
    expect(outline(replyTo([call(0, "a", "f", '{"path":"/a"'), failure(529, "busy")]))).toEqual([
      "overloaded_error: busy",
    ])
  })

  test("is given as what it is when the backend says that it is done", () => {
    expect(outline(replyTo([call(0, "a", "f", '{"a": oops'), finish("tool_calls"), DONE]))).toEqual([
      String.raw`f {"_raw":"{\"a\": oops"}`,
      "tool_use",
    ])
  })

  test("that is a no-argument tool's is complete, unless max_tokens cut it", () => {
    expect(outline(replyTo([call(0, "a", "f", ""), finish("tool_calls"), DONE]))).toEqual(["f {}", "tool_use"])
    expect(outline(replyTo([call(0, "a", "f", ""), finish("length"), DONE]))).toEqual(["max_tokens"])
  })
})

describe("a call is given", () => {
  test("once the next begins, not when its arguments merely look complete", () => {
    const { lists } = replyTo([
      call(0, "a", "f", "{}"),
      call(0, "a", "f", '{"a":1}'),
      call(1, "b", "g", "{}"),
      finish(),
      DONE,
    ])
    expect(lists.map(callsOf)).toEqual([
      [],
      [],
      [],
      [],
      [
        { id: "a", name: "f", json: '{"a":1}' },
        { id: "b", name: "g", json: "{}" },
      ],
      [],
    ])
  })

  test("once text follows it (a new block, behind it)", () => {
    const { lists, events } = replyTo([call(0, "a", "f", '{"a":1}'), chunk("Done."), finish(), DONE])
    expect(lists.map(callsOf)).toEqual([[], [{ id: "a", name: "f", json: '{"a":1}' }], [], [], []])
    expect(checkGrammar(events)).toEqual([])
  })
})

describe("a second call where the client forbids it and the backend cannot be told", () => {
  const request = { tool_choice: { type: "auto", disable_parallel_tool_use: true } as const }
  const two: readonly WireChunk[] = [call(0, "a", "f", "{}"), call(1, "b", "g", "{}"), finish("tool_calls"), DONE]

  test("is dropped and noted", () => {
    const reply = replyTo(two, { request, flags: { parallel_tool_calls: false } })
    expect(outline(reply)).toEqual(["f {}", "tool_use"])
    expect(reply.notes[0]).toBe(
      "a second tool call was dropped: the client forbids parallel calls and the backend cannot be told so",
    )
  })

  test("is dropped though its tool wants its arguments as they come", () => {
    const eager = { ...request, tools: [tool("f"), tool("g", { eager_input_streaming: true })] }
    expect(outline(replyTo(two, { request: eager, flags: { parallel_tool_calls: false } }))).toEqual([
      "f {}",
      "tool_use",
    ])
  })

  test("is given where the backend was told", () => {
    expect(outline(replyTo(two, { request }))).toEqual(["f {}", "g {}", "tool_use"])
  })
})
