/** A request as it reached a backend of Chat Completions, told so shortly that it can be compared whole. */
import type { ChatMessage, ChatPart, ChatRequest } from "../../src/wires/chat/types.ts"
import type { Asked } from "../_backend.ts"

/** What the client adds to a message by itself. */
const REMINDERS = /<system-reminder>.*?<\/system-reminder>/gs

/** A request's body. */
export function bodyOf(asked: Asked | undefined): ChatRequest {
  if (typeof asked?.body !== "object" || asked.body === null) throw new Error("nothing of that kind was asked")
  return asked.body as ChatRequest
}

/**
 * One line a message: `user: say hi`, `assistant: calls Read call_1`, `tool call_1: …`. The client's own prompts are
 * `system`, and its reminders are left out.
 */
export function conversation(asked: Asked | undefined): readonly string[] {
  return bodyOf(asked).messages.map(tell)
}

/** The names of the tools it offers. */
export function toolsOf(asked: Asked | undefined): readonly string[] {
  return (bodyOf(asked).tools ?? []).map((tool) => tool.function.name)
}

function tell(message: ChatMessage): string {
  if (message.role === "system" || message.role === "developer") return message.role
  if (message.role === "tool") return `tool ${message.tool_call_id}: ${brief(message.content)}`
  if (message.role === "user") return `user: ${tellContent(message.content)}`
  const { content, reasoning_content: thought, tool_calls: calls = [] } = message
  const said = [
    ...(thought === undefined ? [] : [`thinks ${JSON.stringify(thought)}`]),
    ...(content ? [brief(content)] : []),
    ...calls.map(({ id, function: { name } }) => `calls ${name} ${id}`),
  ]
  return `assistant: ${said.join(", ")}`
}

function tellContent(content: string | readonly ChatPart[]): string {
  if (typeof content === "string") return brief(content)
  return content.map(tellPart).filter(Boolean).join(" + ")
}

function tellPart(part: ChatPart): string {
  if (part.type === "text") return brief(part.text)
  if (part.type === "image_url") return `image ${part.image_url.url}`
  return `file ${part.file.filename} ${part.file.file_data}`
}

function brief(text: string): string {
  return text.replaceAll(REMINDERS, "").trim()
}
