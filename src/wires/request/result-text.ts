/** What a tool's result says of itself. */
import type { Part, TextPart } from "./part.ts"

/** Several backends refuse an empty result, and some models take it for a call still under way. */
export const NO_OUTPUT: TextPart = { type: "text", text: "(no output)" }

/**
 * The parts of a result, at least one.
 *
 * @param failed Neither of OpenAI's APIs has a field for it, so the text says so.
 */
export function toResultParts<Some extends Part>(
  parts: readonly Some[],
  failed: boolean,
): readonly (Some | TextPart)[] {
  const [first = NO_OUTPUT, ...rest]: readonly (Some | TextPart)[] = parts
  if (!failed) return [first, ...rest]
  if (first.type !== "text") return [{ type: "text", text: "Error:" }, first, ...rest]
  return [first.text.startsWith("Error:") ? first : { ...first, text: `Error: ${first.text}` }, ...rest]
}
