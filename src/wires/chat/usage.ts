/** Where Chat Completions tell token counts. */
import type { Counts } from "../reply/usage.ts"
import type { ChatChunk } from "./types.ts"

/** The counts a chunk tells, if any. */
export function countsIn({ usage, x_groq }: ChatChunk): Counts | undefined {
  const told = usage ?? x_groq?.usage
  if (!told) return undefined
  const { prompt_tokens, completion_tokens, prompt_tokens_details, completion_tokens_details } = told
  return {
    input: prompt_tokens,
    output: completion_tokens,
    cached: told.cache_read_input_tokens ?? prompt_tokens_details?.cached_tokens ?? told.prompt_cache_hit_tokens,
    written: told.cache_creation_input_tokens ?? prompt_tokens_details?.cache_write_tokens,
    reasoning: completion_tokens_details?.reasoning_tokens,
  }
}
