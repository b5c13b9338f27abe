/** What a backend of the Responses API streams, and what reached it. */
import type { ResponsesItem, ResponsesPart } from "../../src/wires/responses/types.ts"
import { raw, type Asked, type Script, type ScriptedBackend } from "../_backend.ts"
import { brief } from "./_conversation.ts"
import type { Called } from "./_scripts.ts"

/** A piece of the conversation, of any type. */
interface Item {
  readonly type: string
  readonly role?: string
  readonly content?: readonly Part[]
  readonly call_id?: string
  readonly name?: string
  readonly output?: string | readonly Part[]
  readonly encrypted_content?: string
}

type Part = ResponsesPart | { readonly type: "output_text"; readonly text: string }

/** A whole answer of these items, each told as OpenAI tells it: announced, in a piece, and at its end. */
export function outputs(...items: readonly ResponsesItem[]): Script {
  const usage = { input_tokens: 1200, output_tokens: 20, total_tokens: 1220 }
  const output = items.map((item, n) => ({ ...item, id: `item_${n}`, status: "completed" }))
  return raw(
    event("response.created", { response: { id: "r", status: "in_progress", output: [] } }),
    ...output.flatMap((item, output_index) => [
      event("response.output_item.added", { output_index, item: { ...item, ...empty(item) } }),
      ...pieces(item).map(([type, delta]) => event(type, { output_index, item_id: item.id, delta })),
      event("response.output_item.done", { output_index, item }),
    ]),
    event("response.completed", { response: { id: "r", status: "completed", output, usage } }),
  )
}

export function text(text: string): ResponsesItem {
  return { type: "message", content: [{ type: "output_text", text }] }
}

export function call({ id, name, input }: Called): ResponsesItem {
  return { type: "function_call", call_id: id, name, arguments: JSON.stringify(input) }
}

/** @param encrypted_content The reasoning itself, which only OpenAI can read, and wants back as it is. */
export function reasoning(summary: string, encrypted_content: string): ResponsesItem {
  const item = { type: "reasoning", summary: [{ type: "summary_text", text: summary }], encrypted_content }
  return item
}

/** All requests a backend has seen, with one line an item: `user: say hi`, `calls Read call_1`, `call_1 gave: …`. */
export function itemsIn({ asked }: ScriptedBackend): readonly (readonly string[])[] {
  return asked.map((one) => inputOf(one).map(tell))
}

function inputOf({ body }: Asked): readonly Item[] {
  return (body as { readonly input: readonly Item[] }).input
}

function tell({ type, role, content, call_id: id, name, output, encrypted_content: sealed }: Item): string {
  switch (type) {
    case "message":
      return role === "user" || role === "assistant" ? `${role}: ${tellParts(content)}` : `${role}`
    case "function_call":
      return `calls ${name} ${id}`
    case "function_call_output":
      return `${id} gave: ${tellParts(output)}`
    default:
      return `${type} ${sealed}`
  }
}

function tellParts(parts: string | readonly Part[] = []): string {
  if (typeof parts === "string") return brief(parts)
  return parts.map((part) => ("text" in part ? brief(part.text) : part.type)).filter(Boolean).join(", ")
}

/** An item before anything of it was told. */
function empty({ type }: ResponsesItem): ResponsesItem {
  if (type === "function_call") return { status: "in_progress", arguments: "" }
  return { status: "in_progress", ...(type === "message" ? { content: [] } : { summary: [] }) }
}

/** Names of events, and the text each tells. */
function pieces({ content, summary, arguments: json }: ResponsesItem): readonly (readonly [string, unknown])[] {
  const texts = (content ?? []).map((part) => ["response.output_text.delta", part.text] as const)
  const summaries = (summary ?? []).map((part) => ["response.reasoning_summary_text.delta", part.text] as const)
  const calls = json === undefined ? [] : [["response.function_call_arguments.delta", json] as const]
  return [...summaries, ...texts, ...calls]
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}
