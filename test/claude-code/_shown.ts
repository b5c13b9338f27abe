/** What Claude Code showed on the way to its answer. */
import type { Ran } from "./_claude.ts"

/** A block of an answer or of what a tool gave. */
interface Shown {
  readonly type: string
  readonly thinking?: string
  readonly text?: string
  readonly name?: string
}

/** One line a block of the model's: `thinking: …`, `text: …`, `tool_use: Read`. */
export function shown({ lines }: Ran): readonly string[] {
  const answers = lines.filter(({ type }) => type === "assistant")
  const blocks = answers.flatMap(({ message }) => (message as { readonly content: readonly Shown[] }).content)
  return blocks.map(({ type, thinking, text, name }) => `${type}: ${thinking ?? text ?? name}`)
}

/** The `system` lines of a subtype: `api_retry`, `compact_boundary`. */
export function told({ lines }: Ran, subtype: string): readonly object[] {
  return lines.filter((line) => line["subtype"] === subtype)
}
