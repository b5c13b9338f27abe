/**
 * Tool results → tool messages. A tool message holds text alone, so images and files go into the user message behind
 * the last tool message, labelled with the call they belong to.
 */
import type { McpToolResultBlock, ToolResultBlock } from "../../anthropic/types.ts"
import { toParts } from "./content.ts"
import type { Scope } from "./scope.ts"
import { textPart } from "./text.ts"
import type { ChatMessage, ChatPart } from "./types.ts"

export interface ToolAnswer {
  readonly message: ChatMessage
  /** For the user message that follows; empty when the result is text alone. */
  readonly media: readonly ChatPart[]
}

/** @param id The call's id as the backend knows it. */
export function toToolAnswer(
  block: ToolResultBlock | McpToolResultBlock,
  path: string,
  id: string,
  scope: Scope,
): ToolAnswer {
  const texts: string[] = []
  const media: ChatPart[] = []
  for (const part of toParts(block.content, `${path}.content`, "tool_result", scope)) {
    if (part.type === "text") {
      texts.push(part.text)
      continue
    }
    if (media.length === 0) media.push(textPart(`From the result of tool call ${id}:`))
    const kind = part.type === "file" ? "file" : "image"
    texts.push(`[${kind} ${media.length} of this tool result follows in the next user message]`)
    media.push(part)
  }
  // Several backends refuse an empty tool message, and some models take it for a call still under way.
  const text = texts.join("\n\n") || "(no output)"
  // Chat Completions has no field for it.
  const content = block.is_error && !text.startsWith("Error:") ? `Error: ${text}` : text
  return { message: { role: "tool", tool_call_id: id, content }, media }
}
