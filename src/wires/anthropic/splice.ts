/**
 * A changed request as text, made of the text that came: fields that are the same keep their bytes. JSON that went
 * through `JSON.parse` has lost what its numbers looked like (`1.0`, 20 digits), and a backend's prompt cache may miss.
 */
import type { MessageRequest, Original } from "../../anthropic/types.ts"
import { toJsonText } from "../json.ts"

/**
 * @param body The original's fields, some of them changed, left out or new.
 * @throws {ProxyError} 400 for a body that nests too deeply.
 */
export function toSplicedText(body: MessageRequest, { request, text }: Original): string {
  const before = new Map<string, unknown>(Object.entries(request))
  const after = new Map<string, unknown>(Object.entries(body).filter(([, value]) => value !== undefined))
  const pieces: string[] = []
  const members = membersOf(text)
  const last = new Map(members.map((member) => [member.name, member]))
  for (const member of members) {
    // Of a name that is there twice the last counts here; a backend might heed the first.
    if (!after.has(member.name) || last.get(member.name) !== member) continue
    const { name, start, value, valueEnd, end } = member
    const same = after.get(name) === before.get(name)
    pieces.push(same ? text.slice(start, end) : text.slice(start, value) + toJsonText(after.get(name)) + text.slice(valueEnd, end))
    after.delete(name)
  }
  for (const [name, value] of after) pieces.push(`${JSON.stringify(name)}:${toJsonText(value)}`)
  return `{${pieces.join(",")}}`
}

/** A field of the outermost object, and where in the text it stands. */
interface Member {
  readonly name: string
  /** Behind the brace or comma before it. */
  readonly start: number
  readonly value: number
  readonly valueEnd: number
  /** Ahead of the comma or brace behind it. */
  readonly end: number
}

/** @param text A JSON object; known to be one. */
function membersOf(text: string): readonly Member[] {
  const members: Member[] = []
  for (let start = text.indexOf("{") + 1; ; ) {
    const key = skipBlanks(text, start)
    if (text[key] !== '"') return members
    const keyEnd = endOfString(text, key)
    const value = skipBlanks(text, text.indexOf(":", keyEnd) + 1)
    const valueEnd = endOfValue(text, value)
    const end = skipBlanks(text, valueEnd)
    members.push({ name: String(JSON.parse(text.slice(key, keyEnd))), start, value, valueEnd, end })
    if (text[end] !== ",") return members
    start = end + 1
  }
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
  const next = text[at] === "{" || text[at] === "[" ? /["[\]{}]/g : /[,}\s]/g
  next.lastIndex = at
  for (let depth = 0; ; ) {
    const found = next.exec(text)
    if (!found) return text.length
    const [mark] = found
    if (mark === '"') next.lastIndex = endOfString(text, found.index)
    else if (mark === "{" || mark === "[") depth++
    else if (depth === 0) return found.index
    else if (--depth === 0) return found.index + 1
  }
}
