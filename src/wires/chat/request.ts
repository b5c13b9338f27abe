/**
 * Anthropic's Messages request → a Chat Completions request: the request half of this wire. Pure; it shares
 * sub-objects with the request instead of copying them, as schemas and histories are large.
 */
import type { MessageRequest } from "../../anthropic/types.ts"
import { NO_THOUGHTS } from "../replay.ts"
import { toCacheKey, toCacheMarks } from "../request/cache-marks.ts"
import { noteLost } from "../request/lost.ts"
import { toMaxTokens } from "../request/max-tokens.ts"
import { tellSchema } from "../request/output-format.ts"
import { refusePrefill } from "../request/prefill.ts"
import { toSampling } from "../request/sampling.ts"
import type { Scope } from "../request/scope.ts"
import { toUser } from "../request/user-id.ts"
import type { RequestTarget } from "../wire.ts"
import { toFormat } from "./format.ts"
import { toChatMessages } from "./messages.ts"
import { markPrefill, marksPrefill } from "./prefill.ts"
import { toThinking } from "./thinking.ts"
import { toToolFields } from "./tools.ts"
import type { ChatRequest } from "./types.ts"

/** The backend's body, and what was lost on the way, one sentence each. */
export interface ChatTranslation {
  readonly body: ChatRequest
  readonly notes: readonly string[]
}

/**
 * Translates a validated request.
 *
 * @throws {ProxyError} 400 with the path of what this backend, or Chat Completions at large, cannot take.
 */
export function toChatRequest(
  request: MessageRequest,
  target: RequestTarget,
): ChatTranslation {
  const { profile, thoughts = NO_THOUGHTS } = target
  const notes = new Set<string>()
  const marks = toCacheMarks(request, target)
  const scope: Scope = { profile, thoughts, marks, note: (sentence) => void notes.add(sentence) }
  if (!marksPrefill(profile)) refusePrefill(request, profile)
  noteLost(request, scope)
  const stop = request.stop_sequences?.slice(0, profile.stop_max) ?? [] // the rest is cut at in the reply
  const body: ChatRequest = {
    ...toThinking(request, scope), // first: fields that a config names take no other's place
    model: target.model,
    ...markPrefill(toChatMessages(tellSchema(request, scope), scope), profile),
    ...toToolFields(request, scope),
    ...toFormat(request, scope),
    [profile.max_tokens_field]: toMaxTokens(request.max_tokens, scope),
    ...toSampling(request, profile),
    ...(stop.length > 0 && { stop }),
    ...toUser(request, profile),
    ...toCacheKey(request, profile, marks),
    ...(request.stream && { stream: true }),
    ...(request.stream && profile.stream_usage && { stream_options: { include_usage: true } }),
  }
  return { body, notes: [...notes] }
}
