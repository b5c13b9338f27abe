/**
 * Anthropic's Messages request → a Responses request: the request half of this wire. Pure; it shares sub-objects with
 * the request instead of copying them. Nothing is kept at the backend: each request carries the whole conversation.
 *
 * Source: the types of `openai` 7.57.0. There is no field for stop sequences: the reply is cut at them.
 */
import type { MessageRequest } from "../../anthropic/types.ts"
import { NO_THOUGHTS } from "../replay.ts"
import { toCacheKey, toCacheMarks } from "../request/cache-marks.ts"
import { asksForThinking, toEffort } from "../request/effort.ts"
import { toConversation } from "../request/conversation.ts"
import { noteLost } from "../request/lost.ts"
import { toMaxTokens } from "../request/max-tokens.ts"
import { tellSchema } from "../request/output-format.ts"
import { joinTexts } from "../request/part.ts"
import { refusePrefill } from "../request/prefill.ts"
import { toSampling } from "../request/sampling.ts"
import type { Scope } from "../request/scope.ts"
import { toUser } from "../request/user-id.ts"
import type { RequestTarget } from "../wire.ts"
import { toFormat } from "./format.ts"
import { toItems } from "./items.ts"
import { toToolFields } from "./tools.ts"
import type { ResponsesRequest } from "./types.ts"

/** OpenAI answers 400 to less: "integer below minimum value". */
const LEAST_TOKENS = 16

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
  target: RequestTarget,
): ResponsesTranslation {
  const { profile, thoughts = NO_THOUGHTS } = target
  const notes = new Set<string>()
  const marks = toCacheMarks(request, target)
  const scope: Scope = { profile, thoughts, marks, note: (sentence) => void notes.add(sentence) }
  refusePrefill(request, profile)
  noteLost(request, scope)
  const { prompt, turns } = toConversation(tellSchema(request, scope), scope)
  // There is no place for marks in `instructions`.
  const instructions = marks && prompt.length > 0 ? undefined : joinTexts(prompt, false)
  const body: ResponsesRequest = {
    model: target.model,
    ...(instructions && { instructions }),
    input: toItems(instructions === undefined ? [{ role: "system", parts: prompt }, ...turns] : turns, scope),
    ...toToolFields(request, scope),
    ...toFormat(request, scope),
    ...toReasoning(request, scope),
    max_output_tokens: toMaxTokens(request.max_tokens, scope, LEAST_TOKENS),
    ...toSampling(request, profile),
    ...toUser(request, profile),
    ...toCacheKey(request, profile, marks),
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
