/**
 * A changed request as text, made of the text that came: whatever is the same in it keeps its bytes, and in what is not,
 * the parts that are. JSON that went through `JSON.parse` has lost what its numbers looked like (`1.0`, 20 digits), and
 * a backend's prompt cache may miss.
 */
import type { MessageRequest, Original } from "../../anthropic/types.ts"
import { isObject, type JsonObject } from "../is-object.ts"
import { toJsonText } from "../json.ts"
import { itemsOf, membersOf, type Span } from "./spans.ts"

/**
 * @param body The original's fields, some of them changed, left out or new.
 * @throws {ProxyError} 400 for a body that nests too deeply.
 */
export function toSplicedText(body: MessageRequest, { request, text }: Original): string {
  return spliceObject(request as unknown as JsonObject, body as unknown as JsonObject, text, text.indexOf("{"))
}

function splice(before: unknown, after: unknown, text: string, { value, valueEnd }: Span): string {
  if (after === before) return text.slice(value, valueEnd)
  if (isObject(before) && isObject(after)) return spliceObject(before, after, text, value)
  if (Array.isArray(before) && Array.isArray(after)) return spliceList(before, after, text, value)
  return toJsonText(after)
}

function spliceObject(before: JsonObject, after: JsonObject, text: string, at: number): string {
  const was = new Map(Object.entries(before))
  const left = new Map(Object.entries(after).filter(([, value]) => value !== undefined))
  const members = membersOf(text, at)
  const last = new Map(members.map((member) => [member.name, member]))
  const pieces: string[] = []
  for (const member of members) {
    const { name, start, value, valueEnd, end } = member
    // Of a name that is there twice the last counts here; a backend might heed the first.
    if (!left.has(name) || last.get(name) !== member) continue
    pieces.push(
      text.slice(start, value) + splice(was.get(name), left.get(name), text, member) + text.slice(valueEnd, end),
    )
    left.delete(name)
  }
  for (const [name, value] of left) pieces.push(`${JSON.stringify(name)}:${toJsonText(value)}`)
  return `{${pieces.join(",")}}`
}

function spliceList(before: readonly unknown[], after: readonly unknown[], text: string, at: number): string {
  const items = itemsOf(text, at)
  const places = new Map(before.map((value, n) => [value, n]))
  let next = 0 // behind the one that was used last: what is neither there nor new has taken its place
  const pieces = after.map((value) => {
    const place = (typeof value === "object" ? places.get(value) : undefined) ?? next
    next = place + 1
    const item = items[place]
    if (!item) return toJsonText(value)
    return (
      text.slice(item.start, item.value) +
      splice(before[place], value, text, item) +
      text.slice(item.valueEnd, item.end)
    )
  })
  return `[${pieces.join(",")}]`
}
