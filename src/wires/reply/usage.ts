/**
 * A backend's token counts in Anthropic's terms. OpenAI counts cached tokens inside the input, Anthropic beside
 * `input_tokens`: telling them twice doubles a client's costs (grok2api#748, new-api#6821).
 */
import type { Usage } from "../../anthropic/events.ts"

/** The counts as a backend tells them: numbers by the book, but null, strings and fractions come too. */
export interface Counts {
  /** All of the prompt, cached or not. */
  readonly input: unknown
  readonly output: unknown
  /** Of the prompt: read from the backend's cache, and written into it. */
  readonly cached: unknown
  readonly written: unknown
  /** Of the output. */
  readonly reasoning: unknown
}

/** What stands in for a backend that tells nothing. */
export interface Guess {
  /** Asked only when the backend tells nothing. */
  readonly input: () => number
  readonly output: number
}

export function toUsage(counts: Counts | undefined, guess: Guess, serviceTier: string | undefined): Usage {
  const cached = count(counts?.cached) ?? 0
  const written = count(counts?.written) ?? 0
  const input = count(counts?.input)
  const output = count(counts?.output) ?? guess.output
  const reasoning = count(counts?.reasoning)
  return {
    input_tokens: input === undefined ? guess.input() : Math.max(0, input - cached - written),
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

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined
}

function toServiceTier(tier: string | undefined): string | null {
  if (!tier) return null
  return tier === "priority" || tier === "fast" ? "priority" : "standard"
}
