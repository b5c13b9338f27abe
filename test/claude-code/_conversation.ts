/** A request as it reached a backend of Chat Completions, told so shortly that it can be compared whole. */
import type { ChatPart, ChatRequest, ChatToolCall } from "../../src/wires/chat/types.ts"
import type { Asked, ScriptedBackend } from "../_backend.ts"

/** A message of any role. */
interface Message {
  readonly role: string
  readonly content: string | readonly ChatPart[] | null
  readonly reasoning_content?: string
  readonly tool_calls?: readonly ChatToolCall[]
  readonly tool_call_id?: string
}

/** A request's body. */
export function bodyOf(asked: Asked | undefined): ChatRequest {
  if (typeof asked?.body !== "object" || asked.body === null) throw new Error("nothing with a body was asked")
  return asked.body as ChatRequest
}

/**
 * All requests a backend has seen, with one line a message: `user: say hi`, `assistant: calls Read call_1`,
 * `tool call_1: …`. The client's own prompts are `system`, and its reminders are left out.
 */
export function conversations({ asked }: ScriptedBackend): readonly (readonly string[])[] {
  return asked.map((one) => (bodyOf(one).messages as readonly Message[]).map(tell))
}

/** The names of the tools it offers. */
export function toolsOf(asked: Asked | undefined): readonly string[] {
  return (bodyOf(asked).tools ?? []).map((tool) => tool.function.name)
}

/** A text without the reminders that the client adds by itself. */
export function brief(text: string): string {
  return text.replaceAll(/<system-reminder>.*?<\/system-reminder>/gs, "").trim()
}

function tell({ role, content, tool_call_id: id, ...message }: Message): string {
  if (role === "system" || role === "developer") return role
  const { reasoning_content: thought, tool_calls: calls = [] } = message
  const parts = [
    ...(thought === undefined ? [] : [`thinks ${JSON.stringify(thought)}`]),
    ...(typeof content === "string" ? [brief(content)] : (content ?? []).map(tellPart)),
    ...calls.map((call) => `calls ${call.function.name} ${call.id}`),
  ]
  return `${id === undefined ? role : `${role} ${id}`}: ${parts.filter(Boolean).join(", ")}`
}

function tellPart(part: ChatPart): string {
  if (part.type === "text") return brief(part.text)
  if (part.type === "image_url") return `image ${part.image_url.url}`
  return `file ${part.file.filename} ${part.file.file_data}`
}
