/** A changed request as text: what is the same in it keeps its bytes. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { MessageRequest } from "../../../src/anthropic/types.ts"
import { toSplicedText } from "../../../src/wires/anthropic/splice.ts"

interface Fields {
  readonly [name: string]: unknown
  readonly o: object
  readonly l: readonly object[]
}

/** The text after a change of what it says. */
function spliced(text: string, change: (request: Fields) => object): string {
  const request = JSON.parse(text) as MessageRequest
  return toSplicedText(change(request as unknown as Fields) as MessageRequest, { request, text })
}

describe("what does not change keeps its bytes", () => {
  const table: readonly (readonly [string, string, (request: Fields) => object, string])[] = [
    [
      "nothing changes",
      ' { "a" : 1.0 ,\n "b": [ 1e2, -0 ] }\n',
      (it) => ({ ...it }),
      '{ "a" : 1.0 ,\n "b": [ 1e2, -0 ] }',
    ],
    ["an empty object", "{ }", (it) => ({ ...it }), "{}"],
    ["a field is new", "{}", (it) => ({ ...it, model: "x" }), '{"model":"x"}'],
    [
      "numbers",
      '{"model":"a","n":12345678901234567890,"f":1.0,"e":1E400}',
      (it) => ({ ...it, model: "b" }),
      '{"model":"b","n":12345678901234567890,"f":1.0,"e":1E400}',
    ],
    ["a field is left out", '{"a":1.0, "b":2.0 ,"c":3.0}', ({ b: _b, ...it }) => it, '{"a":1.0,"c":3.0}'],
    ["the first, and the last", '{"a":1.0,"b":2.0,"c":3.0}', ({ a: _a, c: _c, ...it }) => it, '{"b":2.0}'],
    ["a field that is undefined", '{"a":1.0,"b":2.0}', (it) => ({ ...it, a: undefined }), '{"b":2.0}'],
    [
      "escapes in a name",
      '{"\\u006dodel":"a","a\\"\\\\":1.0}',
      (it) => ({ ...it, model: "b" }),
      '{"\\u006dodel":"b","a\\"\\\\":1.0}',
    ],
    [
      "a name that is there twice: the last one counts",
      '{"a":1.0,"model":"x","a":2.0}',
      (it) => ({ ...it, model: "y" }),
      '{"model":"y","a":2.0}',
    ],
    [
      "names of every object's properties",
      '{"__proto__":{"a":1.0},"constructor":2.0,"model":"x"}',
      (it) => ({ ...it, model: "y" }),
      '{"__proto__":{"a":1.0},"constructor":2.0,"model":"y"}',
    ],
    [
      "braces, brackets, quotes and commas in strings",
      '{"a":"}],{[\\"\\\\","b":["{\\"",{"c":"]}"}],"model":"x"}',
      (it) => ({ ...it, model: "y" }),
      '{"a":"}],{[\\"\\\\","b":["{\\"",{"c":"]}"}],"model":"y"}',
    ],
    [
      "inside an object",
      '{"o":{"a": 1.0,"b":2.0},"c":3.0}',
      (it) => ({ ...it, o: { ...it.o, b: 5 } }),
      '{"o":{"a": 1.0,"b":5},"c":3.0}',
    ],
    [
      "inside a list",
      '{"l":[ {"a":1.0}, {"b":2.0} ,{"c":3.0}]}',
      ({ l }) => ({ l: [l[0], { ...l[1], x: 1 }, l[2]] }),
      '{"l":[ {"a":1.0}, {"b":2.0,"x":1} ,{"c":3.0}]}',
    ],
    [
      "an item is left out",
      '{"l":[{"a":1.0},{"b":2.0},{"c":3.0}]}',
      ({ l }) => ({ l: [l[0], l[2]] }),
      '{"l":[{"a":1.0},{"c":3.0}]}',
    ],
    ["all items are left out", '{"l":[{"a":1.0}]}', () => ({ l: [] }), '{"l":[]}'],
    ["an empty list gets an item", '{"l":[ ]}', () => ({ l: [1] }), '{"l":[1]}'],
    [
      "items are put in another order",
      '{"l":[{"a":1.0},{"b":2.0}]}',
      ({ l }) => ({ l: [l[1], l[0]] }),
      '{"l":[{"b":2.0},{"a":1.0}]}',
    ],
    ["an item is put first", '{"l":[{"a":1.0}]}', ({ l }) => ({ l: [{ n: 1 }, ...l] }), '{"l":[{"n":1},{"a":1.0}]}'],
    ["numbers in a list", '{"l":[1.0,2.0,3.0]}', () => ({ l: [1, 5, 3] }), '{"l":[1.0,5,3.0]}'],
    [
      "a value of another kind",
      '{"a":[1.0],"b":{"c":1.0}}',
      () => ({ a: { x: 1 }, b: null }),
      '{"a":{"x":1},"b":null}',
    ],
  ]
  test.each(table)("%s", (_what, text, change, expected) => {
    expect(spliced(text, change)).toBe(expected)
  })
})

test("whatever changes, the text says what the object says", () => {
  // With items that are in both by identity, as a stage that changes something leaves them.
  const value = fc.jsonValue({ maxDepth: 3 })
  const object = fc.dictionary(fc.string(), value, { maxKeys: 4 })
  const before = fc.record({ a: object, list: fc.array(value, { maxLength: 4 }), other: value })
  fc.assert(
    fc.property(before, before, fc.boolean(), fc.integer({ min: 0, max: 2 }), (was, will, shares, indent) => {
      const text = JSON.stringify(was, null, indent)
      const request = JSON.parse(text) as typeof was
      const list = shares ? [...will.list, ...request.list.toReversed()] : will.list
      const body = { ...request, ...will, list, ...(shares && { a: { ...request.a, more: will.a } }) }
      const said = toSplicedText(body as unknown as MessageRequest, {
        request: request as unknown as MessageRequest,
        text,
      })
      expect(JSON.parse(said)).toEqual(JSON.parse(JSON.stringify(body)))
    }),
    { seed: 20261122, numRuns: 1000 },
  )
})
