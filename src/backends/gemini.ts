/**
 * Gemini's OpenAI-compatible API (`https://generativelanguage.googleapis.com/v1beta/openai`). It answers 400 to fields
 * it does not know. Efforts are the general ones; `none` is refused by models that always think.
 *
 * Source: ai.google.dev, "OpenAI compatibility" and "Thought signatures"; issues where named.
 */
import type { ProfileFlags } from "./profile.ts"

export const gemini: ProfileFlags = {
  parallel_tool_calls: false, // "Unknown name", "Parallel tool calls are not supported" (magentic#382)
  // Gemini 3 answers 400 to a call without the signature it came with (claude-code-router#1431); `first_call` is the
  // documented stand-in where it is not at hand (pi#1829). Of parallel calls only the first one has any.
  reasoning: { replay_call: "extra_content" },
  first_call: { extra_content: { google: { thought_signature: "skip_thought_signature_validator" } } },
  user_field: "none", // not among the fields of the page
}
