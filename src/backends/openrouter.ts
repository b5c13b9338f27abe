/**
 * OpenRouter.
 *
 * Source: the types of `@openrouter/sdk` 1.3.19, where `reasoning_effort` is a shorthand of `reasoning.effort`;
 * openrouter.ai/docs, "Reasoning Tokens".
 */
import type { ProfileFlags } from "./profile.ts"

export const openrouter: ProfileFlags = {
  top_k: true, // left out there for models without it
  reasoning: {
    efforts: ["minimal", "low", "medium", "high", "xhigh", "max"],
    off: "none",
    replay: "reasoning", // the plain form of "Preserving reasoning"
  },
}
