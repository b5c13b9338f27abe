/** Laws of a reply, run over every fixture. */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { AssistantMessage, MessageEvent } from "../src/anthropic/events.ts"
import { fold, unfold } from "../src/anthropic/fold.ts"
import { readAnswer, readFixtures, type Fixture } from "./_fixtures.ts"
import { checkGrammar } from "../src/testing/grammar.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

const fixtures = readFixtures()
const encoder = new TextEncoder()

test("there are fixtures of every backend", () => {
  expect([...new Set(fixtures.map(({ backend }) => backend))]).toEqual([
    "azure",
    "databricks",
    "deepseek",
    "gemini",
    "groq",
    "llama.cpp",
    "mistral",
    "moonshot",
    "ollama",
    "openai",
    "openrouter",
    "responses",
    "vllm",
    "xai",
  ])
})

describe.each(fixtures.map((fixture) => [fixture.name, fixture] as const))("%s", (_name, fixture) => {
  const events = readAnswer(fixture, [toStream(fixture.chunks)])

  test("the stream adds up to the message", () => {
    expect(withoutId(fold(events))).toEqual(fixture.message)
  })

  test.runIf(fixture.whole !== undefined)("the whole answer is the same message", () => {
    expect(withoutId(fold(readWhole(fixture)))).toEqual(fixture.message)
  })

  test("the events keep the grammar", () => {
    expect(checkGrammar(events)).toEqual([])
    if (fixture.whole !== undefined) expect(checkGrammar(readWhole(fixture))).toEqual([])
  })

  test("unfolding and folding gives the message back", () => {
    const message = { ...fixture.message, id: "msg_1" }
    expect(fold(unfold(message))).toEqual(message)
    expect(checkGrammar(unfold(message))).toEqual([])
  })

  test.each(Object.entries(SPELLINGS))("%s change nothing", (_spelling, spell) => {
    const bytes = encoder.encode(spell(fixture.chunks))
    expect(readAnswer(fixture, [bytes])).toEqual(events)
    expect(readAnswer(fixture, split(bytes, 1))).toEqual(events)
  })

  test(`cuts anywhere change nothing (seed ${SEED})`, () => {
    const spelled = Object.values(SPELLINGS).map((spell) => encoder.encode(spell(fixture.chunks)))
    const cuts = fc.array(fc.nat({ max: Math.max(...spelled.map(({ length }) => length)) }), { maxLength: 12 })
    fc.assert(
      fc.property(fc.constantFrom(...spelled), cuts, (bytes, at) => {
        expect(readAnswer(fixture, cut(bytes, at))).toEqual(events)
      }),
      { seed: SEED, numRuns: 40 },
    )
  })

  test.runIf(fixture.whole !== undefined)("a whole answer may come in any pieces", () => {
    const bytes = encoder.encode(fixture.whole)
    expect(readAnswer(fixture, split(bytes, 1))).toEqual(readWhole(fixture))
  })
})

describe("the grammar's checker finds", () => {
  const [start, open, delta, stop, finish, end] = unfold({
    ...(fixtures.find(({ name }) => name === "openai/text") as Fixture).message,
    id: "msg_1",
  }) as [MessageEvent, MessageEvent, MessageEvent, MessageEvent, MessageEvent, MessageEvent]
  const thinks = { type: "thinking", thinking: "", signature: "" } as const
  const broken: Readonly<Record<string, readonly [readonly MessageEvent[], string]>> = {
    "an end that is missing": [[start, open, delta, stop, finish], "the reply has no end"],
    "two starts": [[start, start, finish, end], "event 1 (message_start): the message has started already"],
    "no start": [[finish, end], "event 0 (message_delta): comes before message_start"],
    "what comes after the end": [[start, finish, end, { type: "ping" }], "event 3 (ping): comes after the end"],
    "a block left open": [[start, open, delta, finish, end], "event 3 (message_delta): a block is still open"],
    "two blocks open": [
      [start, open, open, stop, finish, end],
      "event 2 (content_block_start): another block is open",
    ],
    "a gap between indices": [
      [start, { type: "content_block_start", index: 1, content_block: { type: "text", text: "", citations: null } }],
      "event 1 (content_block_start): index 1 where 0 is next",
    ],
    "a delta that does not fit": [
      [
        start,
        open,
        { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "x" } },
        stop,
        finish,
        end,
      ],
      "event 2 (content_block_delta): a thinking_delta in a text block",
    ],
    "thinking without a signature": [
      [start, { type: "content_block_start", index: 0, content_block: thinks }, stop, finish, end],
      "event 2 (content_block_stop): a thinking block without a signature",
    ],
    "a stop without a reason": [[start, end], "event 1 (message_stop): no message_delta came before it"],
    "a failure after the stop": [
      [start, finish, { type: "error", error: { type: "api_error", message: "x" } }],
      "event 2 (error): the message had been declared complete",
    ],
  }
  test.each(Object.entries(broken))("%s", (_what, [events, breach]) => {
    expect(checkGrammar(events)).toContain(breach)
  })
})

