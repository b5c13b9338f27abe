/**
 * What a backend must get back of its answer, on its way to it: sealed into the thinking block that closes next, or,
 * where the client sees no thinking, kept for the answer's calls. What an answer without calls has thought is wanted by
 * no backend, so of that nothing is kept.
 */
import { SIGNATURE } from "../../anthropic/signature.ts"
import type { EventWriter } from "../../anthropic/writer.ts"
import { joinReplays, type GivenCall, type PlacedReplay, type Replay } from "../replay.ts"
import type { ReplyFacts } from "../wire.ts"
import { toInput } from "./call-arguments.ts"
import type { PendingCall } from "./pending-call.ts"

export class Carry {
  readonly #facts: ReplyFacts
  readonly #shows: boolean // whether the client sees thinking
  readonly #placed: PlacedReplay[] = [] // what no block carries
  readonly #calls: { readonly id: string; readonly name: string; readonly call: PendingCall }[] = []
  #waiting: Replay[] = [] // what has come since a block was closed or a place found
  /** Whether the client has been told any text. */
  spoken = false

  constructor(facts: ReplyFacts, shows: boolean) {
    this.#facts = facts
    this.#shows = shows
  }

  add(part: Replay): void {
    this.#waiting.push(part)
  }

  /** The signature of a thinking block that closes with these words. */
  sign(thinking: string): string {
    return this.#waiting.length > 0 ? this.#facts.seal(this.#take(), thinking) : SIGNATURE
  }

  /** What waits and has no block yet gets one without words, ahead of what it belongs to and is told next. */
  unload(writer: EventWriter): void {
    if (this.#waiting.length === 0 || writer.open === "thinking") return
    if (this.#shows) writer.thinking("", false)
    else this.#place()
  }

  /** A call is given to the client, under this id and name. */
  called(id: string, name: string, call: PendingCall): void {
    this.#calls.push({ id, name, call })
  }

  /** @param closes Whether a thinking block is open, which takes along what waits. */
  end(closes: boolean): void {
    if (this.#waiting.length > 0 && !closes) {
      // A block behind all others would be one that Anthropic's API refuses in a history.
      if (this.#shows) this.#facts.note("reasoning that came behind all it led to was dropped: it cannot be given back")
      else this.#place()
    }
    if (this.#placed.length > 0 && this.#calls.length > 0) this.#facts.keep(this.#calls.map(toGiven), this.#placed)
  }

  /** Keeps what waits, at this place of the turn. */
  #place(): void {
    this.#placed.push({ replay: this.#take(), before: this.#calls.length, spoken: this.spoken })
  }

  #take(): Replay {
    const all = joinReplays(this.#waiting)
    this.#waiting = []
    return all
  }
}

function toGiven({ id, name, call }: { id: string; name: string; call: PendingCall }): GivenCall {
  return { id, name, arguments: toInput(call.arguments) }
}
