/**
 * DeepSeek's own API. Thinking is on unless it is turned off.
 *
 * Source: api-docs.deepseek.com, "Create Chat Completion", "Thinking Mode" and "Chat Prefix Completion"; the
 * `@ai-sdk/deepseek` provider (vercel/ai at ed857f50); issues where named.
 */
import type { ProfileFlags } from "./profile.ts"

export const deepseek: ProfileFlags = {
  tool_choice: [], // "Thinking mode does not support this tool_choice" (DeepSeek-V3#1376, any-llm#1384)
  parallel_tool_calls: false, // not in the reference
  stop_max: 16, // "up to 16 sequences"
  files: false, // parts are text and images
  reasoning: {
    efforts: ["low", "high", "max"], // others are mapped to these
    off: { thinking: { type: "disabled" } },
    replay: "reasoning_content", // "must be passed back" (cc-switch#2331, bifrost#5887)
    replay_blank: "", // wanted on every assistant message, be it empty (vercel/ai)
  },
  json_schema: false, // `response_format` is `text` or `json_object`
  json_object: true,
  user_field: "none", // not in the reference
}

/** Its beta, `https://api.deepseek.com/beta`, goes on with the beginning of an answer. */
export const deepseekBeta: ProfileFlags = { ...deepseek, prefill: "prefix" }
