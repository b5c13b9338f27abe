/** Arguments of tool calls in all the forms they come in. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { toInput } from "../../../src/wires/reply/call-arguments.ts"
import { callChunks, callsOf } from "./_calls.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

describe("arguments", () => {
  const table: readonly (readonly [string, readonly unknown[], string])[] = [
    ["an object instead of a text", [{ city: "Paris" }], '{"city":"Paris"}'],
    ["none at all", [undefined], "{}"],
    ["null", [null], "{}"],
    ["an empty text", [""], "{}"],
    ["blanks", [" \n"], "{}"],
    ["the text `null`", ["null"], "{}"],
    ["the same object twice (async-openai#329)", ['{"a":1}', '{"a":1}'], '{"a":1}'],
    ["an empty object, then the real one", ["{}", '{"a":1}'], '{"a":1}'],
    ["an empty object twice", ["{}", "{}"], "{}"],
    ["JSON inside a JSON text", [JSON.stringify('{"a":1}')], '{"a":1}'],
    ["a text that is no JSON", [JSON.stringify("Paris")], '{"value":"Paris"}'],
    ["a list", ["[1,", "2]"], '{"value":[1,2]}'],
    ["a number", ["42"], '{"value":42}'],
    ["broken JSON", ['{"a": oops}'], String.raw`{"_raw":"{\"a\": oops}"}`],
    ["two different objects", ['{"a":1}', '{"b":2}'], String.raw`{"_raw":"{\"a\":1}{\"b\":2}"}`],
    [
      "an object cut off, though the backend says it is done",
      ['{"path":"/a","n":1'],
      String.raw`{"_raw":"{\"path\":\"/a\",\"n\":1"}`,
    ],
    ["spaces and the order of keys (ollama ac83ac20c)", ['{ "b": 1,', ' "a" : 2 }'], '{ "b": 1, "a" : 2 }'],
    ["an escape cut in two", ['{"e":"\\ud83d', '\\ude00"}'], '{"e":"\\ud83d\\ude00"}'],
    ["a pair of surrogates cut in two", ['{"e":"\ud83d', '\ude00"}'], '{"e":"😀"}'],
  ]
  test.each(table)("%s", (_what, pieces, json) => {
    const [first, ...rest] = pieces
    const events = callChunks([
      [{ index: 0, id: "a", function: { name: "f", arguments: first } }],
      ...rest.map((piece) => [{ index: 0, function: { arguments: piece } }]),
    ])
    expect(callsOf(events)).toEqual([{ id: "a", name: "f", json }])
  })

  test("what a client gets is always the JSON text of an object", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const value: unknown = JSON.parse(toInput(text))
        expect(typeof value === "object" && value !== null && !Array.isArray(value)).toBe(true)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})
