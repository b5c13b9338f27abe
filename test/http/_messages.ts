/** What a backend that speaks the Messages API answers. */
import { json } from "../_backend.ts"

export function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

export const usage = {
  input_tokens: 12,
  output_tokens: 1,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 3,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  service_tier: "standard",
  inference_geo: "eu",
}
export const message = {
  id: "msg_theirs",
  type: "message",
  role: "assistant",
  model: "model-of-b",
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage,
}
export const start = event("message_start", { message })
export const end = (stop_reason = "end_turn"): string =>
  event("message_delta", {
    delta: { stop_reason, stop_sequence: null },
    usage: { output_tokens: 9 },
    context_management: { applied_edits: [] },
  }) + event("message_stop")
export const hello =
  start +
  event("ping") +
  event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
  event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "Hello!" } }) +
  event("content_block_stop", { index: 0 }) +
  end()
export const whole = json(200, {
  ...message,
  content: [{ type: "text", text: "Hello!" }],
  stop_reason: "end_turn",
  container: { id: "c", expires_at: "t" },
})
