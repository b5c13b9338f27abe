/**
 * Fireworks.
 *
 * Source: docs.fireworks.ai, "Reasoning" and "Create Chat Completion"; the `@ai-sdk/fireworks` provider (vercel/ai at
 * ed857f50), which brings efforts down to the general ones.
 */
import type { ProfileFlags } from "./profile.ts"

export const fireworks: ProfileFlags = {
  top_k: true,
  reasoning: {
    replay: "reasoning_content", // "safe to use broadly": models without it ignore it
    tags: true, // "for some models, the reasoning content may instead be included directly in the content field"
  },
}
