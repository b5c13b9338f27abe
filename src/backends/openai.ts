/**
 * OpenAI itself, over Chat Completions.
 *
 * Source: the types of `openai` 7.57.0; `max_tokens` is refused by the reasoning models and deprecated for all.
 */
import type { ProfileFlags } from "./profile.ts"

export const openai: ProfileFlags = {
  max_tokens_field: "max_completion_tokens",
  system_role: "developer",
  reasoning: {
    request: "reasoning_effort",
    efforts: ["minimal", "low", "medium", "high", "xhigh", "max"],
    off: "none",
  },
  user_field: "safety_identifier", // `user` is deprecated
}
