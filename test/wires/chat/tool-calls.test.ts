/** Streamed tool calls, by the book and as backends send them. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { ChatToolCallDelta } from "../../../src/wires/chat/types.ts"
import { checkGrammar } from "../../../src/testing/grammar.ts"
import { callChunks, callsOf, type Call } from "./_calls.ts"
import { expected, stream, streams } from "./_call-styles.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

function calls(...deltas: readonly (readonly ChatToolCallDelta[])[]): readonly Call[] {
  return callsOf(callChunks(deltas))
}

test(`calls come out as they were meant, however they are streamed (seed ${SEED})`, () => {
  fc.assert(
    fc.property(streams, (given) => {
      const events = callChunks(stream(given))
      expect(checkGrammar(events)).toEqual([])
      expect(callsOf(events)).toEqual(expected(given))
    }),
    { seed: SEED, numRuns: 3000 },
  )
})

const paris: Call = { id: "a", name: "f", json: '{"city":"Paris"}' }
const rome: Call = { id: "b", name: "g", json: '{"city":"Rome"}' }

describe("by the book", () => {
  test("the first delta has id and name, arguments follow in pieces", () => {
    expect(
      calls(
        [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }],
        [{ index: 0, function: { arguments: '{"city":' } }],
        [{ index: 0, function: { arguments: '"Paris"}' } }],
      ),
    ).toEqual([paris])
  })

  test("arguments of parallel calls that interleave become one call after the other (litellm#15307)", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "f", arguments: '{"city":' } }],
        [{ index: 1, id: "b", function: { name: "g", arguments: '{"city":' } }],
        [{ index: 0, function: { arguments: '"Paris"}' } }],
        [{ index: 1, function: { arguments: '"Rome"}' } }],
      ),
    ).toEqual([paris, rome])
  })

  test("a call keeps its place though a later one is complete before it", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "f", arguments: '{"city":' } }],
        [{ index: 1, id: "b", function: { name: "g", arguments: rome.json } }],
        [{ index: 0, function: { arguments: '"Paris"}' } }],
      ),
    ).toEqual([paris, rome])
  })
})

describe("indices", () => {
  test("every call at index 0 (ollama#15457)", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "f", arguments: paris.json } }],
        [{ index: 0, id: "b", function: { name: "g", arguments: rome.json } }],
      ),
    ).toEqual([paris, rome])
  })

  test("no index (ollama#7881, openai-python#2806)", () => {
    expect(
      calls(
        [{ id: "a", function: { name: "f", arguments: '{"city":' } }],
        [{ function: { arguments: '"Paris"}' } }],
        [{ id: "b", function: { name: "g", arguments: rome.json } }],
      ),
    ).toEqual([paris, rome])
  })

  test("no index and no ids: a name after complete arguments begins the next call", () => {
    expect(
      calls([{ function: { name: "f", arguments: paris.json } }], [{ function: { name: "g", arguments: rome.json } }]),
    ).toEqual([
      { ...paris, id: "toolu_1" },
      { ...rome, id: "toolu_2" },
    ])
  })

  test("two entries of one index in one chunk, the second without id, are one call", () => {
    expect(
      calls([
        { index: 0, id: "a", function: { name: "f", arguments: '{"city":' } },
        { index: 0, function: { arguments: '"Paris"}' } },
      ]),
    ).toEqual([paris])
  })

  test("the head at index 0 and the tail at index 1", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "f", arguments: "" } }],
        [{ index: 1, function: { arguments: paris.json } }],
      ),
    ).toEqual([paris])
  })

  test("indices that begin at 1 and leave gaps", () => {
    expect(
      calls(
        [{ index: 1, id: "a", function: { name: "f", arguments: paris.json } }],
        [{ index: 3, id: "b", function: { name: "g", arguments: rome.json } }],
      ),
    ).toEqual([paris, rome])
  })
})

describe("ids and names", () => {
  test("an id on every delta", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "f", arguments: '{"city":' } }],
        [{ index: 0, id: "a", function: { arguments: '"Paris"}' } }],
      ),
    ).toEqual([paris])
  })

  test("an id that comes later", () => {
    expect(
      calls(
        [{ index: 0, function: { name: "f", arguments: '{"city":' } }],
        [{ index: 0, id: "a", function: { arguments: '"Paris"}' } }],
      ),
    ).toEqual([paris])
  })

  test("null and empty ids are no ids", () => {
    expect(
      calls(
        [{ index: 0, id: null, function: { name: "f", arguments: '{"city":' } }],
        [{ index: 0, id: "", function: { name: "", arguments: '"Paris"}' } }],
      ),
    ).toEqual([{ ...paris, id: "toolu_1" }])
  })

  test("a name on every delta is not put together with itself (open-webui#22235)", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "f", arguments: '{"city":' } }],
        [{ index: 0, function: { name: "f", arguments: '"Paris"}' } }],
      ),
    ).toEqual([paris])
  })

  test("a name in fragments", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "get_", arguments: "" } }],
        [{ index: 0, function: { name: "weather" } }],
        [{ index: 0, function: { arguments: paris.json } }],
      ),
    ).toEqual([{ ...paris, name: "get_weather" }])
  })

  test("a name that changes once arguments have begun is the first one", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { name: "f", arguments: '{"city":' } }],
        [{ index: 0, function: { name: "get", arguments: '"Paris"}' } }],
      ),
    ).toEqual([paris])
  })

  test("a name that comes after the arguments", () => {
    expect(
      calls([{ index: 0, id: "a", function: { arguments: paris.json } }], [{ index: 0, function: { name: "f" } }]),
    ).toEqual([paris])
  })

  test("a call waits for its name though the next has begun", () => {
    expect(
      calls(
        [{ index: 0, id: "a", function: { arguments: paris.json } }],
        [{ index: 1, id: "b", function: { name: "g", arguments: rome.json } }],
        [{ index: 0, function: { name: "f" } }],
      ),
    ).toEqual([paris, rome])
  })

  test("a call that never gets a name is dropped", () => {
    expect(calls([{ index: 0, id: "a", function: { arguments: paris.json } }])).toEqual([])
  })
})

test("the deprecated single `function_call` is a call too", () => {
  expect(
    callsOf(
      callChunks(
        [],
        [
          { choices: [{ delta: { function_call: { name: "f", arguments: '{"city":' } } }] },
          { choices: [{ delta: { function_call: { arguments: '"Paris"}' } } }] },
          { choices: [{ delta: {}, finish_reason: "function_call" }] },
        ],
      ),
    ),
  ).toEqual([{ ...paris, id: "toolu_1" }])
})
