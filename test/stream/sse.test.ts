/** Bytes → chunks: what is read as events, what as a whole answer, and where reading ends. */
import { describe, expect, test } from "vitest"
import { ProxyError } from "../../src/error.ts"
import { Flow, type Source } from "../../src/stream/flow.ts"
import { Decode, type Dialect } from "../../src/stream/sse.ts"
import { DONE, Failure, type WireChunk } from "../../src/wires/failure.ts"

const MB = 1024 * 1024
const encoder = new TextEncoder()

/** Chunks whose id is the event's data; `bad` is a failure, `nothing` is nothing. */
const dialect: Dialect = {
  event: (data) =>
    data === "nothing" ? undefined : data === "bad" ? new Failure(new ProxyError(502, "bad")) : { id: data },
  whole: (text) => [{ id: `whole ${text.trim()}` }, DONE],
}

/** What each piece gives, and what the end gives; nothing is asked of a step that is done. */
function decode(...pieces: readonly (string | Uint8Array)[]): readonly unknown[] {
  const step = new Decode(dialect)
  const lists: unknown[] = []
  for (const piece of pieces) {
    if (step.done) return lists
    lists.push(step.take(typeof piece === "string" ? encoder.encode(piece) : piece)?.map(shown))
  }
  return step.done ? lists : [...lists, step.end()?.map(shown)]
}

function shown(chunk: WireChunk): unknown {
  if (chunk === DONE) return "DONE"
  if (chunk instanceof Failure) return `failure ${chunk.error.status} ${chunk.error.message}`
  return "id" in chunk ? chunk.id : chunk
}

const ENDLESS = "failure 502 the backend's answer has no end: it was cut off at the proxy's limit"

describe("events", () => {
  test("that arrive together are one list", () => {
    expect(decode("data: a\n\ndata: b\n\n", "data: c\n\n")).toEqual([["a", "b"], ["c"], undefined])
  })

  test("are held until they are complete", () => {
    expect(decode("da", "ta: a", "\n", "\n")).toEqual([undefined, undefined, undefined, ["a"], undefined])
  })

  test("may lack the blank line behind the last one", () => {
    expect(decode("data: a\n\ndata: b")).toEqual([["a"], ["b"]])
  })

  test("with characters of several bytes may be cut anywhere (CCR 79f48c00)", () => {
    const bytes = encoder.encode("data: 世界👍\n\n")
    const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
    expect(decode(...pieces).filter(Boolean)).toEqual([["世界👍"]])
  })

  test("that break off in the middle of a character show that", () => {
    expect(decode(encoder.encode("data: é").subarray(0, -1)).filter(Boolean)).toEqual([["\ufffd"]])
  })

  test("may be a megabyte long, in whatever pieces", () => {
    const bytes = encoder.encode(`data: ${"x".repeat(MB)}\n\n`)
    const pieces = Array.from({ length: 100 }, (_, n) => bytes.subarray(n * 10_500, (n + 1) * 10_500))
    expect(decode(...pieces).filter(Boolean)).toEqual([["x".repeat(MB)]])
  })

  test("that carry nothing give nothing", () => {
    expect(decode(": comment\n\n", "data: nothing\n\n", "event: x\n\n")).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test("end at a failure, in the middle of a piece too", () => {
    expect(decode("data: a\n\ndata: bad\n\ndata: b\n\n", "data: c\n\n")).toEqual([["a", "failure 502 bad"]])
  })
})

describe("a whole answer", () => {
  test("is read to its end, whatever pieces it comes in", () => {
    expect(decode('{"id"', ':"x"}')).toEqual([undefined, undefined, ['whole {"id":"x"}', "DONE"]])
  })

  test("is told by its first character: an object, a list, a page of HTML", () => {
    expect(decode("{}")).toEqual([undefined, ["whole {}", "DONE"]])
    expect(decode("[]")).toEqual([undefined, ["whole []", "DONE"]])
    expect(decode("<html>")).toEqual([undefined, ["whole <html>", "DONE"]])
  })

  test("may stand behind blanks and a byte order mark (DeepSeek's keep-alive)", () => {
    expect(decode("\n\n", "\r\n \t", "{}")).toEqual([undefined, undefined, undefined, ["whole {}", "DONE"]])
    expect(decode("\ufeff\n{}")).toEqual([undefined, ["whole {}", "DONE"]])
  })

  test("nothing at all is nothing", () => {
    expect(decode()).toEqual([undefined])
    expect(decode("", "\n\n")).toEqual([undefined, undefined, undefined])
  })
})

describe("an answer without end", () => {
  /** Pieces of one megabyte for ever. */
  function endless(first: string, then: string): Source<Uint8Array> & { reads: number; canceled: boolean } {
    const piece = encoder.encode(then.repeat(Math.ceil(MB / then.length)))
    return {
      reads: 0,
      canceled: false,
      read() {
        return this.reads++ === 0 ? encoder.encode(first) : piece
      },
      cancel() {
        this.canceled = true
      },
    }
  }

  test.each([
    ["a line (undici#5814)", "data: ", "x", 10],
    ["lines of one event", "data: x\n", "data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", 11],
    ["a whole answer", "{", " ", 66],
  ])("fails at the limit and is let go: %s", async (_what, first, then, most) => {
    const source = endless(first, then)
    const lists = await Array.fromAsync(new Flow(source).pipeThrough(new Decode(dialect)))
    expect(lists.map((list) => list.map(shown))).toEqual([[ENDLESS]])
    expect(source.reads).toBeLessThanOrEqual(most)
    expect(source.canceled).toBe(true)
  })

  test("may be blank for as long as it likes before it begins", () => {
    const step = new Decode(dialect)
    const blanks = encoder.encode("\n".repeat(MB))
    for (let n = 0; n < 80; n++) expect(step.take(blanks)).toBeUndefined()
    expect(step.take(encoder.encode("data: a\n\n"))?.map(shown)).toEqual(["a"])
  })
})
