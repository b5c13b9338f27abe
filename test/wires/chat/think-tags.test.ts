/** Thinking inside the text, between tags. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { ThinkTags } from "../../../src/wires/chat/think-tags.ts"
import { call, chunk, DONE, finish, outline, replyTo } from "./_reply.ts"

const seed = Number(process.env["SEED"] ?? 20261122)

function split(pieces: readonly string[]): readonly [thinking: string, text: string] {
  const tags = new ThinkTags()
  const told = [...pieces.map((piece) => tags.take(piece)), tags.end()]
  return [told.map(({ thinking }) => thinking).join(""), told.map(({ text }) => text).join("")]
}

const CASES: readonly (readonly [what: string, text: string, thinking: string, rest: string])[] = [
  ["a thought and an answer", "<think>Hm.</think>Hello", "Hm.", "Hello"],
  ["line breaks around both", "\n<think>\nHm.\n</think>\n\nHello\n", "Hm.\n", "Hello\n"],
  ["an empty thought", "<think>\n\n</think>\n\nHello", "", "Hello"],
  ["a thought that never ends", "<think>Hm. </thin", "Hm. </thin", ""],
  ["a thought that speaks of tags", "<think>a <think> and </ think></think>b </think>", "a <think> and </ think>", "b </think>"],
  ["no tag", "Hello <think>there</think>", "", "Hello <think>there</think>"],
  ["nearly a tag", "  <thinking>Hm.</thinking>", "", "  <thinking>Hm.</thinking>"],
  ["the beginning of a tag, and no more", " <thi", "", " <thi"],
  ["a closing tag that nothing opens", "Hm.</think>Hello", "", "Hm.</think>Hello"],
  ["nothing", "", "", ""],
]

describe.each(CASES)("%s", (_, text, thinking, rest) => {
  test(`is told apart, cut anywhere (seed ${seed})`, () => {
    expect(split([text])).toEqual([thinking, rest])
    expect(split([...text])).toEqual([thinking, rest])
    fc.assert(
      fc.property(fc.array(fc.nat({ max: text.length })), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        expect(split(at.slice(1).map((end, n) => text.slice(at[n], end)))).toEqual([thinking, rest])
      }),
      { seed, numRuns: 50 },
    )
  })
})

describe("in a reply", () => {
  const flags = { reasoning: { tags: true } } as const
  const request = { thinking: { type: "adaptive" } } as const
  const inline = ["<th", "ink>Hm", ".</th", "ink>\n\nHello"].map((text) => chunk(text))

  test("a tag split over chunks is a block of thinking", () => {
    expect(outline(replyTo([...inline, finish(), DONE], { flags, request }))).toEqual(["thinking Hm.", "text Hello", "end_turn"])
  })

  test("without the flag the text stays as it is", () => {
    expect(outline(replyTo([...inline, finish(), DONE], { request }))).toEqual(["text <think>Hm.</think>\n\nHello", "end_turn"])
  })

  test("is hidden from a client that did not ask for thinking", () => {
    expect(outline(replyTo([...inline, finish(), DONE], { flags }))).toEqual(["text Hello", "end_turn"])
  })

  test("what was held back at the end is told", () => {
    expect(outline(replyTo([chunk("<thi"), finish(), DONE], { flags, request }))).toEqual(["text <thi", "end_turn"])
    expect(outline(replyTo([chunk("<think>Hm.</th"), finish("length"), DONE], { flags, request }))).toEqual(["thinking Hm.</th", "max_tokens"])
  })

  test("what was held back stands ahead of a call", () => {
    expect(outline(replyTo([chunk("<"), call(0, "a", "f", "{}"), finish("tool_calls"), DONE], { flags, request }))).toEqual([
      "text <",
      "f {}",
      "tool_use",
    ])
  })

  test("a stop sequence in the answer is found, one in the thinking is not", () => {
    const setting = { flags, request: { ...request, stop_sequences: ["STOP"] } }
    expect(outline(replyTo([chunk("<think>STOP</think>Hello STOP more"), finish(), DONE], setting))).toEqual([
      "thinking STOP",
      "text Hello ",
      "stop_sequence",
    ])
  })

  test.each([
    ["in turns", [chunk({ reasoning_content: "Hm" }), chunk("<think>Hm"), chunk({ reasoning_content: "." }), chunk(".</think>Hello")]],
    ["the text first", [chunk("<think>\nHm"), chunk({ reasoning_content: "Hm" }), chunk(".</think>\nHello"), chunk({ reasoning_content: "." })]],
    ["in one chunk", [chunk({ reasoning: "Hm.", content: "<think>Hm.</think>Hello" })]],
  ])("the same thinking in a field and in the text is told once: %s (pi#5605)", (_, chunks) => {
    expect(outline(replyTo([...chunks, finish(), DONE], { flags, request }))).toEqual(["thinking Hm.", "text Hello", "end_turn"])
  })
})
