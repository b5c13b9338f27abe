/**
 * What Anthropic's own servers did in earlier turns, as text for the history: the model at the backend cannot call
 * these tools, but it should know what they found.
 */
import type { ServerToolResultBlock, ServerToolUseBlock } from "../../anthropic/types.ts"

export function toServerCallText({ name, input }: ServerToolUseBlock): string {
  return `[${name} ${JSON.stringify(input ?? {})}]`
}

export function toServerResultText({ type, content }: ServerToolResultBlock): string {
  return [`[${type.replaceAll("_", " ")}]`, ...readable(content, 0)].join("\n")
}

/** Fields a person could read, in the order they are told. Encrypted ones, ids and base64 data are not among them. */
const READABLE = [
  "title",
  "url",
  "page_age",
  "stdout",
  "stderr",
  "return_code",
  "error_code",
  "error_message",
  "text",
  "tool_name",
  "file_id",
  "lines",
  "tool_references",
  "content",
  "source",
]

/** Those that need no label. */
const PLAIN: ReadonlySet<string> = new Set(["title", "url", "text", "content", "data"])

/** Results nest four levels at most (a fetched page: result, document, source, data); the bound is for strangers. */
const DEEPEST = 8

function readable(value: unknown, depth: number): string[] {
  if (typeof value === "string" || typeof value === "number") return value === "" ? [] : [String(value)]
  if (typeof value !== "object" || value === null || depth > DEEPEST) return []
  if (Array.isArray(value)) return value.flatMap((item) => readable(item, depth + 1))
  const fields = new Map<string, unknown>(Object.entries(value))
  const keys = fields.get("type") === "text" ? [...READABLE, "data"] : READABLE // the text of a plain document
  return keys.flatMap((key) => {
    const lines = readable(fields.get(key), depth + 1)
    const plain = PLAIN.has(key) || typeof fields.get(key) === "object"
    return plain ? lines : lines.map((line) => `${key}: ${line}`)
  })
}
