/**
 * Together.
 *
 * Source: the types of `together-ai` 0.52.0.
 */
import type { ProfileFlags } from "./profile.ts"

export const together: ProfileFlags = {
  parallel_tool_calls: false, // not in the types
  files: false, // parts are text, images, videos and sounds
  top_k: true,
  reasoning: { off: { reasoning: { enabled: false } } },
  user_field: "none", // not in the types
}
