/** A lesson on a value of the thinking effort: models of one backend know different ones. */
import { isObject, type JsonObject } from "../is-object.ts"
import { EFFORTS, nearestEffort } from "../request/effort.ts"
import { refuses, refusesValue, type Said } from "./said.ts"

export interface EffortLesson {
  readonly kind: "effort"
  /** The value that is refused; null where it is to have none. */
  readonly from: string | null
  /** What is sent in its place; null leaves it to the backend. */
  readonly to: string | null
  /** Only beside tools. */
  readonly tools?: true
}

/** Groq's word for "as much as usual", where a model knows nothing but that and `none` (pi#1745). */
const DEFAULT = "default"

/** OpenAI from `gpt-5.6` on, also of requests that name no effort (litellm#34569, webmcp-tools#417). */
const NONE_BESIDE_TOOLS = /function tools\b.*\bset reasoning_effort to ['"`]none/is

export function effortIn(body: JsonObject, said: Said): EffortLesson | undefined {
  const from = effortOf(body)
  if (NONE_BESIDE_TOOLS.test(said.text)) return { kind: "effort", from: from ?? null, to: "none", tools: true }
  if (from === undefined || !/effort|\blevels?\b/i.test(`${said.text} ${said.param}`)) return undefined
  const taken = said.taken.filter((word) => EFFORTS.includes(word) || word === DEFAULT)
  if (taken.includes(from) || (taken.length === 0 && !(refuses(said) && refusesValue(said, from)))) return undefined
  // Thinking that was turned off is not turned on instead: what is left out is the backend's own way.
  const to = from === "none" ? undefined : (nearestEffort(from, taken) ?? taken.find((word) => word === DEFAULT))
  return { kind: "effort", from, to: to ?? null }
}

export function heedEffort(body: JsonObject, { from, to, tools }: EffortLesson): JsonObject {
  if ((effortOf(body) ?? null) !== from || (tools && !("tools" in body))) return body
  if (from === null || "reasoning_effort" in body) return put(body, "reasoning_effort", to)
  const { reasoning } = body
  return isObject(reasoning) ? { ...body, reasoning: put(reasoning, "effort", to) } : body
}

export function tellEffort({ from, to, tools }: EffortLesson): string {
  if (tools) return `the effort is sent as "${to}" beside tools; with api: responses it would be the client's`
  return to === null ? `the effort "${from}" is left out` : `the effort "${from}" is sent as "${to}"`
}

/** Chat Completions have a field for it, Responses one inside another. */
function effortOf({ reasoning_effort, reasoning }: JsonObject): string | undefined {
  const effort = reasoning_effort ?? (isObject(reasoning) ? reasoning["effort"] : undefined)
  return typeof effort === "string" ? effort : undefined
}

function put(object: JsonObject, field: string, value: string | null): JsonObject {
  if (value !== null) return { ...object, [field]: value }
  const { [field]: _, ...rest } = object
  return rest
}
