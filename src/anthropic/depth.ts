/**
 * A limit to how deep a request nests, or an answer. JSON.parse takes a million brackets in two megabytes, and everything
 * that recurses later (JSON.stringify, a look into a tool's schema) would run out of stack on them.
 */
import { badRequest } from "../error.ts"

/** Levels of lists and objects; schemas and tool inputs of real clients stay below 30. */
export const DEPTH_MAX = 256

/** @throws {ProxyError} 400 when a value nests deeper than {@link DEPTH_MAX}. */
export function checkDepth(value: unknown): void {
  if (isTooDeep(value)) throw badRequest("", `the request must not nest deeper than ${DEPTH_MAX} levels`)
}

/** Whether a value nests deeper than {@link DEPTH_MAX}. */
export function isTooDeep(value: unknown): boolean {
  return isNested(value) && exceeds(value, DEPTH_MAX)
}

/** Asks before it calls, not within: most values are strings, and a call for each would cost five times as much. */
function exceeds(value: object, left: number): boolean {
  if (left === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isNested(item) && exceeds(item, left - 1)) return true
  } else {
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key]
      if (isNested(item) && exceeds(item, left - 1)) return true
    }
  }
  return false
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null
}
