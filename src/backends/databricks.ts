/**
 * Databricks Model Serving (`/serving-endpoints`).
 *
 * Source: litellm's databricks transformation and types; Databricks' Foundation Model API reference; issues where
 * named.
 */
import type { ProfileFlags } from "./profile.ts"

export const databricks: ProfileFlags = {
  stream_usage: false, // some of its models refuse `stream_options` (opencode#4698, unity-gateway#491)
  parallel_tool_calls: false, // not in the reference
  files: false, // likewise
  user_field: "none", // likewise
  cache_marks: "cache_control", // on parts of a list (litellm#16200)
  cache_models: ["*claude*"],
  cache_places: ["system", "user"], // no more is known to be taken, and Claude takes no mark inside a tool's result
  schema: { remove: ["$schema", "exclusiveMinimum"] }, // its Gemini models answer 400 to them (unity-gateway#491)
}
