/**
 * Anthropic's Messages request → the same for a backend that speaks Messages itself: another model's name, and nothing
 * else that is not named here. Fields and blocks nobody here knows go along as they came.
 */
import type { MessageRequest } from "../../anthropic/types.ts"

/** The backend's body, and what was lost on the way, one sentence each. */
export interface MessagesTranslation {
  readonly body: MessageRequest
  readonly notes: readonly string[]
}

export function toMessagesRequest(request: MessageRequest, target: { readonly model: string }): MessagesTranslation {
  return { body: { ...request, model: target.model }, notes: [] }
}
