/** JSON that may be anything, and the JSON of a body. */
import { DEPTH_MAX, isTooDeep } from "../anthropic/depth.ts"
import { ProxyError } from "../error.ts"

/** The object or list a text holds; undefined for everything else. */
export function parseObject(text: string): object | undefined {
  const value = parseJson(text)
  return typeof value === "object" && value !== null ? value : undefined
}

/** The value of a JSON text; undefined for what is none, or nests so deep that it could not be written again. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return text.length > 2 * DEPTH_MAX && isTooDeep(value) ? undefined : value // two brackets a level
  } catch {
    return undefined
  }
}

/**
 * The one place where a body, or what it holds as JSON in a string, becomes text. A lone surrogate (half an emoji that a
 * client cut through) is valid in JSON as an escape, but most backends refuse it: it becomes U+FFFD, as
 * `String.prototype.toWellFormed` would make it.
 *
 * @throws {ProxyError} 400 for a body that nests too deeply.
 */
export function toJsonText(body: unknown): string {
  let text: string
  try {
    text = JSON.stringify(body)
  } catch (cause) {
    throw new ProxyError(400, "the request is nested too deeply", { cause })
  }
  if (!text.includes("\\ud")) return text
  return text.replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, "$1\\ufffd")
}
