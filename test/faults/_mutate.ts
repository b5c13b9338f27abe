/** Damage to a recorded answer: events, fields, types and bytes, as broken servers and networks make it. */
import * as fc from "fast-check"
import { toText, type Sent } from "./_recordings.ts"

/** What is done, and the numbers that decide where and with what. */
export interface Damage {
  readonly kind: keyof typeof TO_EVENTS | keyof typeof TO_JSON | keyof typeof TO_BYTES
  readonly at: number
  readonly by: number
}

/** What a field may hold instead of what it should. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e300,
  2 ** 53,
  "",
  " ",
  "x",
  "0",
  "stop",
  "constructor",
  "__proto__",
  "\ud83d",
  "</think>",
  "{",
  "}",
  '{"a":1}',
  "[]",
  [],
  [null],
  [[]],
  ["x"],
  [{}],
  {},
  { toString: 1, valueOf: 1, length: -1 },
  { type: "text", text: 5 },
  JSON.parse('{"constructor":{"prototype":1},"then":"x","toJSON":1}'),
  JSON.parse('{"__proto__":{"polluted":true}}'),
  JSON.parse(`${"[".repeat(2000)}${"]".repeat(2000)}`),
]

const TO_EVENTS = {
  drop: (events: Sent[], at: number) => void events.splice(at, 1),
  duplicate: (events: Sent[], at: number) => void events.splice(at, 0, ...events.slice(at, at + 1)),
  swap: (events: Sent[], at: number, by: number) => {
    const other = by % events.length
    const [a, b] = [events[at], events[other]]
    if (a && b) [events[at], events[other]] = [b, a]
  },
  move: (events: Sent[], at: number, by: number) => void events.splice(by % events.length, 0, ...events.splice(at, 1)),
  end: (events: Sent[], at: number) => void events.splice(at),
  rename: (events: Sent[], at: number, by: number) => {
    const name = ["error", "message_stop", "ping", "", "x\u2028y", "response.completed"][by % 6]
    const event = events[at]
    if (event) events[at] = { ...event, name }
  },
  foreign: (events: Sent[], at: number, by: number) => void events.splice(at, 0, FOREIGN[by % FOREIGN.length] ?? DONE),
}

/** The numbers choose a place in the tree, and what stands there afterwards. */
const TO_JSON = {
  replace: (parent: Fields, key: string, by: number) => void (parent[key] = ODD[by % ODD.length]),
  remove: (parent: Fields, key: string) => void delete parent[key],
  nest: (parent: Fields, key: string, by: number) => void (parent[key] = by % 2 ? [parent[key]] : { value: parent[key] }),
  double: (parent: Fields, key: string) => {
    const value = parent[key]
    if (Array.isArray(value)) parent[key] = [...value, ...value]
    else if (typeof value === "string") parent[key] = value + value
    else if (typeof value === "number") parent[key] = value * 2 + 1
  },
  halve: (parent: Fields, key: string) => {
    const value = parent[key]
    if (typeof value === "string") parent[key] = value.slice(0, value.length / 2)
  },
  retype: (parent: Fields, _: string, by: number) => void (parent["type"] = TYPES[by % TYPES.length]),
  add: (parent: Fields, _: string, by: number) => void (parent[NAMES[by % NAMES.length] ?? ""] = ODD[(by >> 6) % ODD.length]),
}

const TO_BYTES = {
  truncate: (bytes: Uint8Array, at: number) => bytes.subarray(0, at),
  behead: (bytes: Uint8Array, at: number) => bytes.subarray(at),
  garble: (bytes: Uint8Array, at: number, by: number) => bytes.with(at, by % 256),
  lose: (bytes: Uint8Array, at: number, by: number) => join(bytes.subarray(0, at), bytes.subarray(at + 1 + (by % 40))),
  repeat: (bytes: Uint8Array, at: number, by: number) => join(bytes.subarray(0, at + 1 + (by % 40)), bytes.subarray(at)),
  insert: (bytes: Uint8Array, at: number, by: number) =>
    join(bytes.subarray(0, at), new TextEncoder().encode(INSERTED[by % INSERTED.length]), bytes.subarray(at)),
}

const INSERTED = ["\n", "\r", "\n\n", "\0", "\ufeff", '"', "}", "{", "]", "data: ", "event: error\n", "[DONE]", "<html>", "1"]

const TYPES = [
  "text",
  "thinking",
  "tool_use",
  "function_call",
  "reasoning",
  "message",
  "error",
  "ping",
  "message_start",
  "message_delta",
  "message_stop",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "input_json_delta",
  "signature_delta",
  "response.completed",
  "response.failed",
  "response.output_item.done",
  "response.output_text.delta",
  "response.function_call_arguments.done",
]

