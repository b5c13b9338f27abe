/**
 * Anthropic's Messages request → a Chat Completions request: the request half of this wire. Pure; it shares
 * sub-objects with the request instead of copying them, as schemas and histories are large.
 */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { badRequest } from "../../error.ts"
import { printable } from "../../log.ts"
import { toEffort } from "./effort.ts"
import { shortHash } from "./names.ts"
import type { Scope } from "./scope.ts"
import { fitsStrict } from "./strict.ts"
import { toToolFields } from "./tools.ts"
import { toChatMessages } from "./turns.ts"
import type { ChatRequest } from "./types.ts"

/** What a wire's request half gives: the backend's body, and what was lost on the way, one sentence each. */
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
  target: { readonly model: string; readonly profile: Profile },
): ChatTranslation {
  const { profile } = target
  const notes = new Set<string>()
  const scope: Scope = { profile, note: (sentence) => void notes.add(sentence) }
  refusePrefill(request, profile)
  noteLost(request, scope)
  const effort = toEffort(request, scope)
  const body: ChatRequest = {
    model: target.model,
    messages: toChatMessages(request, scope),
    ...toToolFields(request, scope),
    ...toFormat(request, profile),
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...toSampling(request, profile),
    ...toUser(request, profile),
    ...(request.stream && { stream: true }),
    ...(request.stream && profile.stream_usage && { stream_options: { include_usage: true } }),
  }
  return { body, notes: [...notes] }
}

/** Most chat templates would answer a trailing assistant turn instead of going on with it. */
function refusePrefill({ messages }: MessageRequest, profile: Profile): void {
  if (profile.prefill === "pass" || messages.findLast(({ role }) => role !== "system")?.role !== "assistant") return
  // Anthropic's own words for models without prefill: clients look for them.
  throw badRequest(
    "messages",
    "This model does not support assistant message prefill. The conversation must end with a user message.",
  )
}

function toSampling(request: MessageRequest, profile: Profile): Partial<ChatRequest> {
  const { temperature, top_p, top_k, max_tokens } = request
  const stop = request.stop_sequences?.slice(0, profile.stop_max) ?? []
  return {
    [profile.max_tokens_field]: max_tokens,
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof top_p === "number" && { top_p }),
    ...(typeof top_k === "number" && profile.top_k && { top_k }),
    ...(stop.length > 0 && { stop }), // the rest of them is cut at in the reply
  }
}

function toFormat({ output_config, output_format }: MessageRequest, profile: Profile): Partial<ChatRequest> {
  const format = output_config?.format ?? output_format
  if (!format) return {}
  if (!profile.json_schema) throw badRequest("output_config.format", "this backend cannot be held to a JSON schema")
  const { schema } = format
  return {
    response_format: { type: "json_schema", json_schema: { name: "response", schema, strict: fitsStrict(schema) } },
  }
}

/** OpenAI's limit for both of the fields; Claude Code's user id is a JSON text of some 200 characters. */
const USER_MAX = 64

function toUser({ metadata }: MessageRequest, { user_field }: Profile): Partial<ChatRequest> {
  const user = metadata?.user_id
  if (!user || user_field === "none") return {}
  return { [user_field]: user.length <= USER_MAX ? user : `user_${shortHash(user)}` }
}

/** Fields that are translated, and fields whose loss changes nothing about the answer. */
const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "max_tokens",
  "messages",
  "system",
  "stream",
  "stop_sequences",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "metadata",
  "temperature",
  "top_p",
  "top_k",
  "service_tier",
  "speed",
  "inference_geo",
  "container",
  "diagnostics",
  "cache_control",
  "context_management",
  "fallbacks",
  "safeguards",
  "user_profile_id",
  "workspace_id",
])

/** So many unknown fields are told of; a hostile body can hold a million. */
const TOLD = 20

function noteLost(request: MessageRequest, { profile, note }: Scope): void {
  const given: ReadonlyMap<string, unknown> = new Map(Object.entries(request))
  if (typeof request.top_k === "number" && !profile.top_k) note("top_k was dropped: this backend does not take it")
  if (given.get("fallbacks")) note("fallbacks were ignored: which model answers is the proxy's configuration")
  const unknown = [...given.keys()].filter((name) => !KNOWN.has(name))
  for (const name of unknown.slice(0, TOLD)) note(`field "${printable(name)}" is unknown and was ignored`)
  if (unknown.length > TOLD) note(`${unknown.length - TOLD} more unknown fields were ignored`)
}
