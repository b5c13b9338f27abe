/**
 * OpenRouter.
 *
 * Source: the types of `@openrouter/sdk` 1.3.19, where `reasoning_effort` is a shorthand of `reasoning.effort`;
 * openrouter.ai/docs, "Reasoning Tokens" and "Prompt Caching". Marks go on parts: one on a tool message as such hangs
 * (hermes-agent#2362).
 */
import type { ProfileFlags } from "./profile.ts"

export const openrouter: ProfileFlags = {
  top_k: true, // left out there for models without it
  cache_marks: "cache_control", // turned into each provider's own, or left out
  reasoning: {
    efforts: ["minimal", "low", "medium", "high", "xhigh", "max"],
    off: "none",
    replay: "reasoning_details", // "you cannot rearrange or modify the sequence of these blocks"
  },
}
