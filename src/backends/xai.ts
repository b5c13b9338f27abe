/**
 * xAI's Grok.
 *
 * Source: docs.x.ai, "Image Understanding" and "Reasoning"; the `@ai-sdk/xai` provider (vercel/ai at ed857f50); issues
 * where named.
 */
import type { ProfileFlags } from "./profile.ts"

export const xai: ProfileFlags = {
  max_tokens_field: "max_completion_tokens", // `max_tokens` is deprecated
  stop_max: 0, // "Argument not supported on this model: stop" from models that think (litellm#12635, langchain#38335)
  image_types_refused: ["image/gif", "image/webp"], // "jpg/jpeg or png"
  files: false, // only its Responses API reads files
  reasoning: { request: "none" }, // most models answer 400; grok-4.3 and others take it (hermes-agent#23435)
}
