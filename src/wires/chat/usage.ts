/**
 * Token counts of Chat Completions in Anthropic's terms. OpenAI counts cached tokens inside `prompt_tokens`, Anthropic
 * beside `input_tokens`: telling them twice doubles a client's costs (grok2api#748, new-api#6821).
 */
import type { Usage } from "../../anthropic/events.ts"
import type { ChatUsage } from "./types.ts"

/** What stands in for a backend that tells nothing. */
export interface Guess {
  /** Asked only when the backend tells nothing. */
  readonly input: () => number
  readonly output: number
}

export function toUsage(usage: ChatUsage | undefined, guess: Guess, serviceTier: string | null | undefined): Usage {
  const cached = count(usage?.prompt_tokens_details?.cached_tokens) ?? count(usage?.prompt_cache_hit_tokens) ?? 0
  const written = count(usage?.prompt_tokens_details?.cache_write_tokens) ?? 0
  const prompt = count(usage?.prompt_tokens)
  const output = count(usage?.completion_tokens) ?? guess.output
  const reasoning = count(usage?.completion_tokens_details?.reasoning_tokens)
  return {
    input_tokens: prompt === undefined ? guess.input() : Math.max(0, prompt - cached - written),
    output_tokens: output,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    cache_creation: null,
    output_tokens_details: reasoning === undefined ? null : { thinking_tokens: Math.min(reasoning, output) },
    server_tool_use: null,
    service_tier: toServiceTier(serviceTier),
    inference_geo: null,
    speed: null,
  }
}

/** Backends send null, strings and fractions here. */
function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined
}

function toServiceTier(tier: string | null | undefined): string | null {
  if (!tier) return null
  return tier === "priority" || tier === "fast" ? "priority" : "standard"
}
