/** The law of damaged answers, which a short suite and a long one try. */
import * as fc from "fast-check"
import { expect } from "vitest"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { checkGrammar } from "../../src/testing/grammar.ts"
import { cut, startInProcess, type Answered, type InProcess } from "./_in-process.ts"
import { damaged, damagedWhole, damages, type Damage } from "./_mutate.ts"
import { RECORDINGS, type Recording } from "./_recordings.ts"

/**
 * Sends damaged answers through the whole line: what a client gets is a whole answer by the grammar, or one that ends in
 * an error, or a failure with a status. Nothing throws on the way, and no answer is complete that was not declared so.
 */
export async function tryDamaged(seed: number, runs: number): Promise<void> {
  const proxy = await startInProcess(RECORDINGS)
  try {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        expect(await faultsOf(given, proxy)).toEqual([])
      }),
      { seed, numRuns: runs },
    )
  } finally {
    await proxy.close()
  }
}

/** A recorded answer and what is done to it. */
export interface Case {
  readonly name: string
  readonly damage: readonly Damage[]
  /** Where the network cuts it. */
  readonly places: readonly number[]
  /** Whether the client asks for a stream. */
  readonly stream: boolean
  /** Whether the backend answers whole, where the recording has that. */
  readonly whole: boolean
}

export const cases: fc.Arbitrary<Case> = fc.record({
  name: fc.constantFrom(...RECORDINGS.map(({ name }) => name)),
  damage: damages,
  places: fc.array(fc.nat(), { maxLength: 4 }),
  stream: fc.boolean(),
  whole: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
})

const byName = new Map(RECORDINGS.map((recording) => [recording.name, recording]))

/** What is wrong with the answer to one; nothing as a rule. */
export async function faultsOf({ name, damage, places, stream, whole }: Case, proxy: InProcess): Promise<readonly string[]> {
  const recording = byName.get(name)
  if (!recording) return [`there is no recording ${name}`]
  const alone = whole ? recording.whole : undefined
  const bytes = alone === undefined ? damaged(recording.events, damage) : damagedWhole(alone, damage)
  const before = proxy.failures.length
  const answered = await proxy.answer(recording, cut(bytes, places), stream)
  const ended = !isComplete(answered) || ENDS[recording.api].test(new TextDecoder().decode(bytes))
  return [
    ...(stream && answered.status === 200 ? breachesIn(answered, recording) : faultsIn(answered)),
    // A step that throws is caught, and told to the client as a failure of the proxy's own.
    ...proxy.failures.slice(before).filter((line) => /the proxy failed|could not be read/.test(line)),
    ...(ended ? [] : [`complete without an end: ${answered.text}`]),
    ...("polluted" in {} ? ["the prototype of all objects was changed"] : []),
  ]
}

/** What there must be in an answer for it to be over; cut at a client's stop sequence it is over without. */
const ENDS: Readonly<Record<Recording["api"], RegExp>> = {
  chat: /\[DONE\]|"finish_reason":(?:"[^"]|")|"message":/,
  responses: /\[DONE\]|response\.(?:completed|incomplete)|"output":/,
  anthropic: /\[DONE\]|message_stop|"stop_reason":"|"content":/,
}

function isComplete({ status, text }: Answered): boolean {
  if (status !== 200 || text.includes('"stop_reason":"stop_sequence"')) return false
  return text.includes("event: message_stop") || text.startsWith("{")
}

/**
 * Of a stream. What a backend of the Messages API says that nobody here knows goes through as it came, and so does
 * thinking that it did not sign.
 */
function breachesIn({ text }: Answered, { api }: Recording): readonly string[] {
  const events = readEvents(text)
  if (api !== "anthropic") return checkGrammar(events)
  return checkGrammar(events.filter(isKnown)).filter((breach) => !/: a block of type | in a .* block$| signature$/.test(breach))
}

/** As they are framed, to the byte: a name, the data in one line, a blank line. */
function readEvents(text: string): readonly MessageEvent[] {
  return text
    .split("\n\n")
    .filter((part) => part !== "")
    .map((part) => {
      const [, name, data] = /^event: ([\w.-]+)\ndata: ([^\r\n]+)$/.exec(part) ?? []
      const event = JSON.parse(data ?? '{"type":"of a frame that is none"}') as MessageEvent
      return event.type === name ? event : ({ type: `${event.type} under the name ${name}` } as unknown as MessageEvent)
    })
}

function isKnown({ type }: MessageEvent): boolean {
  return /^(?:message_(?:start|delta|stop)|content_block_(?:start|delta|stop)|ping|error)$| /.test(type)
}

/** Of an answer that is not streamed. */
function faultsIn({ status, text }: Answered): readonly string[] {
  const body: unknown = JSON.parse(text)
  if (status === 200) return isLike(MESSAGE, body) ? [] : [`no whole message: ${text}`]
  return status >= 400 && isLike(ERROR, body) ? [] : [`no error of the API: ${status} ${text}`]
}

const MESSAGE = { type: /^message$/, role: /^assistant$/, stop_reason: /./, id: /./ }
const ERROR = { type: /^error$/, error: { type: /./, message: /./ }, request_id: /./ }

type Shape = { readonly [field: string]: RegExp | Shape }

function isLike(shape: Shape, value: unknown): boolean {
  const fields = Object(value) as Readonly<Record<string, unknown>>
  return Object.entries(shape).every(([name, like]) => {
    const field = fields[name]
    return like instanceof RegExp ? typeof field === "string" && like.test(field) : isLike(like, field)
  })
}
