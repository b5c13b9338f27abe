/**
 * Ollama's OpenAI-compatible API.
 *
 * Source: ollama/ollama openai/openai.go and middleware/openai.go at fb307609 (2026-08-21).
 */
import type { ProfileFlags } from "./profile.ts"

export const ollama: ProfileFlags = {
  tool_choice: [], // read by nothing there
  parallel_tool_calls: false, // likewise
  images: "data", // "image URL must be a base64 data URI"
  image_types_refused: ["image/gif"], // png, jpeg and webp only
  files: false, // answers "invalid message format"
  reasoning: {
    efforts: ["low", "medium", "high", "max"],
    off: "none",
    replay: "reasoning", // read on assistant messages
  },
  user_field: "none", // unknown there
}
