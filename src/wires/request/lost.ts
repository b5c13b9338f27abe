/** What of a request is lost whatever the wire: told, so that nobody looks for it in the answer. */
import type { MessageRequest } from "../../anthropic/types.ts"
import { printable } from "../../log.ts"
import type { Scope } from "./scope.ts"

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

/** Notes fields that were dropped or ignored. */
export function noteLost(request: MessageRequest, { profile, note }: Scope): void {
  const given: ReadonlyMap<string, unknown> = new Map(Object.entries(request))
  if (typeof request.top_k === "number" && !profile.top_k) note("top_k was dropped: this backend does not take it")
  if (!profile.sampling && (typeof request.temperature === "number" || typeof request.top_p === "number")) {
    note("temperature and top_p were dropped: this backend takes its own")
  }
  if (given.get("fallbacks")) note("fallbacks were ignored: which model answers is the proxy's configuration")
  const unknown = [...given.keys()].filter((name) => !KNOWN.has(name))
  for (const name of unknown.slice(0, TOLD)) note(`field "${printable(name)}" is unknown and was ignored`)
  if (unknown.length > TOLD) note(`${unknown.length - TOLD} more unknown fields were ignored`)
}
