/** Short ways to a translated request. */
import type { ContentBlock, Message, MessageRequest } from "../../../src/anthropic/types.ts"
import { GENERAL, withFlags, type ProfileFlags } from "../../../src/backends/profile.ts"
import { ProxyError } from "../../../src/error.ts"
import { toChatRequest, type ChatTranslation } from "../../../src/wires/chat/request.ts"
import type { ChatMessage, ChatRequest } from "../../../src/wires/chat/types.ts"
import type { Thoughts } from "../../../src/wires/replay.ts"

export type Fields = Partial<MessageRequest> & { readonly [key: string]: unknown }

/** The signature of thinking that is the backend's own, and whose words are to go back. */
export const OWN = "own"

const THOUGHTS: Thoughts = {
  open: ({ signature, thinking }) => (signature === OWN ? { text: thinking } : undefined),
  recall: () => undefined,
}

const HI: Message = { role: "user", content: "hi" }

/** A request with these fields over a minimal one, for a backend of the general kind with these flags. */
export function translate(fields: Fields, flags: ProfileFlags = {}): ChatTranslation {
  const request: MessageRequest = { model: "claude-x", max_tokens: 100, messages: [HI], ...fields }
  return toChatRequest(request, { model: "qwen", profile: withFlags(GENERAL, flags), thoughts: THOUGHTS })
}

/** What of the body these fields bring about, beside what a minimal request has. */
export function extra(fields: Fields, flags: ProfileFlags = {}): Partial<ChatRequest> {
  const { model: _model, messages: _messages, max_tokens: _max, ...rest } = translate(fields, flags).body
  return rest
}

export function messagesOf(messages: readonly Message[], flags: ProfileFlags = {}): readonly ChatMessage[] {
  return translate({ messages }, flags).body.messages
}

export function user(...content: (ContentBlock | Readonly<Record<string, unknown>>)[]): Message {
  return { role: "user", content: content as unknown as readonly ContentBlock[] }
}

export function assistant(...content: (ContentBlock | Readonly<Record<string, unknown>>)[]): Message {
  return { role: "assistant", content: content as unknown as readonly ContentBlock[] }
}

export function text(words: string): ContentBlock {
  return { type: "text", text: words }
}

export function toolUse(id: string, input: unknown = {}, name = "f"): ContentBlock {
  return { type: "tool_use", id, name, input }
}

export function toolResult(id: string, content?: string | readonly ContentBlock[], is_error?: boolean): ContentBlock {
  return { type: "tool_result", tool_use_id: id, content, is_error }
}

export function toolCall(id: string, args = "{}", name = "f") {
  return { id, type: "function", function: { name, arguments: args } } as const
}

/** The refusal's status and words. */
export function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof ProxyError) return `${error.status} ${error.message}`
    throw error
  }
  return "not refused"
}
