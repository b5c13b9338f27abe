/** Whether a call's arguments are complete, asked after each piece of them. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { PendingCall } from "../../../src/wires/reply/pending-call.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

/** What is said of the arguments after each piece. */
function verdicts(pieces: readonly string[]): readonly boolean[] {
  const call = new PendingCall()
  return pieces.map((piece) => {
    call.add(piece)
    return call.complete
  })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const json = fc.oneof(fc.json(), fc.json({ maxDepth: 1 }).map((text) => ` ${text}\n`), fc.jsonValue().map((value) => JSON.stringify(value, null, 1)))
const garbled = fc.tuple(json, fc.nat(), fc.constantFrom("}", "{", "]", '"', "\\", ",", "x", " ", "")).map(([text, at, put]) => {
  const place = at % (text.length + 1)
  return text.slice(0, place) + put + text.slice(place + 1)
})

test(`they are complete as soon as they are JSON, and no longer than that (seed ${SEED})`, () => {
  fc.assert(
    fc.property(fc.oneof(json, garbled, fc.tuple(json, json).map(([a, b]) => a + b)), (text) => {
      if (/^\s*[^\s"[{]/.test(text) && text.length > 31) return // a number or a word
      const pieces = text.match(/.{1,3}/gsu) ?? []
      expect(verdicts(pieces)).toEqual(pieces.map((_, n) => isJson(pieces.slice(0, n + 1).join(""))))
    }),
    { seed: SEED, numRuns: 3000 },
  )
})

describe("by hand", () => {
  test.each<[string, readonly string[], readonly boolean[]]>([
    ["an object", ['{"a"', ':"}"', "}"], [false, false, true]],
    ["blanks behind it", ["{}", " \n"], [true, true]],
    ["another object behind it", ["{}", "{}"], [true, false]],
    ["a quote behind a backslash", ['"a\\', '"', '"'], [false, false, true]],
    ["a bracket that nothing opened", ["}", "{}"], [false, false]],
    ["brackets that do not fit", ["{]", "}"], [false, false]],
    ["a number that may go on", ["1", "2"], [true, true]],
    ["nothing", ["", " "], [false, false]],
  ])("%s", (_, pieces, said) => {
    expect(verdicts(pieces)).toEqual(said)
  })

  test("arguments that are replaced are looked at anew", () => {
    const call = new PendingCall()
    call.add("{}{")
    call.replace('{"a":1}')
    expect([call.arguments, call.complete]).toEqual(['{"a":1}', true])
    call.replace('{"a":')
    call.add("2}")
    expect([call.arguments, call.complete]).toEqual(['{"a":2}', true])
  })
})
