/**
 * An answer in the making: what a wire hears of it, told to the client in its own terms and at the right time. Which
 * call may be shown when, where a stop sequence cuts, which ids and names calls have: all wires share these rules. That
 * the grammar holds is the writer's business.
 */
import type { MessageEvent } from "../../anthropic/events.ts"
import { EventWriter } from "../../anthropic/writer.ts"
import { ProxyError } from "../../error.ts"
import { Calls } from "./calls.ts"
import { Carry } from "./carry.ts"
import { asksForThinking } from "../request/effort.ts"
import { toFinish, type Ending } from "./finish.ts"
import type { PendingCall } from "./pending-call.ts"
import { StopCutter } from "./stop.ts"
import { Tally } from "./tally.ts"
import type { Counts } from "./usage.ts"
import type { Replay } from "../replay.ts"
import type { ReplyFacts } from "../wire.ts"

export class Answer {
  readonly #facts: ReplyFacts
  readonly #writer: EventWriter
  readonly #cutter: StopCutter
  readonly #tally: Tally
  readonly #carry: Carry
  readonly #calls: Calls
  readonly #thinks: boolean // whether the client asked for thinking
  #matched: string | undefined // the stop sequence that ended the text
  #refusal: string | undefined

  constructor(facts: ReplyFacts) {
    const { request, newId } = facts
    this.#facts = facts
    this.#thinks = asksForThinking(request)
    this.#cutter = new StopCutter(request.stop_sequences ?? [])
    this.#tally = new Tally(request)
    this.#carry = new Carry(facts, this.#thinks)
    const sign = (thinking: string): string => this.#carry.sign(thinking)
    this.#writer = new EventWriter({ model: request.model, newId, usage: () => this.#tally.usage(), sign })
    this.#calls = new Calls({ facts, writer: this.#writer, tally: this.#tally, carry: this.#carry })
  }

  /** Whether the answer has ended for the client; nothing is told after that. */
  get over(): boolean {
    return this.#writer.ended
  }

  think(thinking: string): void {
    this.#tally.add(thinking.length)
    if (thinking === "" || !this.#thinks || this.over) return
    if (this.#writer.open !== "thinking") this.settle()
    this.#calls.behind(() => this.#writer.thinking(thinking, this.#facts.request.thinking?.display !== "omitted"))
  }

  /** The backend must get this back, with what it has just thought or with what it tells next. */
  replay(part: Replay): void {
    if (!this.over) this.#carry.add(part)
  }

  text(text: string): void {
    if (text === "" || this.over) return
    const cut = this.#cutter.take(text)
    this.#write(cut.text)
    if (cut.matched === undefined) return
    this.#matched = cut.matched
    this.complete("plain") // nothing that follows is the client's: the backend is let go
  }

  /** What a model says when it refuses; the client sees it as text, too. */
  refuse(refusal: string): void {
    this.#refusal = (this.#refusal ?? "") + refusal
    this.text(refusal)
  }

  /** Text that follows is a block of its own. */
  endText(): void {
    this.#write(this.#cutter.flush())
    if (this.#writer.open === "text") this.#writer.close()
  }

  /** A call has begun. Calls are given to the client in the order in which they were announced here. */
  expect(call: PendingCall): void {
    if (this.over) return // a stop sequence in the same chunk
    this.#writer.start()
    this.#calls.expect(call)
    this.settle(1)
  }

  /** There is more of a call: the client gets what has come of the oldest one, where its tool wants that. */
  progress(): void {
    this.#calls.progress()
  }

  /**
   * What the next kind of block puts an end to is given: text held back, and calls whose arguments are complete.
   *
   * @param begun How many of the newest calls have only just begun: `{}` there may be the first piece of more.
   */
  settle(begun = 0): void {
    this.#write(this.#cutter.flush(), begun)
    this.#calls.giveFinished(begun)
  }

  /** The backend's token counts so far, and the tier it served the request in. */
  count(counts: Counts | undefined, tier: string | null | undefined): void {
    this.#tally.tell(counts, tier)
  }

  /** A backend tells what it stopped at; heeded when the client asked for that. */
  stoppedAt(text: unknown): void {
    if (typeof text === "string" && this.#facts.request.stop_sequences?.includes(text)) this.#matched ??= text
  }

  /** The answer is complete. */
  complete(ending: Ending): void {
    this.#write(this.#cutter.flush())
    this.#calls.giveRest(ending === "length" || ending === "window" || this.#matched !== undefined)
    if (this.#calls.overtaken) {
      this.broke("went on with a tool call that was complete")
      return
    }
    const { request, note, counted } = this.#facts
    this.#carry.end(this.#writer.open === "thinking")
    this.#writer.stop(toFinish({ ending, matched: this.#matched, called: this.#calls.any, refusal: this.#refusal }))
    const { input } = this.#tally
    if (input !== undefined) counted?.(input)
    if (!this.#tally.told) note(`the backend told no token counts for ${request.model}; they are guessed`)
  }

  fail(error: ProxyError): void {
    this.#writer.fail(error)
  }

  /** Fails with 502; `how` reads on after the backend's name. */
  broke(how: string): void {
    this.fail(new ProxyError(502, `backend "${this.#facts.backend.name}" ${how}`))
  }

  /** The events since the last call; undefined for none. */
  flush(): readonly MessageEvent[] | undefined {
    return this.#writer.flush()
  }

  #write(text: string, begun = 0): void {
    if (text === "") return
    this.#calls.giveFinished(begun)
    this.#tally.add(text.length)
    this.#calls.behind(() => {
      if (this.#writer.open !== "text") this.#carry.unload(this.#writer)
      this.#carry.spoken = true
      this.#writer.text(text)
    })
  }
}
