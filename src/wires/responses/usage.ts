/** Where the Responses API tells token counts. */
import type { Counts } from "../reply/usage.ts"
import type { ResponsesAnswer } from "./types.ts"

/** The counts a response tells, if any. */
export function countsIn({ usage }: ResponsesAnswer): Counts | undefined {
  if (!usage) return undefined
  const { input_tokens, output_tokens, input_tokens_details, output_tokens_details } = usage
  return {
    input: input_tokens,
    output: output_tokens,
    cached: input_tokens_details?.cached_tokens,
    written: input_tokens_details?.cache_write_tokens,
    reasoning: output_tokens_details?.reasoning_tokens,
  }
}
