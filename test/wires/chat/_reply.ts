/** Short ways to a reply. */
import type { MessageEvent, ReplyBlock } from "../../../src/anthropic/events.ts"
import { fold } from "../../../src/anthropic/fold.ts"
import type { MessageRequest } from "../../../src/anthropic/types.ts"
import { GENERAL, type ProfileFlags, withFlags } from "../../../src/backends/profile.ts"
import { ProxyError } from "../../../src/error.ts"
import type { ChatChunk, ChatDelta } from "../../../src/wires/chat/types.ts"
import { DONE, Failure, type WireChunk } from "../../../src/wires/failure.ts"
import { createReply } from "../../_fixtures.ts"

export interface Setting {
  readonly request?: Partial<MessageRequest>
  readonly flags?: ProfileFlags
}

export interface Replied {
  readonly events: readonly MessageEvent[]
  /** What came of each chunk by itself, the end last. */
  readonly lists: readonly (readonly MessageEvent[])[]
  readonly notes: readonly string[]
}

const REQUEST: MessageRequest = { model: "claude-x", max_tokens: 100, messages: [{ role: "user", content: "hi" }] }

/** The reply to a minimal request, from a backend called "b", when these chunks arrive one by one and then no more. */
export function replyTo(chunks: readonly WireChunk[], { request, flags = {} }: Setting = {}): Replied {
  const notes: string[] = []
  const reply = createReply({ ...REQUEST, stream: true, ...request }, "b", {
    backend: { name: "b", profile: withFlags(GENERAL, flags) },
    note: (text) => notes.push(text),
  })
  const lists = [...chunks.map((chunk) => reply.take([chunk]) ?? []), reply.end() ?? []]
  return { events: lists.flat(), lists, notes }
}

/** A chunk with this delta; a text is the content. */
export function chunk(delta: ChatDelta | string, finish_reason: string | null = null): ChatChunk {
  return { choices: [{ index: 0, delta: typeof delta === "string" ? { content: delta } : delta, finish_reason }] }
}

/** A chunk with a piece of a tool call. */
export function call(index: number, id: string, name: string, args: unknown): ChatChunk {
  return chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: args } }] })
}

/** The chunk that ends an answer. */
export function finish(reason = "stop"): ChatChunk {
  return chunk({}, reason)
}

export function failure(status: number, message: string): Failure {
  return new Failure(new ProxyError(status, message))
}

/** What the events say in short: each block, then how it ended. */
export function outline({ events }: Replied): readonly string[] {
  const message = fold(events)
  const error = events.find((event) => event.type === "error")?.error
  const end = events.some(({ type }) => type === "message_stop") ? [message?.stop_reason ?? "no reason"] : []
  return [...(message?.content ?? []).map(inShort), ...end, ...(error ? [`${error.type}: ${error.message}`] : [])]
}

function inShort(block: ReplyBlock): string {
  if (block.type === "tool_use") return `${block.name} ${JSON.stringify(block.input)}`
  if (block.type === "thinking") return `thinking ${block.thinking}`
  return block.type === "text" ? `text ${block.text}` : block.type
}

export { DONE }
