/**
 * Moonshot's Kimi. Thinking is on unless it is turned off, which not every model allows.
 *
 * Source: platform.kimi.ai docs, "Chat Completion", "Partial Mode" and "Thinking"; litellm's moonshot transformation;
 * the `@ai-sdk/moonshotai` provider (vercel/ai at ed857f50); issues where named.
 */
import type { ProfileFlags } from "./profile.ts"

export const moonshot: ProfileFlags = {
  tool_choice: ["auto", "none"], // others are "incompatible with thinking enabled" (oh-my-pi#1077, litellm)
  stop_max: 0, // at most 5, each of at most 32 bytes
  images: "data", // it fetches no URLs (vercel/ai)
  files: false, // parts are text, images and videos (vercel/ai)
  sampling: false, // "invalid temperature: only 1 is allowed for this model" (opencode#10811, nanobot#4967)
  reasoning: {
    efforts: ["low", "high", "max"],
    off: { thinking: { type: "disabled" } }, // alone: "cannot specify both" (nanobot#3939)
    replay: "reasoning_content", // "reasoning_content is missing in assistant tool call message" (continue#11711)
    replay_blank: " ", // the least it accepts (litellm)
  },
  schema: { remove: ["$schema"] }, // an answer held to a schema with it is nonsense (vercel/ai)
  prefill: "partial", // the answer does not repeat it
}
