/** The conversation as the Responses API spells it: a list of items. */
import type { PlacedReplay } from "../replay.ts"
import type { AssistantTurn, Call, ToolTurn, Turn } from "../request/turn.ts"
import { joinTexts, type Part, type TextPart } from "../request/part.ts"
import type { Scope } from "../request/scope.ts"
import { toResultParts } from "../request/result-text.ts"
import type { ResponsesInput, ResponsesPart } from "./types.ts"

/** Each turn as its items: an assistant's text and its calls are items of their own. */
export function toItems(turns: readonly Turn[], { profile, marks }: Scope): readonly ResponsesInput[] {
  const apart = marks !== undefined
  return turns.flatMap((turn): readonly ResponsesInput[] => {
    switch (turn.role) {
      case "user":
        return [{ type: "message", role: "user", content: turn.parts.map(toPart) }]
      case "system":
        return [{ type: "message", role: profile.system_role, content: toTexts(turn.parts, apart) }]
      case "assistant":
        return toAssistantItems(turn)
      case "tool":
        return [{ type: "function_call_output", call_id: turn.id, output: toOutput(turn, apart) }]
    }
  })
}

/**
 * Reasoning goes ahead of what it led to. Where that is not there any more it stays behind: "Item of type 'reasoning'
 * was provided without its required following item" (vercel/ai#7099).
 */
function toAssistantItems({ text, calls, replays }: AssistantTurn): readonly ResponsesInput[] {
  const ahead = (test: (placed: PlacedReplay) => boolean): readonly ResponsesInput[] =>
    replays.filter(test).flatMap(({ replay }) => replay.items ?? []).map((item) => ({ ...item, type: "reasoning" }))
  const message: ResponsesInput = { type: "message", role: "assistant", content: [{ type: "output_text", text }] }
  return [
    ...(text ? [...ahead(({ before, spoken }) => before === 0 && !spoken), message] : []),
    ...calls.flatMap((call, n) => [
      ...ahead(({ before, spoken }) => before === n && (n > 0 || spoken || !text)),
      toCall(call),
    ]),
  ]
}

function toCall({ id, name, arguments: json }: Call): ResponsesInput {
  return { type: "function_call", call_id: id, name, arguments: json }
}

function toPart(part: Part): ResponsesPart {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text, ...part.mark }
    case "image":
      return { type: "input_image", image_url: part.url, detail: "auto", ...part.mark }
    case "file":
      return { type: "input_file", filename: part.filename, file_data: part.data, ...part.mark }
  }
}

function toTexts(parts: readonly TextPart[], apart: boolean): readonly ResponsesPart[] {
  const text = joinTexts(parts, apart)
  return text === undefined ? parts.map(toPart) : [{ type: "input_text", text }]
}

/** A string where the result is text, which every server takes; images and files stay where they are. */
function toOutput({ parts, failed }: ToolTurn, apart: boolean): string | readonly ResponsesPart[] {
  const told = toResultParts(parts, failed)
  return joinTexts(told, apart) ?? told.map(toPart)
}
