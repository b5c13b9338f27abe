/**
 * Databricks Model Serving (`/serving-endpoints`).
 *
 * Source: litellm's databricks transformation and types, Databricks' Foundation Model API reference;
 * opencode#4698 for `stream_options`, which some of its models refuse.
 */
import type { ProfileFlags } from "./profile.ts"

export const databricks: ProfileFlags = {
  stream_usage: false,
  parallel_tool_calls: false,
  files: false,
  user_field: "none",
}
