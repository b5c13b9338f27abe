/**
 * Groq.
 *
 * Source: the types of `groq-sdk` 1.6.0.
 */
import type { ProfileFlags } from "./profile.ts"

export const groq: ProfileFlags = {
  max_tokens_field: "max_completion_tokens", // `max_tokens` is deprecated
  reasoning: { tags: true }, // `reasoning_format` is `raw` by default for some models (`langchain-groq`'s reference)
  files: false, // parts are text, images and documents of its own kind
}
