/**
 * OpenRouter's `reasoning_details`, put together again. It wants them back as they were, and streams each entry in
 * pieces: pieces of one type and index are one entry, texts joined, a signature in the last of them. Pieces that are
 * given back as they came are refused ("Invalid signature in thinking block", agno#8794, langchain#36400).
 */

/** An entry, or a piece of one: `reasoning.text`, `reasoning.summary`, `reasoning.encrypted` and types to come. */
export interface ReasoningDetail {
  readonly type?: string
  readonly id?: string | null
  readonly index?: number | null
  readonly [field: string]: unknown
}

/** What comes in pieces; of every other field the last value stands. */
const PIECES: ReadonlySet<string> = new Set(["text", "summary", "data"])

/**
 * The entries of a message.
 *
 * @param lists One for each delta, in order. What came in one delta is different entries: a whole answer is one delta.
 */
export function mergeDetails(lists: readonly (readonly ReasoningDetail[])[]): readonly ReasoningDetail[] {
  const entries: ReasoningDetail[] = []
  for (const list of lists) {
    const before = entries.length
    for (const piece of list) {
      const at = entries.findLastIndex((entry, n) => n < before && isOne(entry, piece))
      const entry = entries[at]
      if (entry) entries[at] = join(entry, piece)
      else entries.push(piece)
    }
  }
  return entries
}

function isOne(entry: ReasoningDetail, piece: ReasoningDetail): boolean {
  if (typeof piece.index !== "number" || piece.index !== entry.index || piece.type !== entry.type) return false
  // An entry that has its signature is complete: what follows under its index is another one.
  if (entry["signature"]) return false
  return !piece.id || !entry.id || piece.id === entry.id
}

function join(entry: ReasoningDetail, piece: ReasoningDetail): ReasoningDetail {
  const joined: Record<string, unknown> = { ...entry }
  for (const [name, value] of Object.entries(piece)) {
    const known = joined[name]
    if (PIECES.has(name) && typeof known === "string" && typeof value === "string") joined[name] = known + value
    else if (value !== null && value !== undefined) joined[name] = value
  }
  return joined
}
