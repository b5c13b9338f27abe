/** Lessons on single fields: what is left out, and what has another name. */
import { isObject, type JsonObject } from "../is-object.ts"
import { refuses, type Said } from "./said.ts"

export type FieldLesson =
  /** A field is left out; `reasoning.summary` is one inside another. */
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

/** OpenAI lets only verified organizations see summaries; the effort is taken all the same (continue#12030). */
const SUMMARY = "reasoning.summary"

/** Claude from 4.1 on (bedrock-access-gateway#191). Of the two, `temperature` is what clients set on purpose. */
const EITHER = /temperature\W+and\W+top_p\W+cannot both be specified/i

const RENAMED: Readonly<Record<string, string>> = {
  max_tokens: "max_completion_tokens",
  max_completion_tokens: "max_tokens",
}

export function fieldIn(body: JsonObject, said: Said): FieldLesson | undefined {
  const { text, param } = said
  if (EITHER.test(text)) return { kind: "drop", field: "top_p" }
  if (!refuses(said)) return undefined
  if (param === SUMMARY) return { kind: "drop", field: SUMMARY }
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
  if (lesson.field === SUMMARY) return withoutSummary(body)
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

function withoutSummary(body: JsonObject): JsonObject {
  const { reasoning, ...rest } = body
  if (!isObject(reasoning) || !("summary" in reasoning)) return body
  const { summary: _, ...others } = reasoning
  return Object.keys(others).length > 0 ? { ...body, reasoning: others } : rest
}
