/** A lesson on a value of the thinking effort: models of one backend know different ones. */
import { isObject, type JsonObject } from "../is-object.ts"
import { EFFORTS, nearestEffort } from "../request/effort.ts"
import { refuses, refusesValue, type Said } from "./said.ts"

export interface EffortLesson {
  readonly kind: "effort"
  /** The value that is refused. */
  readonly from: string
  /** What is sent in its place; null leaves it to the backend. */
  readonly to: string | null
}

/** Groq's word for "as much as usual", where a model knows nothing but that and `none` (pi#1745). */
const DEFAULT = "default"

export function effortIn(body: JsonObject, said: Said): EffortLesson | undefined {
  const from = effortOf(body)
  if (from === undefined || !/effort|\blevels?\b/i.test(`${said.text} ${said.param}`)) return undefined
  const taken = said.taken.filter((word) => EFFORTS.includes(word) || word === DEFAULT)
  if (taken.includes(from) || (taken.length === 0 && !(refuses(said) && refusesValue(said, from)))) return undefined
  // Thinking that was turned off is not turned on instead: what is left out is the backend's own way.
  const to = from === "none" ? undefined : (nearestEffort(from, taken) ?? taken.find((word) => word === DEFAULT))
  return { kind: "effort", from, to: to ?? null }
}

export function heedEffort(body: JsonObject, { from, to }: EffortLesson): JsonObject {
  if (effortOf(body) !== from) return body
  if ("reasoning_effort" in body) return put(body, "reasoning_effort", to)
  const { reasoning } = body
  return isObject(reasoning) ? { ...body, reasoning: put(reasoning, "effort", to) } : body
}

export function tellEffort({ from, to }: EffortLesson): string {
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
