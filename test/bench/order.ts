/**
 * What the mock is asked for. It travels as text in the last user message, the one part of a request that every
 * translation has to hand on, and says too what must have arrived, so that the mock can refuse half a translation.
 * The words of the answer are here as well: whoever writes them and whoever checks them share this file.
 */

export interface Order {
  /** One JSON answer, events at a pace, or events as fast as the socket takes them. */
  readonly shape: "whole" | "paced" | "burst"
  /** Text events of a stream. */
  readonly events: number
  /** Milliseconds between the events of a paced stream. */
  readonly every: number
  /** Events in one write of a burst; each write is an HTTP chunk of its own. */
  readonly batch: number
  /** Milliseconds before anything is answered. */
  readonly wait: number
}

/** What a request holds, in numbers. */
export interface Contents {
  /** Texts, each with a mark that says which it is. */
  readonly marks: number
  readonly tools: number
  /** Tool calls in the history, each with a result. */
  readonly calls: number
}

/** The key clients send; it must not reach a backend. */
export const KEY = "sk-bench-0123456789"

/** The answer to a request that does not stream. */
export const WHOLE = "The naïve translation of “it’s done” takes one line. ".repeat(12).trim()

/** What the mock says of tokens, beside the number of events. */
export const PROMPT_TOKENS = 321

export function toText(order: Order, contents: Contents): string {
  return `bench-order ${JSON.stringify({ order, contents })}`
}

/** The last order in a text, as the history may hold others. */
export function readOrder(text: string): { readonly order: Order; readonly contents: Contents } | undefined {
  const [line] = text.match(/(?<=bench-order )\{.*\}/) ?? []
  return line === undefined ? undefined : (JSON.parse(line) as { order: Order; contents: Contents })
}

/** The beginning of each text of a request. */
export function mark(n: number): string {
  return `<mark ${n}>`
}

const WORDS = ["the", "stream", "of", "naïve", "words", "goes", "on", "and", "under", "the", "bridge", "—"]

/** One text event: a word, its number and when it was sent. It ends in a blank and holds no other. */
export function toPiece(sequence: number, sent: number): string {
  return `${wordAt(sequence)}-${sequence}@${sent} `
}

/** Microseconds when a piece was sent; undefined when it is not the piece of this number. */
export function sentAt(piece: string, sequence: number): number | undefined {
  const at = piece.lastIndexOf("@")
  return piece.slice(0, at) === `${wordAt(sequence)}-${sequence}` ? Number(piece.slice(at + 1)) : undefined
}

function wordAt(sequence: number): string {
  return WORDS[sequence % WORDS.length] ?? ""
}

/** Microseconds of the system's monotonic clock, which all processes of a machine share. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + Math.round(nanoseconds / 1e3)
}
