/** The conversation as Chat Completions spells it. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { joinReplays } from "../replay.ts"
import { toConversation } from "../request/conversation.ts"
import type { AssistantTurn, ToolTurn } from "../request/turn.ts"
import { joinTexts, type Part, type TextPart } from "../request/part.ts"
import { toResultParts } from "../request/result-text.ts"
import type { Scope } from "../request/scope.ts"
import { textPart } from "../request/text.ts"
import { toAcceptedOrder } from "./order.ts"
import type { ChatAssistantMessage, ChatMessage, ChatPart, ChatTextPart, ChatToolCall } from "./types.ts"

/**
 * The system prompt and the messages. A tool message holds text alone, so images and files of tool results go into the
 * user message behind the last tool message, labelled with the call they belong to.
 *
 * @throws {ProxyError} 400 with the path of what cannot be translated, or when nothing is left to answer.
 */
export function toChatMessages(request: MessageRequest, scope: Scope): readonly ChatMessage[] {
  const { prompt, turns } = toConversation(request, scope)
  const { system_role } = scope.profile
  const apart = scope.marks !== undefined
  const out: ChatMessage[] = []
  if (prompt.length > 0) out.push({ role: system_role, content: toTexts(prompt, apart) })
  let media: Part[] = [] // of the tool results just before
  for (const turn of turns) {
    if (turn.role === "tool") {
      const answer = toToolMessage(turn, apart)
      out.push(answer.message)
      for (const part of answer.media) media.push(part) // spread into a call, 100,000 of them are too many
      continue
    }
    if (turn.role === "user") out.push({ role: "user", content: toContent([...media, ...turn.parts], apart) })
    else if (media.length > 0) out.push({ role: "user", content: toContent(media, apart) })
    media = []
    if (turn.role === "system") out.push({ role: system_role, content: toTexts(turn.parts, apart) })
    if (turn.role === "assistant") out.push(toAssistantMessage(turn, scope.profile))
  }
  if (media.length > 0) out.push({ role: "user", content: toContent(media, apart) })
  return toAcceptedOrder(out, scope.profile)
}

function toAssistantMessage(
  { text, replays, calls }: AssistantTurn,
  { content_null, first_call, reasoning: { replay, replay_blank, replay_call } }: Profile,
): ChatAssistantMessage {
  const tool_calls = calls.map(({ id, name, arguments: json }, n): ChatToolCall => {
    const own = replay_call && replays.findLast(({ before, replay: { call } }) => before === n && call !== undefined)
    const further = own ? { [replay_call]: own.replay.call } : n === 0 && first_call
    return { id, type: "function", function: { name, arguments: json }, ...further }
  })
  const { text: words, details = null } = joinReplays(replays.map((placed) => placed.replay))
  const thought = replay === "reasoning_details" ? details : words?.toWellFormed() || replay_blank
  return {
    role: "assistant",
    content: text || (content_null ? null : ""),
    ...(replay && thought !== null && { [replay]: thought }),
    ...(tool_calls.length > 0 && { tool_calls }),
  }
}

function toContent(parts: readonly Part[], apart: boolean): string | readonly ChatPart[] {
  return joinTexts(parts, apart) ?? parts.map(toChatPart)
}

function toTexts(parts: readonly TextPart[], apart: boolean): string | readonly ChatTextPart[] {
  return joinTexts(parts, apart) ?? parts.map(toChatText)
}

function toChatPart(part: Part): ChatPart {
  if (part.type === "text") return toChatText(part)
  if (part.type === "image") return { type: "image_url", image_url: { url: part.url }, ...part.mark }
  return { type: "file", file: { filename: part.filename, file_data: part.data }, ...part.mark }
}

function toChatText({ text, mark }: TextPart): ChatTextPart {
  return { type: "text", text, ...mark }
}

/** @returns The tool message, and what of the result it cannot hold. */
function toToolMessage(
  { id, parts, failed }: ToolTurn,
  apart: boolean,
): { readonly message: ChatMessage; readonly media: readonly Part[] } {
  const texts: TextPart[] = []
  const media: Part[] = []
  for (const part of parts) {
    if (part.type === "text") {
      texts.push(part)
      continue
    }
    if (media.length === 0) media.push({ type: "text", text: `From the result of tool call ${id}:` })
    texts.push(textPart(`[${part.type} ${media.length} of this tool result follows in the next user message]`))
    media.push(part)
  }
  return { message: { role: "tool", tool_call_id: id, content: toTexts(toResultParts(texts, failed), apart) }, media }
}
