/** Stop sequences in text that comes in pieces. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { StopCutter } from "../../../src/wires/reply/stop.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

describe("what may be shown of each piece", () => {
  const table: readonly (readonly [
    string,
    readonly string[],
    readonly string[],
    readonly string[],
    string | undefined,
  ])[] = [
    ["no stop sequences: all of it", [], ["One ", "two"], ["One ", "two", ""], undefined],
    ["no match: all of it", ["END"], ["One ", "two"], ["One ", "two", ""], undefined],
    ["a match inside a piece", ["END"], ["One END two"], ["One "], "END"],
    ["a match at the very start", ["END"], ["END"], [""], "END"],
    ["a match over three pieces", ["END"], ["One E", "N", "D two"], ["One ", "", ""], "END"],
    ["a beginning that leads nowhere", ["END"], ["One E", "NX"], ["One ", "ENX", ""], undefined],
    ["a beginning at the end of the text", ["END"], ["One EN"], ["One ", "EN"], undefined],
    ["a beginning that begins anew", ["aab"], ["aa", "ab"], ["", "a"], "aab"],
    ["of two matches the one that is complete first", ["two", "One two three"], ["One two three"], ["One "], "two"],
    ["of two that end together the longer one", ["wo", "two"], ["One two"], ["One "], "two"],
    ["line breaks", ["\n\nHuman:"], ["Hi\n", "\nHu", "man: x"], ["Hi", "", ""], "\n\nHuman:"],
    ["an emoji cut in two", ["👍"], ["ok \ud83d", "\udc4d no"], ["ok ", ""], "👍"],
    ["an empty stop sequence matches nothing", [""], ["One"], ["One", ""], undefined],
  ]
  test.each(table)("%s", (_what, stops, pieces, shown, matched) => {
    expect(run(stops, pieces)).toEqual({ shown, matched })
  })
})

test(`where pieces end changes neither the text nor the match (seed ${SEED})`, () => {
  const letters = fc.constantFrom("a", "b", "c")
  const word = fc.array(letters, { minLength: 1, maxLength: 4 }).map((list) => list.join(""))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), fc.array(word, { maxLength: 10 }), (stops, pieces) => {
      const [apart, together] = [run(stops, pieces), run(stops, [pieces.join("")])]
      expect({ ...apart, shown: apart.shown.join("") }).toEqual({ ...together, shown: together.shown.join("") })
      expect(together).toEqual(byEach(stops, pieces.join("")))
    }),
    { seed: SEED, numRuns: 2000 },
  )
})

/** What each piece shows, then what is left at the end, up to the match. */
function run(
  stops: readonly string[],
  pieces: readonly string[],
): { shown: readonly string[]; matched: string | undefined } {
  const cutter = new StopCutter(stops)
  const shown: string[] = []
  for (const piece of pieces) {
    const { text, matched } = cutter.take(piece)
    shown.push(text)
    if (matched !== undefined) return { shown, matched }
  }
  return { shown: [...shown, cutter.flush()], matched: undefined }
}

/** The same by the plainest means: a look at the end of the text after each character. */
function byEach(stops: readonly string[], text: string): ReturnType<typeof run> {
  for (let end = 1; end <= text.length; end++) {
    const matches = stops.filter((stop) => text.slice(0, end).endsWith(stop)).sort((a, b) => b.length - a.length)
    const [matched] = matches
    if (matched !== undefined) return { shown: [text.slice(0, end - matched.length)], matched }
  }
  const held = run(stops, [text])
  return {
    shown: [text.slice(0, text.length - (held.shown.at(-1) ?? "").length), held.shown.at(-1) ?? ""],
    matched: undefined,
  }
}
