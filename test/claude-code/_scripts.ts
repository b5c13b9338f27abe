/** What a backend of Chat Completions streams: short ways to a whole answer. */
import { chunks, type Script } from "../_backend.ts"
import { delta } from "../_proxy.ts"

/** A tool call a model makes. */
export interface Called {
  readonly id: string
  readonly name: string
  readonly input: object
}

/** A text in two pieces. */
export function says(text: string): Script {
  return answers([content(text)], "stop")
}

/** Tool calls, one behind the other, their arguments in two pieces each. */
export function calls(...list: readonly Called[]): Script {
  return answers(list.map(toCall), "tool_calls")
}

/** Reasoning as DeepSeek and others stream it, before a text or calls. */
export function thinks(thought: string, then: string | readonly Called[]): Script {
  const thinking = halves(thought).map((reasoning_content) => delta({ reasoning_content }))
  if (typeof then === "string") return answers([thinking, content(then)], "stop")
  return answers([thinking, ...then.map(toCall)], "tool_calls")
}

/** The beginning of a stream with a text, as it is written. */
export function beginning(text: string): string {
  return content(text).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")
}

function answers(parts: readonly (readonly object[])[], reason: string): Script {
  const usage = { prompt_tokens: 1200, completion_tokens: 20, total_tokens: 1220 }
  return chunks([
    delta({ role: "assistant", content: "" }),
    ...parts.flat(),
    delta({}, reason),
    { id: "c", object: "chat.completion.chunk", choices: [], usage },
  ])
}

function content(text: string): readonly object[] {
  return halves(text).map((piece) => delta({ content: piece }))
}

function toCall({ id, name, input }: Called, index: number): readonly object[] {
  const [head, tail] = halves(JSON.stringify(input))
  return [
    delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
    delta({ tool_calls: [{ index, function: { arguments: head } }] }),
    delta({ tool_calls: [{ index, function: { arguments: tail } }] }),
  ]
}

function halves(text: string): readonly [string, string] {
  const middle = text.length >> 1
  return [text.slice(0, middle), text.slice(middle)]
}
