/**
 * Puts streamed tool calls together. By the book a call has an index, its first delta an id and a name, and arguments
 * follow in pieces. Seen in the field: no index, every call at index 0 (ollama#15457), ids on every delta, late or
 * never, names late, repeated or in fragments, arguments as an object, twice, or null (pi#8861, smolagents#1958,
 * openai-python#3201). Which call a delta belongs to is decided here and nowhere else.
 */
import { argumentsText } from "../reply/call-arguments.ts"
import { PendingCall } from "../reply/pending-call.ts"
import type { ChatToolCallDelta } from "./types.ts"

export class ToolCalls {
  readonly #byIndex = new Map<number, PendingCall>() // the latest call at each index
  readonly #byId = new Map<string, PendingCall>()
  #current: PendingCall | undefined // the call the last delta belonged to

  /** Adds a delta. @returns The call, when the delta began a new one. */
  add(delta: ChatToolCallDelta): PendingCall | undefined {
    const id = toText(delta.id)
    const name = toText(delta.function?.name)
    const index = typeof delta.index === "number" ? delta.index : undefined
    const known = this.#find(id, name, index)
    const call = known ?? new PendingCall()
    this.#current = call
    if (index !== undefined) this.#byIndex.set(index, call)
    if (id && !call.id) {
      call.id = id
      this.#byId.set(id, call)
    }
    if (name) call.name = joinName(call.name, name, call.arguments !== "")
    call.add(argumentsText(delta.function?.arguments))
    if (delta.extra_content) call.extra = delta.extra_content
    return known ? undefined : call
  }

  #find(id: string, name: string, index: number | undefined): PendingCall | undefined {
    const here = index === undefined ? this.#current : this.#byIndex.get(index)
    // A delta that brings a name to a call whose arguments are complete begins the next call, whatever it is numbered.
    const startsAnew = (call: PendingCall): boolean => name !== "" && call.name !== "" && call.complete
    if (id) {
      const same = this.#byId.get(id)
      if (same) return startsAnew(same) && (same !== here || same.name !== name) ? undefined : same
      return here && here.id === "" && !startsAnew(here) ? here : undefined
    }
    if (here) return startsAnew(here) ? undefined : here
    // An index nobody has begun, without id and name: the tail of the call at hand under a wrong number.
    return name === "" && !this.#current?.complete ? this.#current : undefined
  }
}

/** By the book a string; a number has been seen in the place of an id. */
function toText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : ""
}

/** A name comes whole, again, growing, or in fragments. */
function joinName(known: string, more: string, begun: boolean): string {
  if (known === "" || more.startsWith(known)) return more
  if (known.length > NAME_MOST) return known
  return begun || known.endsWith(more) ? known : known + more
}

/** Characters. No tool has a name like that, and its end is looked at with each delta. */
const NAME_MOST = 1024
