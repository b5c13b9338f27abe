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
  const latest = new Map<string, number>() // of each name: where the entry is that goes by it
  for (const list of lists) {
    const before = entries.length
    for (const piece of list) {
      const at = placeOf(piece, latest, (place) => place < before && isOne(entries[place], piece))
      const entry = entries[at]
      if (entry) entries[at] = join(entry, piece)
      else entries.push(piece)
    }
    for (let place = before; place < entries.length; place++) {
      for (const name of namesOf(entries[place])) latest.set(name, place)
    }
  }
  return entries
}

/** A piece names its entry by its id; one without an id is of the latest, and so is what first gives it one. */
function placeOf(piece: ReasoningDetail, latest: ReadonlyMap<string, number>, fits: (place: number) => boolean): number {
  const places = namesOf(piece).flatMap((name) => latest.get(name) ?? [])
  return places.find(fits) ?? -1
}

/** What an entry goes by, the narrowest first. */
function namesOf(detail: ReasoningDetail | undefined): readonly string[] {
  const { index, type, id }: { readonly index?: unknown; readonly type?: unknown; readonly id?: unknown } = detail ?? {}
  if (typeof index !== "number") return []
  const name = `${index} ${typeof type === "string" ? type : ""}`
  return typeof id === "string" && id !== "" ? [`${name} ${id}`, name] : [name]
}

function isOne(entry: ReasoningDetail | undefined, piece: ReasoningDetail): boolean {
  if (!entry || typeof piece.index !== "number" || piece.index !== entry.index || piece.type !== entry.type) return false
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