/** Names of fields that mean something in one of the APIs. */
const NAMES = [
  "error",
  "index",
  "id",
  "name",
  "type",
  "text",
  "thinking",
  "content",
  "delta",
  "message",
  "choices",
  "tool_calls",
  "function_call",
  "arguments",
  "finish_reason",
  "stop_reason",
  "usage",
  "reasoning",
  "reasoning_details",
  "extra_content",
  "refusal",
  "item",
  "response",
  "output",
  "x_groq",
  "object",
  "status",
  "code",
  "detail",
  "metadata",
]

const DEEP = `${"[".repeat(20_000)}${"]".repeat(20_000)}`

const DONE: Sent = { name: undefined, data: "[DONE]" }
const FOREIGN: readonly Sent[] = [
  DONE,
  { name: undefined, data: '{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}' },
  { name: undefined, data: '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"z","function":{"name":"f","arguments":"{}"}}]}}]}' },
  { name: undefined, data: '{"type":"response.output_text.delta","delta":"x"}' },
  { name: "message_stop", data: '{"type":"message_stop"}' },
  { name: "error", data: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}' },
  { name: undefined, data: '{"error":{"message":"oops","code":429}}' },
  // No program writes these; JSON.parse takes them, and whoever walks them runs out of stack.
  { name: undefined, data: `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":${DEEP}}}]}}]}` },
  { name: undefined, data: `{"choices":[{"delta":{"reasoning_details":[{"type":"x","data":${DEEP}}]}}]}` },
  { name: undefined, data: `{"error":{"message":${DEEP}}}` },
  { name: undefined, data: DEEP },
  { name: undefined, data: `{"type":"response.output_item.done","item":{"type":"reasoning","encrypted_content":${DEEP}}}` },
  { name: undefined, data: `{"type":"response.function_call_arguments.done","arguments":${DEEP}}` },
  { name: undefined, data: `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":${DEEP}}}` },
  { name: undefined, data: `{"type":"of_tomorrow","value":${DEEP}}` },
  { name: undefined, data: "null" },
  { name: undefined, data: "{}" },
  { name: undefined, data: "" },
]

/** One to four kinds of damage. */
export const damages: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...[TO_EVENTS, TO_JSON, TO_BYTES].flatMap((kinds) => Object.keys(kinds) as Damage["kind"][])),
    at: fc.nat(),
    by: fc.nat(),
  }),
  { minLength: 1, maxLength: 4 },
)

/** The bytes of a stream with all this done to it: first to its events, then to what is in them, then to its bytes. */
export function damaged(events: readonly Sent[], all: readonly Damage[]): Uint8Array {
  const left = [...events]
  for (const { kind, at, by } of all) {
    if (left.length === 0) break
    const place = at % left.length
    if (kind in TO_EVENTS) TO_EVENTS[kind as keyof typeof TO_EVENTS](left, place, by)
    const event = left[place]
    if (kind in TO_JSON && event) left[place] = { ...event, data: inJson(event.data, kind, by) }
  }
  return inBytes(new TextEncoder().encode(toText(left)), all)
}

/** The same for an answer that is one JSON text. */
export function damagedWhole(whole: string, all: readonly Damage[]): Uint8Array {
  const text = all.reduce((json, { kind, at, by }) => (kind in TO_JSON ? inJson(json, kind, at ^ by) : json), whole)
  return inBytes(new TextEncoder().encode(text), all)
}

type Fields = Record<string, unknown>

function inJson(data: string, kind: Damage["kind"], by: number): string {
  let tree: unknown
  try {
    tree = JSON.parse(data)
  } catch {
    return data
  }
  if (data.includes(DEEP)) return data // nor could it be written here
  const places = placesIn(tree)
  const place = places[(by >> 3) % places.length]
  if (place) TO_JSON[kind as keyof typeof TO_JSON](place.parent, place.key, by >> 8)
  return JSON.stringify(tree)
}

/** Every field of a tree; what was put there before is not looked into deeply. */
function placesIn(tree: unknown, depth = 0): readonly { readonly parent: Fields; readonly key: string }[] {
  if (typeof tree !== "object" || tree === null || depth > 12) return []
  const parent = tree as Fields
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...placesIn(parent[key], depth + 1)])
}

function inBytes(bytes: Uint8Array, all: readonly Damage[]): Uint8Array {
  return all.reduce((now, { kind, at, by }) => {
    if (!(kind in TO_BYTES) || now.length === 0) return now
    return TO_BYTES[kind as keyof typeof TO_BYTES](now, at % now.length, by)
  }, bytes)
}

function join(...pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}
