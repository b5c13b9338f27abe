/** Why a backend stopped, in Anthropic's terms. */
import type { StopReason } from "../../anthropic/events.ts"
import type { Finish } from "../../anthropic/writer.ts"

/** How a backend says that its answer is over: of itself, at `max_tokens`, at the end of its window, or withheld. */
export type Ending = "plain" | "length" | "window" | "filter"

export interface FinishFacts {
  readonly ending: Ending
  /** The client's stop sequence that matched, told by the backend or cut by the proxy. */
  readonly matched: string | undefined
  /** Whether a tool call has been given to the client. */
  readonly called: boolean
  /** What the model said when it refused. */
  readonly refusal: string | undefined
}

export function toFinish({ ending, matched, called, refusal }: FinishFacts): Finish {
  if (matched !== undefined) return { stop_reason: "stop_sequence", stop_sequence: matched, stop_details: null }
  if (refusal !== undefined || ending === "filter") {
    const explanation = refusal || null
    return {
      stop_reason: "refusal",
      stop_sequence: null,
      stop_details: { type: "refusal", category: null, explanation },
    }
  }
  return { stop_reason: plainReason(ending, called), stop_sequence: null, stop_details: null }
}

function plainReason(ending: Ending, called: boolean): StopReason {
  if (ending === "length") return "max_tokens"
  if (ending === "window") return "model_context_window_exceeded"
  // Local servers say `stop` after tool calls (litellm#34718), and some `tool_calls` without any.
  return called ? "tool_use" : "end_turn"
}
