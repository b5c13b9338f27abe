/** Short ways to a reply that is made of tool calls. */
import type { MessageEvent } from "../../../src/anthropic/events.ts"
import type { MessageRequest } from "../../../src/anthropic/types.ts"
import type { ChatChunk, ChatToolCallDelta } from "../../../src/wires/chat/types.ts"
import { DONE, type WireChunk } from "../../../src/wires/failure.ts"
import { createReply } from "../../_fixtures.ts"

/** A call as the client gets it. */
export interface Call {
  readonly id: string
  readonly name: string
  /** The arguments' text, to the byte. */
  readonly json: string
}

const REQUEST: MessageRequest = { model: "claude-x", max_tokens: 100, messages: [{ role: "user", content: "hi" }] }

/** The events of a reply with these lists of deltas, one list a chunk, and with these chunks behind them. */
export function callChunks(
  deltas: readonly (readonly ChatToolCallDelta[])[],
  chunks: readonly ChatChunk[] = [{ choices: [{ delta: {}, finish_reason: "tool_calls" }] }],
): readonly MessageEvent[] {
  const reply = createReply(REQUEST, "general")
  const heads = deltas.map((tool_calls): ChatChunk => ({ choices: [{ index: 0, delta: { tool_calls } }] }))
  const all: readonly WireChunk[] = [...heads, ...chunks, DONE]
  return all.flatMap((chunk) => reply.take([chunk]) ?? [])
}

/** The tool calls among the events, in their order. */
export function callsOf(events: readonly MessageEvent[]): readonly Call[] {
  const calls: Call[] = []
  for (const event of events) {
    if (event.type === "content_block_start" && event.content_block.type === "tool_use") {
      const { id, name } = event.content_block
      calls.push({ id, name, json: "" })
    } else if (event.type === "content_block_delta" && event.delta.type === "input_json_delta") {
      const call = calls.pop()
      if (call) calls.push({ ...call, json: call.json + event.delta.partial_json })
    }
  }
  return calls
}
