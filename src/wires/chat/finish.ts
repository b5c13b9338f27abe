/** Why a backend stopped, in Anthropic's terms. */
import type { StopReason } from "../../anthropic/events.ts"
import type { Finish } from "../../anthropic/writer.ts"

export interface FinishFacts {
  /** `finish_reason` as it came; "" and unknown words mean a plain end. */
  readonly reason: string | undefined
  /** The client's stop sequence that matched, told by the backend or cut by the proxy. */
  readonly matched: string | undefined
  /** Whether a tool call has been given to the client. */
  readonly called: boolean
  /** What the model said when it refused. */
  readonly refusal: string | undefined
}

export function toFinish({ reason, matched, called, refusal }: FinishFacts): Finish {
  if (matched !== undefined) return { stop_reason: "stop_sequence", stop_sequence: matched, stop_details: null }
  if (refusal !== undefined || reason === "content_filter") {
    const explanation = refusal || null
    return {
      stop_reason: "refusal",
      stop_sequence: null,
      stop_details: { type: "refusal", category: null, explanation },
    }
  }
  return { stop_reason: plainReason(reason, called), stop_sequence: null, stop_details: null }
}

function plainReason(reason: string | undefined, called: boolean): StopReason {
  if (reason === "length") return "max_tokens"
  if (reason === "model_length") return "model_context_window_exceeded" // Mistral
  // Local servers say `stop` after tool calls (litellm#34718), and some `tool_calls` without any.
  return called ? "tool_use" : "end_turn"
}
