/** Lessons on single fields: what is left out, and what has another name. */
import type { JsonObject } from "../is-object.ts"
import { refuses, type Said } from "./said.ts"

export type FieldLesson =
  /** A field is left out. */
  | { readonly kind: "drop"; readonly field: string }
  /** A field has another name. */
  | { readonly kind: "rename"; readonly field: string; readonly to: string }

/** What an answer can do without, and how a refusal may call it beside its name. */
const DISPENSABLE: Readonly<Record<string, RegExp | undefined>> = {
  temperature: undefined,
  top_p: undefined,
  top_k: undefined,
  stop: undefined, // the proxy cuts at stop sequences itself
  stream_options: /include_usage/,
  parallel_tool_calls: undefined,
  reasoning_effort: /\b(?:thinking|reasoning)\b/i, // Ollama: "llama3.2" does not support thinking
  reasoning: /\b(?:thinking|reasoning)\b/i,
  thinking: undefined,
  include: /encrypted_content/,
  user: undefined,
  safety_identifier: undefined,
}

const RENAMED: Readonly<Record<string, string>> = {
  max_tokens: "max_completion_tokens",
  max_completion_tokens: "max_tokens",
}

export function fieldIn(body: JsonObject, said: Said): FieldLesson | undefined {
  if (!refuses(said)) return undefined
  const { text, param } = said
  const names = (field: string): boolean =>
    param === "" ? new RegExp(String.raw`(?<![\w.])${field}(?!\w)`).test(text) : param.split(/[.[]/)[0] === field
  for (const field of Object.keys(body)) {
    const to = Object.hasOwn(RENAMED, field) ? RENAMED[field] : undefined
    if (to !== undefined && names(field)) return { kind: "rename", field, to }
  }
  for (const field of Object.keys(body)) {
    if (!Object.hasOwn(DISPENSABLE, field)) continue
    if (names(field) || (param === "" && DISPENSABLE[field]?.test(text))) return { kind: "drop", field }
  }
  return undefined
}

export function heedField(body: JsonObject, lesson: FieldLesson): JsonObject {
  if (!Object.hasOwn(body, lesson.field)) return body
  const entries = Object.entries(body).flatMap(([field, value]): [string, unknown][] => {
    if (field !== lesson.field) return [[field, value]]
    return lesson.kind === "rename" ? [[lesson.to, value]] : []
  })
  return Object.fromEntries(entries)
}

export function tellField(lesson: FieldLesson): string {
  return lesson.kind === "drop" ? `${lesson.field} is left out` : `${lesson.field} is sent as ${lesson.to}`
}
