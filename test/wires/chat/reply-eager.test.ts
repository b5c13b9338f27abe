/** Arguments that a client wants as they come, and the grammar all replies keep. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { fitName } from "../../../src/wires/request/names.ts"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { callsOf } from "./_calls.ts"
import { call, chunk, DONE, failure, finish, outline, replyTo } from "./_reply.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

const tool = (name: string, more: object = {}) => ({ name, input_schema: { type: "object" }, ...more })

describe("eager_input_streaming", () => {
  const request = { tools: [tool("f", { eager_input_streaming: true }), tool("g")] }

  test("is for streams: who does not stream gets each call whole, checked like any other", () => {
    const { events } = replyTo([call(0, "a", "f", '{"a":'), call(0, "a", "", '"b'), finish("length"), DONE], {
      request: { ...request, stream: false },
    })
    expect(callsOf(events)).toEqual([])
  })

  test("gives arguments as they come", () => {
    const { lists } = replyTo(
      [call(0, "a", "f", ""), call(0, "a", "", '{"te'), call(0, "a", "", 'xt":"x"}'), finish("tool_calls"), DONE],
      { request },
    )
    const deltas = lists.map((list) =>
      list.flatMap((event) => (event.type === "content_block_delta" ? [event.delta] : [])),
    )
    expect(deltas).toEqual([
      [],
      [{ type: "input_json_delta", partial_json: '{"te' }],
      [{ type: "input_json_delta", partial_json: 'xt":"x"}' }],
      [],
      [],
      [],
    ])
  })

  test("holds text and thinking that come in between until the call is complete", () => {
    const reply = replyTo(
      [
        call(0, "a", "f", '{"a":'),
        chunk({ reasoning: "Hm." }),
        chunk("Wait. "),
        chunk("Now."),
        call(0, "a", "", "1}"),
        finish(),
        DONE,
      ],
      { request: { ...request, thinking: { type: "adaptive" } } },
    )
    expect(outline(reply)).toEqual(['f {"a":1}', "thinking Hm.", "text Wait. Now.", "tool_use"])
    expect(checkGrammar(reply.events)).toEqual([])
  })

  test("leaves other tools' calls whole, behind it", () => {
    const reply = replyTo(
      [call(0, "a", "f", '{"a":'), call(1, "b", "g", '{"b":2}'), call(0, "a", "", "1}"), finish(), DONE],
      { request },
    )
    expect(outline(reply)).toEqual(['f {"a":1}', 'g {"b":2}', "tool_use"])
    expect(checkGrammar(reply.events)).toEqual([])
  })

  test("finds the tool by its own name, not by the one the backend was given", () => {
    const long = `mcp__${"x".repeat(80)}`
    const request = { tools: [tool(long, { eager_input_streaming: true })] }
    const { lists } = replyTo([call(0, "a", fitName(long, 64), '{"a":'), call(0, "a", "", "1}"), finish(), DONE], {
      request,
    })
    expect(lists.map(callsOf)[0]).toEqual([{ id: "a", name: long, json: '{"a":' }])
  })
})

test(`the grammar holds whatever a backend sends (seed ${SEED})`, () => {
  const text = fc.constantFrom("", "a", "ST", "OP", "STOP")
  const delta = fc.record(
    {
      content: fc.oneof(
        text,
        fc.constant(null),
        fc.array(fc.record({ type: fc.constantFrom("text", "thinking"), text, thinking: text })),
      ),
      reasoning: text,
      refusal: fc.constantFrom("", "no"),
      tool_calls: fc.array(
        fc.record(
          {
            index: fc.constantFrom(0, 1, 2, null),
            id: fc.constantFrom("", "a", "b", null),
            function: fc.record(
              {
                name: fc.constantFrom("", "f", "g"),
                arguments: fc.constantFrom("", "{", '"a":1', "}", "{}", null, { a: 1 }),
              },
              { requiredKeys: [] },
            ),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  )
  const item = fc.oneof(
    { weight: 12, arbitrary: delta.map((some) => chunk(some as never)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("", "stop", "length", "tool_calls", "content_filter", "error").map(finish),
    },
    { weight: 1, arbitrary: fc.constantFrom(DONE, failure(502, "x"), {}, { choices: null }, { choices: [{}] }) },
  )
  const setting = fc.record({
    stop_sequences: fc.constantFrom([], ["STOP"]),
    thinking: fc.constantFrom({ type: "adaptive" } as const, null),
    tools: fc.constantFrom([], [tool("f", { eager_input_streaming: true }), tool("g")]),
    tool_choice: fc.constantFrom(null, { type: "auto", disable_parallel_tool_use: true } as const),
  })
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), setting, (chunks, request) => {
      const { events } = replyTo(chunks, { request, flags: { parallel_tool_calls: false } })
      expect(checkGrammar(events)).toEqual([])
    }),
    { seed: SEED, numRuns: 3000 },
  )
})
