/** The conversation as Chat Completions spells it. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { toConversation } from "../request/conversation.ts"
import type { AssistantTurn, ToolTurn } from "../request/turn.ts"
import { textsOf, type Part } from "../request/part.ts"
import { toResultText } from "../request/result-text.ts"
import type { Scope } from "../request/scope.ts"
import { toAcceptedOrder } from "./order.ts"
import type { ChatAssistantMessage, ChatMessage, ChatPart, ChatToolCall } from "./types.ts"

/**
 * The system prompt and the messages. A tool message holds text alone, so images and files of tool results go into the
 * user message behind the last tool message, labelled with the call they belong to.
 *
 * @throws {ProxyError} 400 with the path of what cannot be translated, or when nothing is left to answer.
 */
export function toChatMessages(request: MessageRequest, scope: Scope): readonly ChatMessage[] {
  const { prompt, turns } = toConversation(request, scope)
  const { system_role } = scope.profile
  const out: ChatMessage[] = []
  if (prompt) out.push({ role: system_role, content: prompt })
  let media: Part[] = [] // of the tool results just before
  for (const turn of turns) {
    if (turn.role === "tool") {
      const answer = toToolMessage(turn)
      out.push(answer.message)
      for (const part of answer.media) media.push(part) // spread into a call, 100,000 of them are too many
      continue
    }
    if (turn.role === "user") out.push({ role: "user", content: toContent([...media, ...turn.parts]) })
    else if (media.length > 0) out.push({ role: "user", content: toContent(media) })
    media = []
    if (turn.role === "system") out.push({ role: system_role, content: turn.text })
    if (turn.role === "assistant") out.push(toAssistantMessage(turn, scope.profile))
  }
  if (media.length > 0) out.push({ role: "user", content: toContent(media) })
  return toAcceptedOrder(out, scope.profile)
}

function toAssistantMessage(
  { text, thinking, calls }: AssistantTurn,
  { content_null, first_call, reasoning: { replay, replay_blank } }: Profile,
): ChatAssistantMessage {
  const tool_calls = calls.map(({ id, name, arguments: json }, n): ChatToolCall => {
    return { id, type: "function", function: { name, arguments: json }, ...(n === 0 && first_call) }
  })
  const thought = thinking || replay_blank
  return {
    role: "assistant",
    content: text || (content_null ? null : ""),
    ...(replay && thought !== null && { [replay]: thought }),
    ...(tool_calls.length > 0 && { tool_calls }),
  }
}

/** One string when all parts are text, which every backend takes; the parts where they are not. */
function toContent(parts: readonly Part[]): string | readonly ChatPart[] {
  // Joined with nothing, the last word of a block would grow into the first of the next.
  return textsOf(parts)?.join("\n\n") ?? parts.map(toChatPart)
}

function toChatPart(part: Part): ChatPart {
  if (part.type === "image") return { type: "image_url", image_url: { url: part.url } }
  if (part.type === "file") return { type: "file", file: { filename: part.filename, file_data: part.data } }
  return part
}

/** @returns The tool message, and what of the result it cannot hold. */
function toToolMessage({ id, parts, failed }: ToolTurn): {
  readonly message: ChatMessage
  readonly media: readonly Part[]
} {
  const texts: string[] = []
  const media: Part[] = []
  for (const part of parts) {
    if (part.type === "text") {
      texts.push(part.text)
      continue
    }
    if (media.length === 0) media.push({ type: "text", text: `From the result of tool call ${id}:` })
    texts.push(`[${part.type} ${media.length} of this tool result follows in the next user message]`)
    media.push(part)
  }
  return { message: { role: "tool", tool_call_id: id, content: toResultText(texts, failed) }, media }
}
