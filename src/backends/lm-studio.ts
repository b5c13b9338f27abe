/**
 * LM Studio's server.
 *
 * Source: lmstudio.ai/docs, "OpenAI Compatibility Endpoints"; issues where named.
 */
import type { ProfileFlags } from "./profile.ts"

export const lmStudio: ProfileFlags = {
  content_null: false, // "'content' field must be a string or an array of objects" (lmstudio-bug-tracker#261)
  tool_choice: ["auto", "none", "required"], // "Invalid tool_choice type: 'object'" (page-agent#367)
  images: "data", // "'url' field must be a base64 encoded image" (lmstudio-bug-tracker#1120)
  image_types_refused: ["image/webp"], // answered with the same words (lmstudio-bug-tracker#1752, Roo-Code#8827)
  files: false, // text and images, says the overview
  reasoning: { tags: true }, // where a model's setting does not separate them (lmstudio-bug-tracker#1569)
  top_k: true, // among the supported parameters
  schema: { properties: true }, // `parameters.properties` is required (claude-code-router#272)
}
