/** Laws of a reply that hold whatever a backend of the Messages API sends, in whatever order. */
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { fold } from "../../../src/anthropic/fold.ts"
import { ProxyError } from "../../../src/error.ts"
import { DONE, Failure } from "../../../src/wires/failure.ts"
import { replyTo, type Written } from "./_reply.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

const words = fc.constantFrom<unknown>("", "a", '{"a":1}', '{"a"', "{}", null, undefined, 1)
const index = fc.constantFrom<unknown>(0, 1, 2, 7, null, undefined, "x")
const block = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      type: fc.constantFrom("text", "thinking", "tool_use", "server_tool_use", "redacted_thinking", "of_tomorrow"),
      text: words,
      thinking: words,
      signature: words,
      id: words,
      name: words,
      input: fc.constantFrom<unknown>({}, { a: 1 }, "{}", undefined, null),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, "a", [], {}) },
)
const told = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      type: fc.constantFrom(
        "text_delta",
        "thinking_delta",
        "signature_delta",
        "input_json_delta",
        "citations_delta",
        "tomorrow_delta",
      ),
      text: words,
      thinking: words,
      signature: words,
      partial_json: words,
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, "a", [], {}) },
)
const usage = fc.constantFrom<unknown>(
  undefined,
  null,
  {},
  { output_tokens: 3 },
  { output_tokens: null, input_tokens: 2 },
)
const event: fc.Arbitrary<Written> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("content_block_start"), index, content_block: block }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("content_block_delta"), index, delta: told }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("content_block_stop"), index }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("message_start"),
      message: fc.constantFrom<unknown>(
        undefined,
        null,
        {},
        { id: "m", content: [{ type: "text", text: "a" }], usage: {} },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("message_delta"),
      delta: fc.constantFrom<unknown>(undefined, null, {}, { stop_reason: "end_turn" }, { stop_reason: null }),
      usage,
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Written>({ type: "message_stop" }, { type: "shiny" }, { type: "" }) },
)
const items = fc
  .tuple(fc.array(event, { maxLength: 15 }), fc.constantFrom([], [DONE], [new Failure(new ProxyError(502, "oops"))]))
  .map(([events, end]) => [...events, ...end])

test(`the grammar holds (seed ${SEED})`, () => {
  fc.assert(
    fc.property(items, (sent) => {
      const { events } = replyTo(sent)
      expect(breachesIn(events as readonly Written[])).toEqual([])
      fold(events)
    }),
    { seed: SEED, numRuns: 5000 },
  )
})

test(`it does not matter how the events arrive (seed ${SEED})`, () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 2, max: 20 }), (sent, together) => {
      expect(replyTo(sent, together).events).toEqual(replyTo(sent).events)
    }),
    { seed: SEED, numRuns: 1000 },
  )
})

test(`no words are lost and none are said twice (seed ${SEED})`, () => {
  fc.assert(
    fc.property(items, (sent) => {
      const { events } = replyTo(sent)
      if (events.at(-1)?.type !== "message_stop") return
      expect(wordsOf(events as readonly Written[])).toEqual(wordsOf(heard(sent)))
    }),
    { seed: SEED, numRuns: 3000 },
  )
})

/** What a reply is made of: the events before its end. */
function heard(sent: readonly unknown[]): readonly Written[] {
  const events = sent.filter((item): item is Written => typeof item === "object" && item !== null && "type" in item)
  const end = events.findIndex(({ type }) => type === "message_stop")
  return end < 0 ? events : events.slice(0, end)
}

/** The text of all text blocks and deltas, letter by letter, in any order: blocks may have changed places. */
function wordsOf(events: readonly Written[]): string {
  const texts = events.flatMap((event): unknown[] => {
    const { type, delta, content_block: block, message } = event as Seen
    if (type === "content_block_delta" && delta?.["type"] === "text_delta") return [delta["text"]]
    if (type === "content_block_start" && block?.["type"] === "text") return [block["text"]]
    const [early] = message?.content ?? []
    return type === "message_start" && early && isFirst(event, events) ? [early.text] : []
  })
  return texts
    .filter((text) => typeof text === "string")
    .join("")
    .split("")
    .sort()
    .join("")
}

/** What of an event may be there. */
interface Seen {
  readonly type: string
  readonly index?: unknown
  readonly delta?: Readonly<Record<string, unknown>> | null
  readonly content_block?: Readonly<Record<string, unknown>> | null
  readonly message?: { readonly content?: readonly { readonly text: string }[] } | null
  readonly usage?: { readonly output_tokens?: unknown } | null
}

/** Only what comes before any content can be the start of a message. */
function isFirst(event: Written, events: readonly Written[]): boolean {
  return (
    events.findIndex(({ type }) => /^(?:message_start|message_delta|content_block_\w+)$/.test(type)) ===
    events.indexOf(event)
  )
}

/** The grammar of events, told without a look at how replies are written; unknown blocks and deltas are no breach. */
function breachesIn(events: readonly Written[]): readonly string[] {
  const breaches: string[] = []
  let phase: "before" | "open" | "between" | "stopping" | "over" = "before"
  let next = 0
  for (const event of events) {
    const { type, index, content_block: block, delta, message, usage } = event as Seen
    const must = (fact: boolean): void => void (!fact && breaches.push(`${type} while ${phase}`))
    switch (type) {
      case "message_start":
        must(phase === "before" && Array.isArray(message?.content))
        phase = "between"
        break
      case "content_block_start":
        must(phase === "between" && index === next && typeof block?.["type"] === "string")
        phase = "open"
        break
      case "content_block_delta":
        must(phase === "open" && index === next && typeof delta?.["type"] === "string")
        break
      case "content_block_stop":
        must(phase === "open" && index === next)
        phase = "between"
        next++
        break
      case "message_delta":
        must(phase === "between" && typeof delta?.["stop_reason"] === "string")
        must(typeof usage?.output_tokens === "number")
        phase = "stopping"
        break
      case "message_stop":
        must(phase === "stopping")
        phase = "over"
        break
      case "error":
        must(phase !== "stopping" && phase !== "over")
        phase = "over"
        break
      default:
        must(phase !== "before" && phase !== "over")
    }
  }
  if (phase !== "over") breaches.push("no end")
  return breaches
}
