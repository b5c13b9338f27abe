/** Where in a JSON text the parts of an object or a list stand. The text is known to be JSON. */

/** A part and the blanks around it. */
export interface Span {
  /** Behind the brace, bracket or comma before it. */
  readonly start: number
  readonly value: number
  readonly valueEnd: number
  /** Ahead of the comma, brace or bracket behind it. */
  readonly end: number
}

/** A field of an object; its `start` is ahead of its name. */
export interface Member extends Span {
  readonly name: string
}

/** @param at Of the opening brace. */
export function membersOf(text: string, at: number): readonly Member[] {
  const members: Member[] = []
  for (let start = at + 1; ;) {
    const key = skipBlanks(text, start)
    if (text[key] !== '"') return members
    const keyEnd = endOfString(text, key)
    const name = String(JSON.parse(text.slice(key, keyEnd)))
    const span = spanAt(text, start, text.indexOf(":", keyEnd) + 1)
    members.push({ name, ...span })
    if (text[span.end] !== ",") return members
    start = span.end + 1
  }
}

/** @param at Of the opening bracket. */
export function itemsOf(text: string, at: number): readonly Span[] {
  const items: Span[] = []
  for (let start = at + 1; ;) {
    if (text[skipBlanks(text, start)] === "]") return items
    const span = spanAt(text, start, start)
    items.push(span)
    if (text[span.end] !== ",") return items
    start = span.end + 1
  }
}

function spanAt(text: string, start: number, from: number): Span {
  const value = skipBlanks(text, from)
  const valueEnd = endOfValue(text, value)
  return { start, value, valueEnd, end: skipBlanks(text, valueEnd) }
}

function skipBlanks(text: string, at: number): number {
  while (" \t\n\r".includes(text[at] ?? "\0")) at++
  return at
}

/** @param at Of the opening quote. */
function endOfString(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (text[quote - 1 - backslashes] === "\\") backslashes++
    if (backslashes % 2 === 0) return quote + 1
  }
}

function endOfValue(text: string, at: number): number {
  if (text[at] === '"') return endOfString(text, at)
  const next = text[at] === "{" || text[at] === "[" ? /["[\]{}]/g : /[,}\]\s]/g
  next.lastIndex = at
  for (let depth = 0; ;) {
    const found = next.exec(text)
    if (!found) return text.length
    const [mark] = found
    if (mark === '"') next.lastIndex = endOfString(text, found.index)
    else if (mark === "{" || mark === "[") depth++
    else if (depth === 0) return found.index
    else if (--depth === 0) return found.index + 1
  }
}
