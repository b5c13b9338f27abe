/**
 * Zhipu's GLM: `https://api.z.ai/api/paas/v4`, `https://open.bigmodel.cn/api/paas/v4`.
 *
 * Source: docs.z.ai and docs.bigmodel.cn, "Chat Completion" and "Thinking Mode"; litellm's zai transformation; issues
 * where named.
 */
import type { ProfileFlags } from "./profile.ts"

export const zhipu: ProfileFlags = {
  tool_choice: ["auto"], // "Tool choice must be auto" (hindsight#4246)
  parallel_tool_calls: false, // not in the reference
  stop_max: 1, // "at most one stop word" (ChatGLM3#798)
  files: false, // not for these models in the reference
  reasoning: {
    efforts: ["low", "high", "max"], // GLM-5.3's; GLM-5.2 maps `low` to `high`, older ones read none
    off: { thinking: { type: "disabled" } },
    replay: "reasoning_content", // "should be explicitly preserved and returned together with the tool results"
  },
  json_schema: false, // `response_format` is `text` or `json_object`
  json_object: true,
  user_field: "none", // not in the reference
}
