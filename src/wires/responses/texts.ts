/** The events that carry text, deltas and whole texts alike. */
import type { ItemKind } from "./output.ts"

/** What a text is. */
export type TextKind = "text" | "refusal" | "summary" | "reasoning"

export interface TextEvent {
  /** The kind of item it belongs to. */
  readonly of: ItemKind
  readonly kind: TextKind
  /** The whole text, after its deltas. */
  readonly whole: boolean
}

const KINDS: readonly (readonly [name: string, of: ItemKind, kind: TextKind])[] = [
  ["output_text", "message", "text"],
  ["refusal", "message", "refusal"],
  ["reasoning_summary_text", "reasoning", "summary"],
  ["reasoning_text", "reasoning", "reasoning"],
]

/** By the event's type. */
export const TEXTS: ReadonlyMap<string, TextEvent> = new Map(
  KINDS.flatMap(([name, of, kind]): readonly [string, TextEvent][] => [
    [`response.${name}.delta`, { of, kind, whole: false }],
    [`response.${name}.done`, { of, kind, whole: true }],
  ]),
)
