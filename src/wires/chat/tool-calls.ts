/**
 * Puts streamed tool calls together. By the book a call has an index, its first delta an id and a name, and arguments
 * follow in pieces. Seen in the field: no index, every call at index 0 (ollama#15457), ids on every delta, late or
 * never, names late, repeated or in fragments, arguments as an object, twice, or null (pi#8861, smolagents#1958,
 * openai-python#3201). Which call a delta belongs to is decided here and nowhere else.
 */
import type { ChatToolCallDelta } from "./types.ts"

/** A call as far as it has come. */
export interface PendingCall {
  id: string // "" until the backend gives one
  name: string // "" until the backend gives one
  arguments: string
  /** How much of `arguments` has been given to the client already. */
  sent: number
}

export class ToolCalls {
  /** Calls in the order in which they first appeared, those given to the client taken out. */
  readonly pending: PendingCall[] = []
  readonly #byIndex = new Map<number, PendingCall>() // the latest call at each index
  readonly #byId = new Map<string, PendingCall>()
  #current: PendingCall | undefined // the call the last delta belonged to

  /** Adds a delta. True when it began a new call, so that those before it may be complete. */
  add(delta: ChatToolCallDelta): boolean {
    const id = delta.id || ""
    const name = delta.function?.name || ""
    const index = delta.index ?? undefined
    const known = this.#find(id, name, index)
    const call = known ?? { id: "", name: "", arguments: "", sent: 0 }
    if (!known) this.pending.push(call)
    this.#current = call
    if (index !== undefined) this.#byIndex.set(index, call)
    if (id && !call.id) {
      call.id = id
      this.#byId.set(id, call)
    }
    if (name) call.name = joinName(call.name, name, call.arguments !== "")
    addArguments(call, delta.function?.arguments)
    return !known
  }

  /** Takes the oldest call out, once it has been given to the client or given up. */
  shift(): void {
    this.pending.shift()
  }

  #find(id: string, name: string, index: number | undefined): PendingCall | undefined {
    const here = index === undefined ? this.#current : this.#byIndex.get(index)
    // A delta that brings a name to a call whose arguments are complete begins the next call, whatever it is numbered.
    const startsAnew = (call: PendingCall): boolean => name !== "" && call.name !== "" && isComplete(call.arguments)
    if (id) {
      const same = this.#byId.get(id)
      if (same) return startsAnew(same) && (same !== here || same.name !== name) ? undefined : same
      return here && here.id === "" && !startsAnew(here) ? here : undefined
    }
    if (here) return startsAnew(here) ? undefined : here
    // An index nobody has begun, without id and name: the tail of the call at hand under a wrong number.
    return name === "" && !isComplete(this.#current?.arguments ?? "") ? this.#current : undefined
  }
}

/** Whether a text is one JSON value already. */
export function isComplete(text: string): boolean {
  if (text === "") return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** A name comes whole, again, growing, or in fragments. */
function joinName(known: string, more: string, begun: boolean): string {
  if (known === "" || more.startsWith(known)) return more
  return begun || known.endsWith(more) ? known : known + more
}

function addArguments(call: PendingCall, value: unknown): void {
  if (typeof value === "string") call.arguments += value
  else if (typeof value === "object" && value !== null) call.arguments += JSON.stringify(value)
}

/**
 * A call's arguments as the JSON text of an object, which is what every Anthropic client expects. Text that is an
 * object already stays as it is, to the byte: another order of keys would spoil a backend's cache (ollama ac83ac20c).
 */
export function toInput(text: string): string {
  const trimmed = text.trim()
  if (trimmed === "") return "{}"
  const value = parse(trimmed)
  if (value === undefined) return repair(trimmed)
  if (value === null) return "{}"
  if (typeof value === "string") return typeof parse(value) === "object" ? toInput(value) : wrap("value", value)
  return typeof value === "object" && !Array.isArray(value) ? text : wrap("value", value)
}

/**
 * Arguments that are no JSON: the same object sent twice is taken once, an empty one before the real one is left out;
 * anything else is handed on under `_raw`, so that the client's own check of the input refuses it and the model can
 * mend it, while nothing is lost.
 */
function repair(text: string): string {
  const half = text.slice(0, text.length / 2)
  if (text === half + half && isComplete(half)) return toInput(half)
  // An empty object as a first piece, then the arguments.
  return text.startsWith("{}") && isComplete(text.slice(2)) ? toInput(text.slice(2)) : wrap("_raw", text)
}

function wrap(key: string, value: unknown): string {
  return JSON.stringify({ [key]: value })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
