/**
 * Anthropic's Messages request → a Responses request: the request half of this wire. Pure; it shares sub-objects with
 * the request instead of copying them. Nothing is kept at the backend: each request carries the whole conversation.
 *
 * Source: the types of `openai` 7.57.0. There is no field for stop sequences: the reply is cut at them.
 */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { asksForThinking, toEffort } from "../request/effort.ts"
import { toConversation } from "../request/conversation.ts"
import { noteLost } from "../request/lost.ts"
import { toOutputSchema } from "../request/output-format.ts"
import { refusePrefill } from "../request/prefill.ts"
import { toSampling } from "../request/sampling.ts"
import type { Scope } from "../request/scope.ts"
import { toUser } from "../request/user-id.ts"
import { toItems } from "./items.ts"
import { toToolFields } from "./tools.ts"
import type { ResponsesRequest } from "./types.ts"

/** The backend's body, and what was lost on the way, one sentence each. */
export interface ResponsesTranslation {
  readonly body: ResponsesRequest
  readonly notes: readonly string[]
}

/**
 * Translates a validated request.
 *
 * @throws {ProxyError} 400 with the path of what this backend, or the Responses API at large, cannot take.
 */
export function toResponsesRequest(
  request: MessageRequest,
  target: { readonly model: string; readonly profile: Profile },
): ResponsesTranslation {
  const { profile } = target
  const notes = new Set<string>()
  const scope: Scope = { profile, note: (sentence) => void notes.add(sentence) }
  refusePrefill(request, profile)
  noteLost(request, scope)
  const schema = toOutputSchema(request, scope)
  const { prompt, turns } = toConversation(request, scope)
  const body: ResponsesRequest = {
    model: target.model,
    ...(prompt && { instructions: prompt }),
    input: toItems(turns, scope),
    ...toToolFields(request, scope),
    ...(schema && { text: { format: { type: "json_schema", ...schema } } }),
    ...toReasoning(request, scope),
    max_output_tokens: toMaxTokens(request.max_tokens, scope),
    ...toSampling(request, profile),
    ...toUser(request, profile),
    store: false,
    ...(request.stream && { stream: true }),
  }
  return { body, notes: [...notes] }
}

function toReasoning(request: MessageRequest, scope: Scope): Pick<ResponsesRequest, "reasoning" | "include"> {
  const effort = toEffort(request, scope)
  // Models that do not reason answer 400 to all of it: "Encrypted content is not supported with this model".
  if (scope.profile.reasoning.request === "none") return {}
  const reasoning: ResponsesRequest["reasoning"] = {
    ...(effort !== undefined && { effort }),
    ...(asksForThinking(request) && { summary: "auto" }),
  }
  return { ...(Object.keys(reasoning).length > 0 && { reasoning }), include: ["reasoning.encrypted_content"] }
}

/** OpenAI answers 400 to less: "integer below minimum value". */
const LEAST_TOKENS = 16

function toMaxTokens(asked: number, { note }: Scope): number {
  if (asked >= LEAST_TOKENS) return asked
  note(`max_tokens was raised to ${LEAST_TOKENS}, the least this API takes`)
  return LEAST_TOKENS
}
