/**
 * A limit to how deep a request nests. JSON.parse takes a million brackets in two megabytes, and everything that
 * recurses later (JSON.stringify, a look into a tool's schema) would run out of stack on them.
 */
import { badRequest } from "../error.ts"

/** Levels of lists and objects; schemas and tool inputs of real clients stay below 30. */
export const DEPTH_MAX = 256

/** @throws {ProxyError} 400 when a value nests deeper than {@link DEPTH_MAX}. */
export function checkDepth(value: unknown): void {
  if (isNested(value)) walk(value, DEPTH_MAX)
}

/** Asks before it calls, not within: most values are strings, and a call for each would cost five times as much. */
function walk(value: object, left: number): void {
  if (left === 0) throw badRequest("", `the request must not nest deeper than ${DEPTH_MAX} levels`)
  if (Array.isArray(value)) {
    for (const item of value) if (isNested(item)) walk(item, left - 1)
  } else {
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key]
      if (isNested(item)) walk(item, left - 1)
    }
  }
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null
}
