/**
 * Names with `*` in them, matched in linear time: an exact name wins, then the most specific pattern, which is the one
 * with the most characters that are not `*` (ties go to the one written first).
 */
export interface Globs<T> {
  /** What the best pattern for this name leads to. */
  match(name: string): T | undefined
  /** Whether there are names that fit this name or pattern and one of these as well. */
  reaches(pattern: string): boolean
  /** Every pattern as written, in order. */
  readonly entries: readonly (readonly [pattern: string, value: T])[]
}

export function createGlobs<T>(entries: readonly (readonly [string, T])[]): Globs<T> {
  const exact = new Map(entries.filter(([pattern]) => !pattern.includes("*")))
  const patterns = entries
    .filter(([pattern]) => pattern.includes("*"))
    .map(([pattern, value]) => ({ parts: pattern.split("*"), value }))
    .sort((a, b) => weight(b.parts) - weight(a.parts))
  return {
    entries,
    match: (name) => exact.get(name) ?? patterns.find(({ parts }) => fits(name, parts))?.value,
    reaches: (pattern) => entries.some(([own]) => meet(own, pattern)),
  }
}

/** Lists of patterns come from profiles, which live as long as the program: each is compiled once. */
const compiled = new WeakMap<readonly string[], Globs<true>>()

/** Whether a name fits one of these patterns. */
export function fitsAny(name: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return false
  const globs = compiled.get(patterns) ?? createGlobs(patterns.map((pattern): [string, true] => [pattern, true]))
  compiled.set(patterns, globs)
  return globs.match(name) !== undefined
}

function weight(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

/** Greedy from the left: each part is looked for once, so no pattern can make this slow. */
function fits(name: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? ""
  const last = parts.at(-1) ?? ""
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false
  const end = name.length - last.length
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return at <= end
}

/** Whether some name fits both. Between its ends a pattern may be anything, so of two patterns only the ends can clash. */
function meet(a: string, b: string): boolean {
  if (!a.includes("*")) return a === b || (b.includes("*") && fits(a, b.split("*")))
  if (!b.includes("*")) return fits(b, a.split("*"))
  const [beginA, beginB] = [a.slice(0, a.indexOf("*")), b.slice(0, b.indexOf("*"))]
  const [endA, endB] = [a.slice(a.lastIndexOf("*") + 1), b.slice(b.lastIndexOf("*") + 1)]
  const begins = beginA.startsWith(beginB) || beginB.startsWith(beginA)
  return begins && (endA.endsWith(endB) || endB.endsWith(endA))
}
