/**
 * Every way in which backends are known to stream tool calls, as a generator: calls as the model meant them, a style,
 * and random places to cut. Styles that leave open which call a delta belongs to are left out, each with its reason.
 */
import * as fc from "fast-check"
import type { ChatToolCallDelta } from "../../../src/wires/chat/types.ts"
import type { Call } from "./_calls.ts"

interface Style {
  /** By the book, all of them 0, or left out. */
  readonly index: "right" | "zero" | "none"
  readonly ids: "first" | "every" | "last" | "never"
  /** `after`: alone, once the arguments are complete. `grown`: each time with more of it. */
  readonly names: "first" | "every" | "last" | "after" | "fragments" | "grown"
  readonly args: "pieces" | "object" | "twice" | "empty object first"
  /** How a call without arguments says so. */
  readonly nothing: "{}" | "" | null
  /** Deltas of several calls take turns. */
  readonly interleaved: boolean
}

/** What is streamed, and the random numbers that decide where it is cut. */
export interface Given {
  readonly style: Style
  readonly calls: readonly Omit<Call, "id">[]
  readonly random: readonly number[]
}

const STYLE: fc.Arbitrary<Style> = fc.record({
  index: fc.constantFrom("right", "zero", "none"),
  ids: fc.constantFrom("first", "every", "last", "never"),
  names: fc.constantFrom("first", "every", "last", "after", "fragments", "grown"),
  args: fc.constantFrom("pieces", "object", "twice", "empty object first"),
  nothing: fc.constantFrom("{}", "", null),
  interleaved: fc.boolean(),
})

const CALL = fc.record({
  name: fc.constantFrom("get_weather", "get_time", "Bash", "mcp__files__read"),
  json: fc
    .oneof(fc.constant({}), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }))
    .map((value) => JSON.stringify(value)),
})

/** Every mix of these habits, those among them that leave open what belongs together. */
export const anyStreams: fc.Arbitrary<Given> = fc
  .record({
    style: STYLE,
    calls: fc.array(CALL, { minLength: 1, maxLength: 4 }),
    random: fc.array(fc.nat(), { minLength: 64, maxLength: 64 }),
  })

/** Those of which each delta shows, sooner or later, which call it belongs to. */
export const streams: fc.Arbitrary<Given> = anyStreams.filter(isClear)

function isClear({ style, calls }: Given): boolean {
  const { index, ids, names, args, nothing, interleaved } = style
  const numbered = index === "right"
  const told = ids === "first" || ids === "every" // an id is there from a call's first delta on
  const late = names === "last" || names === "after"
  const repeats = args === "twice" || args === "empty object first"
  const empty = nothing !== "{}" && calls.some(({ json }) => json === "{}")
  // Neither number nor id: only a name behind complete arguments shows that the next call has begun.
  if (!numbered && !told && (empty || late)) return false
  // Taking turns needs something on each delta that tells whose it is.
  if (interleaved && !numbered && ids !== "every") return false
  // A number nobody has seen, without id or name, on a call that is not complete: it may be its tail, misnumbered.
  if (numbered && !told && late && (empty || interleaved || repeats)) return false
  // Two objects in a row are no complete JSON, so a name behind them does not show that the next call has begun.
  if (repeats && !numbered && !told) return false
  // A name on a delta that follows complete arguments, without an id to hold on to: the next call looks the same.
  if (repeats && (names === "every" || names === "last") && (ids !== "every" || interleaved)) return false
  // Once another call has begun, one with complete arguments is given to the client: what is more comes too late.
  return !(interleaved && (args === "empty object first" || (args === "twice" && ids === "last")))
}

/** The calls a client must get, in the order in which they first appear. */
export function expected({ style, calls }: Given): readonly Call[] {
  return calls.map(({ name, json }, n) => ({ id: style.ids === "never" ? `toolu_${n + 1}` : `call_${n}`, name, json }))
}

/** Chunks of a stream, each a list of deltas. */
export function stream({ style, calls, random }: Given): readonly (readonly ChatToolCallDelta[])[] {
  const next = numbers(random)
  const each = calls.map((call, n) => deltasOf(call, n, style, next))
  const order = style.interleaved ? takeTurns(each, next) : each.flat()
  const chunks: ChatToolCallDelta[][] = []
  for (const delta of order) {
    const last = chunks.at(-1)
    if (last && next(4) === 0) last.push(delta)
    else chunks.push([delta])
  }
  return chunks
}

function deltasOf(call: Omit<Call, "id">, n: number, style: Style, next: Next): ChatToolCallDelta[] {
  const args = argumentsOf(call.json, style, next)
  const { before, during } = namesOf(call.name, args.length, style, next)
  const functions = [
    ...before.map((name) => ({ name })),
    ...args.map((piece, at) => ({ name: during(at), arguments: piece })),
    ...(style.names === "after" ? [{ name: call.name }] : []),
  ]
  // "after" puts a delta behind the last piece of arguments; the id of style "last" stays with that piece.
  const last = functions.length - (style.names === "after" ? 2 : 1)
  return functions.map((fn, at) => ({
    index: style.index === "none" ? undefined : style.index === "zero" ? 0 : n,
    id: hasId(style.ids, at, last) ? `call_${n}` : undefined,
    type: "function",
    function: fn,
  }))
}

function hasId(ids: Style["ids"], at: number, last: number): boolean {
  return ids === "every" || (ids === "first" && at === 0) || (ids === "last" && at === last)
}

function argumentsOf(json: string, { args, nothing }: Style, next: Next): readonly unknown[] {
  if (json === "{}" && nothing !== "{}") return [nothing]
  if (args === "object") return [JSON.parse(json)]
  if (args === "twice") return [...pieces(json, next), json]
  return args === "empty object first" ? ["{}", ...pieces(json, next)] : pieces(json, next)
}

function namesOf(name: string, count: number, { names }: Style, next: Next) {
  const half = 1 + next(name.length - 1)
  const before =
    names === "fragments"
      ? [name.slice(0, half), name.slice(half)]
      : names === "grown"
        ? [name.slice(0, half), name]
        : []
  const during = (at: number): string | undefined =>
    names === "every" || (names === "first" && at === 0) || (names === "last" && at === count - 1) ? name : undefined
  return { before, during }
}

/** A text in pieces, none of them empty. */
function pieces(text: string, next: Next): string[] {
  const out: string[] = []
  for (let at = 0; at < text.length;) {
    const length = 1 + next(Math.min(12, text.length - at))
    out.push(text.slice(at, at + length))
    at += length
  }
  return out
}

/** Merges lists, each in its own order; their first items keep the order of the lists. */
function takeTurns<T>(lists: readonly (readonly T[])[], next: Next): readonly T[] {
  const left = lists.map((list) => [...list])
  const out: T[] = []
  let begun = 0 // lists of which an item has been taken
  for (;;) {
    const open = left.filter((list, n) => list.length > 0 && n <= begun)
    const list = open[next(open.length)]
    const item = list?.shift()
    if (item === undefined) return out
    if (list === left[begun]) begun++
    out.push(item)
  }
}

type Next = (below: number) => number

function numbers(random: readonly number[]): Next {
  let at = 0
  return (below) => (below < 1 ? 0 : (random[at++ % random.length] ?? 0) % below)
}
