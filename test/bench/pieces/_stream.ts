/** A reply to run through pieces of the line: what a backend writes, and what the steps are told. */
import type { MessageEvent } from "../../../src/anthropic/events.ts"
import { GENERAL } from "../../../src/backends/profile.ts"
import type { EncodeFacts } from "../../../src/stream/encode.ts"
import type { Source } from "../../../src/stream/flow.ts"
import type { ReplyFacts } from "../../../src/wires/wire.ts"
import { chat } from "../dialects.ts"
import { toPiece } from "../order.ts"

export const EVENTS = 1000

/** What a backend that is ahead writes: so many events a write. */
export function toWrites(batch: number): readonly Uint8Array[] {
  const texts = Array.from({ length: EVENTS }, (_, n) => chat.event(toPiece(n, 1_764_000_000_000 + n)))
  const writes: string[] = [chat.head]
  for (let n = 0; n < EVENTS; n += batch) writes.push(texts.slice(n, n + batch).join(""))
  return [...writes, chat.tail(EVENTS)].map((text) => Buffer.from(text))
}

/** Text events as the wires tell them. */
export function toDeltas(count: number): readonly MessageEvent[] {
  return Array.from({ length: count }, (_, n) => {
    return { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: toPiece(n, 1_764_000_000) } }
  })
}

export const REPLY: ReplyFacts = {
  request: { model: "bench", max_tokens: 100, messages: [] },
  backend: { name: "bench", profile: GENERAL },
  newId: (prefix) => `${prefix}0123456789abcdef`,
  note: () => {},
  seal: () => "",
  keep: () => {},
}

export const ENCODE: EncodeFacts = {
  model: "bench",
  requestId: "req_bench",
  mask: (text) => text,
  toEvent: () => ({ type: "error", error: { type: "api_error", message: "" } }),
}

/** Items of which each is there a turn later, as from a socket. */
export function later<T>(items: readonly T[]): Source<T> {
  let at = 0
  return { read: async () => items[at++], cancel: () => {} }
}

export async function drain<T>(source: Source<T>): Promise<void> {
  while ((await source.read()) !== undefined) {
    // Everything is taken, and nothing kept.
  }
}
