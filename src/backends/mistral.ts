/**
 * Mistral's own API. It answers 422 to fields it does not know. Prefill stays refused, though messages may carry a
 * `prefix`: no page says that the answer leaves it out, and a client would get it twice.
 *
 * Source: the types of `@mistralai/mistralai` 2.7.0; mistralai/mistral-common's request validator; issues where named.
 */
import type { ProfileFlags } from "./profile.ts"

export const mistral: ProfileFlags = {
  mid_system: "user", // mistral-common refuses a system message behind an assistant's or a tool's
  user_after_tool: false, // "Unexpected role 'user' after role 'tool'" (datapizza-ai#98)
  stream_usage: false, // no `stream_options`; its streams end with usage anyhow
  tool_id_form: "alphanumeric_9", // "must be a-z, A-Z, 0-9, with a length of 9" (opencode#1680, ironclaw#1241)
  files: false, // a PDF is a `document_url` part, or a `file` part with an uploaded file's id
  reasoning: { request: "none" }, // 422 from all but the small models (hermes-agent#11243)
  user_field: "none", // not in the types
}
