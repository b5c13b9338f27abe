/** Short ways to a reply made of the events of a backend that speaks the Messages API. */
import type { BlockDelta, MessageEvent } from "../../../src/anthropic/events.ts"
import { GENERAL } from "../../../src/backends/profile.ts"
import { MessagesReply } from "../../../src/wires/anthropic/reply.ts"
import type { ItemOf } from "../../../src/wires/failure.ts"
import type { ReplyFacts } from "../../../src/wires/wire.ts"

/** An event as a server may write it, which need not be as it should be. */
export type Written = { readonly type: string; readonly [field: string]: unknown }

export interface Replied {
  readonly events: readonly MessageEvent[]
  readonly notes: readonly string[]
  /** The tokens of the prompt, as they were told at the end. */
  readonly counted: readonly number[]
}

/** The reply of a backend called "b", when these arrive in lists of this length and then no more. */
export function replyTo(items: readonly (Written | ItemOf<MessageEvent>)[], together = 1): Replied {
  const notes: string[] = []
  const counted: number[] = []
  let ids = 0
  const facts = {
    request: { model: "claude-x", max_tokens: 10, messages: [] },
    backend: { name: "b", profile: GENERAL },
    newId: (prefix: string) => `${prefix}${++ids}`,
    note: (text: string) => void notes.push(text),
    counted: (tokens: number) => void counted.push(tokens),
  }
  const reply = new MessagesReply(facts as unknown as ReplyFacts)
  const lists = Array.from({ length: Math.ceil(items.length / together) }, (_, n) =>
    items.slice(n * together, (n + 1) * together),
  )
  const events = lists.map((list) => reply.take(list as readonly ItemOf<MessageEvent>[]) ?? [])
  return { events: [...events, reply.end() ?? []].flat(), notes, counted }
}

export const START = {
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "m",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 1 },
  },
} as const

export const STOP = { type: "message_stop" } as const

export function begin(index: number | undefined, content_block: object): Written {
  return { type: "content_block_start", index, content_block }
}

export function text(index: number): Written {
  return begin(index, { type: "text", text: "" })
}

export function call(index: number, id = `toolu_${index}`, name = "f"): Written {
  return begin(index, { type: "tool_use", id, name, input: {} })
}

export function delta(index: number | undefined, told: BlockDelta | object): Written {
  return { type: "content_block_delta", index, delta: told }
}

export function says(index: number, words: string): Written {
  return delta(index, { type: "text_delta", text: words })
}

export function thinks(index: number, words: string): Written {
  return delta(index, { type: "thinking_delta", thinking: words })
}

export function json(index: number, partial_json: string): Written {
  return delta(index, { type: "input_json_delta", partial_json })
}

export function stop(index: number | undefined): Written {
  return { type: "content_block_stop", index }
}

export function end(stop_reason: string | null = "end_turn", output_tokens = 7): Written {
  return { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens } }
}
