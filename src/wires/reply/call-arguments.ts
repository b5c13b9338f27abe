/** A tool call's arguments: JSON by the book, and whatever else backends send for it. */
import { parseJson } from "../json.ts"

/** Arguments as text: some backends send the object itself, or null for none. */
export function argumentsText(value: unknown): string {
  if (typeof value === "string") return value
  return typeof value === "object" && value !== null ? JSON.stringify(value) : ""
}

/** Whether a text is one JSON value. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * A call's arguments as the JSON text of an object, which is what every Anthropic client expects. Text that is an
 * object already stays as it is, to the byte: another order of keys would spoil a backend's cache (ollama ac83ac20c).
 */
export function toInput(text: string): string {
  const trimmed = text.trim()
  if (trimmed === "") return "{}"
  const value = parseJson(trimmed)
  if (value === undefined) return repair(trimmed)
  if (value === null) return "{}"
  if (typeof value === "string") return typeof parseJson(value) === "object" ? toInput(value) : wrap("value", value)
  return typeof value === "object" && !Array.isArray(value) ? text : wrap("value", value)
}

/**
 * Arguments that are no JSON: the same object sent twice is taken once, an empty one before the real one is left out;
 * anything else is handed on under `_raw`, so that the client's own check of the input refuses it and the model can
 * mend it, while nothing is lost.
 */
function repair(text: string): string {
  const half = text.slice(0, text.length / 2)
  if (text === half + half && isJson(half)) return toInput(half)
  // An empty object as a first piece, then the arguments.
  return text.startsWith("{}") && isJson(text.slice(2)) ? toInput(text.slice(2)) : wrap("_raw", text)
}

function wrap(key: string, value: unknown): string {
  return JSON.stringify({ [key]: value })
}
