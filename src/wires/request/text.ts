/** Text on its way to the backend. */
import type { ContentBlock } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { isBillingHeader } from "./billing-header.ts"
import type { CacheMark } from "./cache-marks.ts"
import type { TextPart } from "./part.ts"
import type { Scope } from "./scope.ts"

/**
 * A text part. Half surrogate pairs, which a client makes by cutting a string in the middle of an emoji, are replaced:
 * JSON can carry them as escapes, but strict parsers behind it answer 400 or 500.
 */
export function textPart(text: string, mark?: CacheMark): TextPart {
  return { type: "text", text: text.toWellFormed(), ...(mark && { mark }) }
}

/**
 * The texts of a system prompt or system message; none when it is empty.
 *
 * @throws {ProxyError} 400 for a block that is no text.
 */
export function toSystemParts(
  content: string | readonly ContentBlock[] | null | undefined,
  path: string,
  scope: Scope,
): readonly TextPart[] {
  if (typeof content === "string") return content ? [textPart(content)] : []
  const parts: TextPart[] = []
  for (const [n, block] of (content ?? []).entries()) {
    if ((block.type === "tool_addition" || block.type === "tool_removal") && block.tool.type === "tool_reference") {
      // All declared tools are sent from the start, so that the prefix stays the same; an addition has happened.
      if (block.type === "tool_removal") scope.note("tool_removal was ignored: the tool stays available")
      continue
    }
    if (block.type !== "text") {
      throw badRequest(`${path}.${n}`, `a "${printable(block.type)}" block cannot stand in a system message`)
    }
    if (block.text && !isBillingHeader(block.text)) parts.push(textPart(block.text, scope.marks?.get(block)))
  }
  return parts
}
