/** A history without thinking that a backend would refuse, because it did not make it. */
import type { ContentBlock, Message, MessageRequest, RedactedThinkingBlock, ThinkingBlock } from "./types.ts"

/**
 * The same request where nothing is left out, and else one that shares all that stays with it. A message that only
 * thought is left out as a whole.
 *
 * @param leaves Whether a block of thinking is left out.
 */
export function withoutThinking<Request extends Pick<MessageRequest, "messages" | "thinking">>(
  request: Request,
  leaves: (block: ThinkingBlock | RedactedThinkingBlock) => boolean,
): Request {
  const { messages, thinking } = request
  const kept = messages.flatMap((message) => without(message, leaves))
  if (kept.length === messages.length && kept.every((message, n) => message === messages[n])) return request
  const last = messages.findLast(({ role }) => role === "assistant")
  // With a budget the turn that a tool's result continues has to begin with thinking, so there is none until the next:
  // "Expected `thinking` or `redacted_thinking`, but found `tool_use`" (Anthropic's page on extended thinking).
  const broken = thinking?.type === "enabled" && last !== undefined && calls(last) && !kept.includes(last)
  return { ...request, messages: kept, ...(broken && { thinking: { type: "disabled" } }) }
}

function without(
  message: Message,
  leaves: (block: ThinkingBlock | RedactedThinkingBlock) => boolean,
): readonly Message[] {
  const { role, content } = message
  if (role !== "assistant" || !Array.isArray(content)) return [message]
  const blocks: readonly ContentBlock[] = content
  const kept = blocks.filter((block) => !isThinking(block) || !leaves(block))
  if (kept.length === blocks.length) return [message]
  return kept.length > 0 ? [{ ...message, content: kept }] : []
}

function isThinking(block: ContentBlock): block is ThinkingBlock | RedactedThinkingBlock {
  return block.type === "thinking" || block.type === "redacted_thinking"
}

function calls({ content }: Message): boolean {
  return Array.isArray(content) && content.some((block: ContentBlock) => block.type === "tool_use")
}
