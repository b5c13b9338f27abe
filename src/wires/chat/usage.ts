/** Where Chat Completions tell token counts. */
import { objectsIn } from "../is-object.ts"
import type { Counts } from "../reply/usage.ts"
import type { ChatChunk, ChatUsage } from "./types.ts"

/** The counts a chunk tells, if any. */
export function countsIn({ usage, x_groq, choices }: ChatChunk): Counts | undefined {
  const told = usage ?? x_groq?.usage ?? objectsIn(choices).find((choice) => choice.usage)?.usage
  if (!told) return undefined
  const { prompt_tokens_details, completion_tokens_details } = told
  return {
    input: told.prompt_tokens,
    output: outputIn(told),
    cached:
      told.cache_read_input_tokens ??
      prompt_tokens_details?.cached_tokens ??
      told.prompt_cache_hit_tokens ??
      told.cached_tokens,
    written: told.cache_creation_input_tokens ?? prompt_tokens_details?.cache_write_tokens,
    reasoning: completion_tokens_details?.reasoning_tokens,
  }
}

/**
 * All of the output. xAI and servers in front of Gemini count reasoning beside `completion_tokens`, where OpenAI counts
 * it inside; the total then holds all three (vercel/ai#12425, CLIProxyAPI#5733).
 */
function outputIn({ prompt_tokens, completion_tokens, total_tokens, completion_tokens_details }: ChatUsage): unknown {
  const reasoning = completion_tokens_details?.reasoning_tokens
  if (!reasoning) return completion_tokens
  const output = (completion_tokens ?? 0) + reasoning
  return (prompt_tokens ?? 0) + output === total_tokens ? output : completion_tokens
}
