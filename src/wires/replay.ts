/**
 * What a backend must get back of its own thinking, in its API's own form. Clients of the Messages API know thinking
 * blocks alone, so it travels in their signatures, or is kept for them.
 */
import type { ThinkingBlock, ToolUseBlock } from "../anthropic/types.ts"
import { mergeDetails, type ReasoningDetail } from "./details.ts"

/** Any of these, or several that came together. */
export interface Replay {
  /** Words, for a field of the assistant's message. */
  readonly text?: string
  /** OpenRouter: entries of `reasoning_details`. */
  readonly details?: readonly ReasoningDetail[]
  /** The Responses API: items of the output. */
  readonly items?: readonly Readonly<Record<string, unknown>>[]
  /** Gemini: a field of the tool call that follows. */
  readonly call?: unknown
}

/** A replay and its place in the assistant's turn. */
export interface PlacedReplay {
  readonly replay: Replay
  /** So many calls of the turn came ahead of it. */
  readonly before: number
  /** Whether text of the turn came ahead of it. */
  readonly spoken: boolean
}

/** A tool call as the client has it. */
export interface GivenCall {
  readonly id: string
  readonly name: string
  /** JSON. */
  readonly arguments: string
}

/** Where the request half finds what the client brings back, or was never shown. */
export interface Thoughts {
  /** What a thinking block carries for the backend; undefined for a block that is not this backend's. */
  open(block: ThinkingBlock): Replay | undefined
  /** What was kept for the turn that made this call; undefined for nothing. */
  recall(call: ToolUseBlock): readonly PlacedReplay[] | undefined
}

/** For backends that want nothing back. */
export const NO_THOUGHTS: Thoughts = { open: () => undefined, recall: () => undefined }

/** All that has to go back, as one; `call` is the last one's. */
export function joinReplays(parts: readonly Replay[]): Replay {
  const text = parts.map((part) => part.text ?? "").join("")
  const details = mergeDetails(parts.map((part) => part.details ?? []))
  const items = parts.flatMap((part) => part.items ?? [])
  const call = parts.findLast((part) => part.call !== undefined)?.call
  return {
    ...(text !== "" && { text }),
    ...(details.length > 0 && { details }),
    ...(items.length > 0 && { items }),
    ...(call !== undefined && { call }),
  }
}
