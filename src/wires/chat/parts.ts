/** Where backends put text and reasoning inside a delta. */
import { objectsIn } from "../is-object.ts"
import type { ChatContentPart, ChatDelta } from "./types.ts"

/** The reasoning of a delta, once: backends repeat the same words in two fields (pi#5605). */
export function reasoningOf(delta: ChatDelta): string {
  const { reasoning, reasoning_content, reasoning_details } = delta
  if (typeof reasoning === "string" && reasoning) return reasoning
  if (typeof reasoning_content === "string" && reasoning_content) return reasoning_content
  return objectsIn(reasoning_details).map((detail) => textIn(detail.text ?? detail.summary)).join("")
}

/** Text and thinking of a content list, in order (Mistral, Databricks). Parts of other kinds have neither. */
export function contentParts(parts: readonly ChatContentPart[]): readonly { text: string; thinking: string }[] {
  return parts.map((part) => {
    if (part.type === "thinking") return { text: "", thinking: joined(part.thinking) }
    if (part.type === "reasoning") return { text: "", thinking: joined(part.summary ?? part.text) }
    return { text: textIn(part.text), thinking: "" }
  })
}

function joined(value: string | readonly { readonly text?: string }[] | undefined): string {
  return typeof value === "string" ? value : objectsIn(value).map(({ text }) => textIn(text)).join("")
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : ""
}