/** An answer's bytes as servers are free to write them. */
const SPELLINGS: Readonly<Record<string, (chunks: readonly string[]) => string>> = {
  "plain events": (chunks) => chunks.map((data) => `data: ${data}\n\n`).join(""),
  "CRLF line ends": (chunks) => chunks.map((data) => `data: ${data}\r\n\r\n`).join(""),
  "CR line ends": (chunks) => chunks.map((data) => `data: ${data}\r\r`).join(""),
  "comments between events": (chunks) =>
    `: OPENROUTER PROCESSING\n\n${chunks.map((data) => `: keep-alive\n\ndata: ${data}\n\n`).join("")}`,
  "comments inside events": (chunks) => chunks.map((data) => `: keep-alive\ndata: ${data}\n: more\n\n`).join(""),
  "event names, ids and retry times": (chunks) =>
    chunks.map((data, n) => `event: message\nid: ${n}\nretry: 3000\ndata: ${data}\n\n`).join(""),
  "no space after the colon": (chunks) => chunks.map((data) => `data:${data}\n\n`).join(""),
  "blanks around the data": (chunks) => chunks.map((data) => `data:  ${data} \n\n`).join(""),
  "a byte order mark": (chunks) => `\ufeff${chunks.map((data) => `data: ${data}\n\n`).join("")}`,
  "blank lines before, between and after": (chunks) =>
    `\n\r\n\n${chunks.map((data) => `data: ${data}\n\n\n\n`).join("")}\n`,
  "data over several lines": (chunks) => chunks.map((data) => `${indented(data)}\n\n`).join(""),
  "escapes for everything beyond ASCII": (chunks) => chunks.map((data) => `data: ${escaped(data)}\n\n`).join(""),
  "a last event without its blank line": (chunks) => chunks.map((data) => `data: ${data}`).join("\n\n"),
}

function toStream(chunks: readonly string[]): Uint8Array {
  return encoder.encode(chunks.map((data) => `data: ${data}\n\n`).join(""))
}

function readWhole(fixture: Fixture): readonly MessageEvent[] {
  return readAnswer(fixture, [encoder.encode(fixture.whole ?? "")])
}

function withoutId(message: AssistantMessage | undefined): Omit<AssistantMessage, "id"> | undefined {
  if (!message) return undefined
  const { id: _, ...rest } = message
  return rest
}

/** The same JSON over several lines of data. */
function indented(data: string): string {
  const text = data === "[DONE]" ? data : JSON.stringify(JSON.parse(data), null, 1)
  return text
    .split("\n")
    .map((line) => `data: ${line}`)
    .join("\n")
}

function escaped(data: string): string {
  return data.replaceAll(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

function split(bytes: Uint8Array, length: number): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, n) =>
    bytes.subarray(n * length, (n + 1) * length),
  )
}

function cut(bytes: Uint8Array, at: readonly number[]): readonly Uint8Array[] {
  const ends = [...new Set([0, ...at.map((place) => Math.min(place, bytes.length)), bytes.length])].sort(
    (a, b) => a - b,
  )
  return ends.slice(1).map((end, n) => bytes.subarray(ends[n], end))
}
