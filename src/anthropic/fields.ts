/**
 * Looks at one field of a message or a block, and names it when it is not what it should be. The words are those of
 * Anthropic's API, for people and programs that know them.
 */
import { badRequest, type ProxyError } from "../error.ts"
import type { Effort } from "./types.ts"

/** How a request is looked at: open as far as its types go, or closed as the API has it today. */
export type Look = "open" | "closed"

/** A JSON object of which nothing else is known. */
export type Fields = { readonly [key: string]: unknown }

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** What a fault is called. */
export const WORDS = {
  required: "Field required",
  string: "Input should be a valid string",
  integer: "Input should be a valid integer",
  number: "Input should be a valid number",
  boolean: "Input should be a valid boolean",
  list: "Input should be a valid list",
  object: "Input should be an object",
  empty: "String should have at least 1 character",
  oneOf(names: readonly string[]): string {
    const quoted = names.map((name) => `'${name}'`)
    const last = quoted.pop() ?? ""
    return `Input should be ${quoted.length > 0 ? `${quoted.join(", ")} or ${last}` : last}`
  },
} as const

/** From the SDK's types. */
export const EFFORTS: readonly Effort[] = ["low", "medium", "high", "xhigh", "max"]

/** @throws {ProxyError} 400 unless the field is a string of at least `least` characters. */
export function stringAt(fields: Fields, key: string, path: string, least: 0 | 1 = 0): string {
  const value = fields[key]
  if (typeof value !== "string") throw wrong(value, `${path}.${key}`, WORDS.string)
  if (value.length < least) throw badRequest(`${path}.${key}`, WORDS.empty)
  return value
}

/** @throws {ProxyError} 400 unless the field is a string, null or absent. */
export function stringOrNullAt(fields: Fields, key: string, path: string): void {
  if ((fields[key] ?? null) !== null) stringAt(fields, key, path)
}

/** @throws {ProxyError} 400 unless the field is a boolean, null or absent. */
export function booleanOrNullAt(fields: Fields, key: string, path: string): void {
  const value = fields[key] ?? null
  if (value !== null && typeof value !== "boolean") throw badRequest(`${path}.${key}`, WORDS.boolean)
}

/** @throws {ProxyError} 400 unless the field is one of these strings. */
export function oneOfAt<T extends string>(fields: Fields, key: string, path: string, names: readonly T[]): T {
  const value = fields[key]
  const found = names.find((name) => name === value)
  if (found === undefined) throw wrong(value, `${path}.${key}`, WORDS.oneOf(names))
  return found
}

/** @throws {ProxyError} 400 unless the field is one of these strings; to an open look any string will do. */
export function wordAt(fields: Fields, key: string, path: string, names: readonly string[], look: Look): string {
  return look === "open" ? stringAt(fields, key, path) : oneOfAt(fields, key, path, names)
}

/** @throws {ProxyError} 400 unless the field is a list. */
export function listAt(fields: Fields, key: string, path: string): void {
  if (!Array.isArray(fields[key])) throw wrong(fields[key], `${path}.${key}`, WORDS.list)
}

/** @throws {ProxyError} 400 unless the field is an object. */
export function fieldsAt(fields: Fields, key: string, path: string): Fields {
  const value = fields[key]
  if (!isFields(value)) throw wrong(value, `${path}.${key}`, WORDS.object)
  return value
}

function wrong(value: unknown, path: string, words: string): ProxyError {
  return badRequest(path, value === undefined ? WORDS.required : words)
}
