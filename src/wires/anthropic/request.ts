/**
 * Anthropic's Messages request → the same for a backend that speaks Messages itself: another model's name, and nothing
 * else that is not named here. Fields and blocks nobody here knows go along as they came.
 */
import { isOwnSignature } from "../../anthropic/signature.ts"
import type { MessageRequest, TextBlock } from "../../anthropic/types.ts"
import { withoutThinking } from "../../anthropic/without-thinking.ts"
import type { Profile } from "../../backends/profile.ts"
import { isBillingHeader } from "../request/billing-header.ts"
import { toMaxTokens } from "../request/max-tokens.ts"

/** The backend's body, and what was lost on the way, one sentence each. */
export interface MessagesTranslation {
  readonly body: MessageRequest
  readonly notes: readonly string[]
}

/** What did not change is the same object in the body, so that it can keep its bytes. */
export function toMessagesRequest(
  request: MessageRequest,
  { model, profile }: { readonly model: string; readonly profile: Profile },
): MessagesTranslation {
  const notes: string[] = []
  // Claude Code's own: the user's folder and the state of their repository.
  const { safeguards: _safeguards, ...fields } = request as MessageRequest & { readonly safeguards?: unknown }
  const { system, max_tokens } = fields
  // Signed by this proxy, for another backend: this one could not verify it.
  const { messages, thinking } = withoutThinking(fields, (block) =>
    isOwnSignature(block.type === "thinking" ? block.signature : block.data),
  )
  const body: MessageRequest = {
    ...fields,
    model,
    messages,
    ...(thinking !== undefined && { thinking }),
    ...(!profile.billing_header && Array.isArray(system) && { system: withoutBillingHeader(system) }),
    // A request that is only counted has none.
    ...(max_tokens > 0 && { max_tokens: toMaxTokens(max_tokens, { profile, note: (text) => notes.push(text) }) }),
  }
  return { body, notes }
}

function withoutBillingHeader(system: readonly TextBlock[]): readonly TextBlock[] | undefined {
  const kept = system.filter(({ type, text }) => type !== "text" || !isBillingHeader(text))
  if (kept.length === system.length) return system
  return kept.length > 0 ? kept : undefined
}
