/** An answer that the client has begun: how a backend is told to go on with it instead of answering it. */
import type { Profile } from "../../backends/profile.ts"
import type { ChatMessage, ChatRequest } from "./types.ts"

/** Whether the backend knows a mark for it. */
export function marksPrefill({ prefill }: Profile): boolean {
  return prefill !== "refuse" && prefill !== "pass"
}

/** The messages, and the fields beside them, with the last message marked where it is an answer's beginning. */
export function markPrefill(
  messages: readonly ChatMessage[],
  { prefill }: Profile,
): Pick<ChatRequest, "messages" | "continue_final_message" | "add_generation_prompt"> {
  const last = messages.at(-1)
  if (last?.role !== "assistant") return { messages }
  if (prefill === "continue_final_message") {
    // vLLM answers 400 to it unless the template is told not to begin an answer of its own.
    return { messages, continue_final_message: true, add_generation_prompt: false }
  }
  if (prefill !== "prefix" && prefill !== "partial") return { messages }
  return { messages: [...messages.slice(0, -1), { ...last, [prefill]: true }] }
}
