/** The conversation as the Responses API spells it: a list of items. */
import type { Call, Turn } from "../request/turn.ts"
import { textsOf, type Part } from "../request/part.ts"
import type { Scope } from "../request/scope.ts"
import { toResultText } from "../request/result-text.ts"
import type { ResponsesInput, ResponsesPart } from "./types.ts"

/** Each turn as its items: an assistant's text and its calls are items of their own. */
export function toItems(turns: readonly Turn[], { profile }: Scope): readonly ResponsesInput[] {
  return turns.flatMap((turn): readonly ResponsesInput[] => {
    switch (turn.role) {
      case "user":
        return [{ type: "message", role: "user", content: turn.parts.map(toPart) }]
      case "system":
        return [{ type: "message", role: profile.system_role, content: [{ type: "input_text", text: turn.text }] }]
      case "assistant": {
        const { text } = turn
        const calls = turn.calls.map(toCall)
        if (!text) return calls
        return [{ type: "message", role: "assistant", content: [{ type: "output_text", text }] }, ...calls]
      }
      case "tool":
        return [{ type: "function_call_output", call_id: turn.id, output: toOutput(turn.parts, turn.failed) }]
    }
  })
}

function toCall({ id, name, arguments: json }: Call): ResponsesInput {
  return { type: "function_call", call_id: id, name, arguments: json }
}

function toPart(part: Part): ResponsesPart {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text }
    case "image":
      return { type: "input_image", image_url: part.url, detail: "auto" }
    case "file":
      return { type: "input_file", filename: part.filename, file_data: part.data }
  }
}

/** A string where the result is text, which every server takes; images and files stay where they are. */
function toOutput(parts: readonly Part[], failed: boolean): string | readonly ResponsesPart[] {
  const texts = textsOf(parts)
  if (texts) return toResultText(texts, failed)
  const [first, ...rest] = parts.map(toPart)
  if (!failed || !first) return parts.map(toPart)
  if (first.type !== "input_text") return [{ type: "input_text", text: "Error:" }, first, ...rest]
  return [{ type: "input_text", text: toResultText([first.text], true) }, ...rest]
}
