/**
 * An answer's tool calls on their way to the client: one after the other, in the order in which they began, each under
 * an id and a name the client knows.
 *
 * A call is held until its arguments are complete: half of them, cut off by max_tokens or broken, would be "repaired"
 * by the SDKs into other arguments than the model meant. Anthropic does the same unless a tool asks for
 * `eager_input_streaming`.
 */
import type { EventWriter } from "../../anthropic/writer.ts"
import type { ReplyFacts } from "../wire.ts"
import { toInput } from "./call-arguments.ts"
import { CallLabels } from "./call-labels.ts"
import type { Carry } from "./carry.ts"
import type { PendingCall } from "./pending-call.ts"
import type { Tally } from "./tally.ts"

/** What the calls of an answer share with the rest of it. */
export interface CallsOptions {
  readonly facts: ReplyFacts
  readonly writer: EventWriter
  readonly tally: Tally
  readonly carry: Carry
}

export class Calls {
  readonly #options: CallsOptions
  readonly #labels: CallLabels
  readonly #pending: PendingCall[] = [] // not yet given to the client, oldest first
  readonly #later: (() => void)[] = [] // what came while a call was being given as it came
  #begun = 0 // calls of which the client has been told
  readonly #given: { readonly call: PendingCall; readonly told: string }[] = [] // with the arguments the client was told

  constructor(options: CallsOptions) {
    const { request, backend, newId } = options.facts
    this.#options = options
    this.#labels = new CallLabels(request, backend.profile.tool_name_max, newId)
  }

  /** Whether the client has been given any. */
  get any(): boolean {
    return this.#begun > 0
  }

  /**
   * Whether more came of a call when the client had been given it: servers that begin with `{}` while other calls go
   * on. The client would run it with other arguments than the model meant. The same once more is no more.
   */
  get overtaken(): boolean {
    return this.#given.some(({ call, told }) => call.arguments !== told && !isSame(call.arguments, told))
  }

  expect(call: PendingCall): void {
    this.#pending.push(call)
  }

  /** There is more of a call: the client gets what has come of the oldest one, where its tool wants that. */
  progress(): void {
    const call = this.#pending[0]
    if (!call || call.name === "" || call.arguments === "" || !this.#labels.isEager(call.name)) return
    if (call.sent === 0 && this.#forbidden) return
    if (call.sent === 0) this.#begin(call)
    this.#options.writer.json(call.give())
  }

  /** Runs now, or behind the call whose arguments are on their way to the client: its block cannot be left. */
  behind(write: () => void): void {
    if (this.#options.writer.open === "tool_use") this.#later.push(write)
    else write()
  }

  /** @param begun How many of the newest have only just begun: `{}` there may be the first piece of more. */
  giveFinished(begun: number): void {
    const pending = this.#pending
    for (let call = pending[0]; call && pending.length > begun; call = pending[0]) {
      if (call.name === "" || !call.complete) return
      this.#give(call)
    }
  }

  /**
   * What is left when the answer is over, complete or not.
   *
   * @param cutOff Whether it was cut off: arguments that are no JSON have lost their end then.
   */
  giveRest(cutOff: boolean): void {
    for (let call = this.#pending[0]; call; call = this.#pending[0]) {
      if (call.name === "" || (cutOff && call.sent === 0 && !call.complete)) {
        this.#pending.shift()
        const name = call.name || "a tool without a name"
        this.#options.facts.note(`a call of ${name}, incomplete at the end, was dropped`)
      } else this.#give(call)
    }
  }

  #give(call: PendingCall): void {
    const { facts, writer, tally } = this.#options
    this.#pending.shift()
    tally.add(call.arguments.length)
    if (call.sent === 0) {
      if (this.#forbidden) {
        const why = "the client forbids parallel calls and the backend cannot be told so"
        facts.note(`a second tool call was dropped: ${why}`)
        return
      }
      this.#begin(call)
      writer.json(toInput(call.arguments))
    } else if (call.sent < call.arguments.length) writer.json(call.give())
    this.#given.push({ call, told: call.arguments })
    writer.close()
    for (const write of this.#later.splice(0)) write()
  }

  /** Whether the client wants no further call. */
  get #forbidden(): boolean {
    const { request, backend } = this.#options.facts
    const alone = request.tool_choice?.disable_parallel_tool_use && !backend.profile.parallel_tool_calls
    return alone === true && this.any
  }

  #begin(call: PendingCall): void {
    const { facts, writer, carry } = this.#options
    this.#begun++
    const { name, toolset } = this.#labels.name(call.name)
    const id = this.#labels.id(call.id)
    if (call.extra !== undefined && facts.backend.profile.reasoning.replay_call) carry.add({ call: call.extra })
    carry.unload(writer)
    carry.called(id, name, call)
    writer.call(id, name, toolset)
  }
}

function isSame(one: string, other: string): boolean {
  return JSON.stringify(JSON.parse(toInput(one))) === JSON.stringify(JSON.parse(toInput(other)))
}
