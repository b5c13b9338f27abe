/** A lesson on how long an answer may be: the model's own limit, which no prompt changes. */
import { outputFault } from "../context-fault.ts"
import { isObject, type JsonObject } from "../is-object.ts"
import type { Said } from "./said.ts"

export interface CapLesson {
  readonly kind: "cap"
  /** Most tokens an answer may have, whatever the field is called. */
  readonly most: number
}

const FIELDS = ["max_tokens", "max_completion_tokens", "max_output_tokens"]

/** Xiaomi's server tells it in the field that names the parameter (AQBot#93). */
export function capIn({ text, param }: Said): CapLesson | undefined {
  const { most = 0 } = outputFault(text) ?? outputFault(param) ?? {}
  return most > 0 ? { kind: "cap", most } : undefined
}

export function heedCap(body: JsonObject, { most }: CapLesson): JsonObject {
  const field = FIELDS.find((name) => name in body)
  const asked = field === undefined ? undefined : body[field]
  if (field === undefined || typeof asked !== "number" || asked <= most || leavesNothing(body, most)) return body
  return { ...body, [field]: most }
}

export function tellCap({ most }: CapLesson): string {
  return `at most ${most} tokens are asked for`
}

/** Anthropic's own API counts thinking too: a budget above the cap would be the next refusal, and a stranger one. */
function leavesNothing({ thinking }: JsonObject, most: number): boolean {
  return isObject(thinking) && typeof thinking["budget_tokens"] === "number" && thinking["budget_tokens"] >= most
}
