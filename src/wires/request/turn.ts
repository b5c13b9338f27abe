/** What a conversation is made of, before a wire spells it. */
import type { Message } from "../../anthropic/types.ts"
import type { PlacedReplay } from "../replay.ts"
import type { Part, TextPart } from "./part.ts"

/** Names and ids are as the backend takes them. */
export type Turn =
  | { readonly role: "user"; readonly parts: readonly Part[] }
  /** A system message in the middle of the conversation. */
  | { readonly role: "system"; readonly parts: readonly TextPart[] }
  | AssistantTurn
  | ToolTurn

/** Text, calls, or both; never neither. */
export interface AssistantTurn {
  readonly role: "assistant"
  readonly text: string
  /** What the backend gets back of its thinking, in order. */
  readonly replays: readonly PlacedReplay[]
  readonly calls: readonly Call[]
}

/** A tool's result; always behind its call, or behind the result of another call of the same turn. */
export interface ToolTurn {
  readonly role: "tool"
  readonly id: string
  readonly parts: readonly Part[]
  readonly failed: boolean
}

export interface Call {
  readonly id: string
  readonly name: string
  /** JSON. */
  readonly arguments: string
}

/** A message and its place in the request. */
export interface Placed {
  readonly message: Message
  readonly index: number
}
