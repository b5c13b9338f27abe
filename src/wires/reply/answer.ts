/**
 * An answer in the making: what a wire hears of it, told to the client in its own terms and at the right time. Which
 * call may be shown when, where a stop sequence cuts, which ids and names calls have: all wires share these rules. That
 * the grammar holds is the writer's business.
 */
import type { MessageEvent } from "../../anthropic/events.ts"
import { EventWriter } from "../../anthropic/writer.ts"
import { ProxyError } from "../../error.ts"
import { isComplete, toInput, type PendingCall } from "./call-arguments.ts"
import { CallLabels } from "./call-labels.ts"
import { asksForThinking } from "../request/effort.ts"
import { toFinish, type Ending } from "./finish.ts"
import { StopCutter } from "./stop.ts"
import { Tally } from "./tally.ts"
import type { Counts } from "./usage.ts"
import type { ReplyFacts } from "../wire.ts"

export class Answer {
  readonly #facts: ReplyFacts
  readonly #writer: EventWriter
  readonly #cutter: StopCutter
  readonly #labels: CallLabels
  readonly #tally: Tally
  readonly #thinks: boolean // whether the client asked for thinking
  readonly #eager: ReadonlySet<string> // tools whose arguments the client wants as they come
  readonly #pending: PendingCall[] = [] // calls not yet given to the client, oldest first
  readonly #later: (() => void)[] = [] // text and thinking that came while a call was being given as it came
  #called = 0 // tool calls given to the client
  #matched: string | undefined // the stop sequence that ended the text
  #refusal: string | undefined

  constructor(facts: ReplyFacts) {
    const { request, backend, newId } = facts
    this.#facts = facts
    this.#thinks = asksForThinking(request)
    this.#cutter = new StopCutter(request.stop_sequences ?? [])
    this.#labels = new CallLabels(request, backend.profile.tool_name_max, newId)
    // Who does not stream gets each call whole, checked like any other.
    const tools = request.stream ? (request.tools ?? []) : []
    this.#eager = new Set(tools.flatMap((tool) => (tool.eager_input_streaming && tool.name) || []))
    this.#tally = new Tally(request)
    this.#writer = new EventWriter({ model: request.model, newId, usage: () => this.#tally.usage() })
  }

  /** Whether the answer has ended for the client; nothing is told after that. */
  get over(): boolean {
    return this.#writer.ended
  }

  think(thinking: string): void {
    this.#tally.add(thinking.length)
    if (thinking === "" || !this.#thinks || this.over) return
    if (this.#writer.open !== "thinking") this.settle()
    this.#tell(() => this.#writer.thinking(thinking, this.#facts.request.thinking?.display !== "omitted"))
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
    this.#pending.push(call)
    this.settle(1)
  }

  /** There is more of a call: the client gets what has come of the oldest one, where its tool wants that. */
  progress(): void {
    const call = this.#pending[0]
    if (!call || call.name === "" || call.arguments === "" || !this.#eager.has(this.#labels.name(call.name))) return
    if (call.sent === 0 && this.#forbidden) return
    if (call.sent === 0) this.#begin(call)
    this.#writer.json(call.arguments.slice(call.sent))
    call.sent = call.arguments.length
  }

  /**
   * What the next kind of block puts an end to is given: text held back, and calls whose arguments are complete.
   *
   * @param begun How many of the newest calls have only just begun: `{}` there may be the first piece of more.
   */
  settle(begun = 0): void {
    this.#write(this.#cutter.flush(), begun)
    this.#giveFinished(begun)
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
    this.#giveRest(ending === "length" || ending === "window" || this.#matched !== undefined)
    const { request, note } = this.#facts
    this.#writer.stop(toFinish({ ending, matched: this.#matched, called: this.#called > 0, refusal: this.#refusal }))
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
    this.#giveFinished(begun)
    this.#tally.add(text.length)
    this.#tell(() => this.#writer.text(text))
  }

  /** Writes now, or behind the call whose arguments are on their way to the client: its block cannot be left. */
  #tell(write: () => void): void {
    if (this.#writer.open === "tool_use") this.#later.push(write)
    else write()
  }

  /**
   * Gives the client the oldest calls that are complete. A call is held until its arguments are: half of them, cut off
   * by max_tokens or broken, would be "repaired" by the SDKs into other arguments than the model meant. Anthropic does
   * the same unless a tool asks for `eager_input_streaming`.
   */
  #giveFinished(begun: number): void {
    const pending = this.#pending
    for (let call = pending[0]; call && pending.length > begun; call = pending[0]) {
      if (call.name === "" || !isComplete(call.arguments)) return
      this.#give(call)
    }
  }

  #give(call: PendingCall): void {
    this.#pending.shift()
    this.#tally.add(call.arguments.length)
    if (call.sent === 0) {
      if (this.#forbidden) {
        const why = "the client forbids parallel calls and the backend cannot be told so"
        this.#facts.note(`a second tool call was dropped: ${why}`)
        return
      }
      this.#begin(call)
      this.#writer.json(toInput(call.arguments))
    } else if (call.sent < call.arguments.length) this.#writer.json(call.arguments.slice(call.sent))
    this.#writer.close()
    for (const write of this.#later.splice(0)) write()
  }

  /** Whether the client wants no further call. */
  get #forbidden(): boolean {
    const { request, backend } = this.#facts
    const alone = request.tool_choice?.disable_parallel_tool_use && !backend.profile.parallel_tool_calls
    return alone === true && this.#called > 0
  }

  #begin(call: PendingCall): void {
    this.#called++
    this.#writer.call(this.#labels.id(call.id), this.#labels.name(call.name))
  }

  /** What is left when the answer is over: calls complete or not, and text held back. */
  #giveRest(cutOff: boolean): void {
    this.#write(this.#cutter.flush())
    for (let call = this.#pending[0]; call; call = this.#pending[0]) {
      if (call.name === "" || (cutOff && call.sent === 0 && !isComplete(call.arguments))) {
        this.#pending.shift()
        this.#facts.note(`a call of ${call.name || "a tool without a name"}, incomplete at the end, was dropped`)
      } else this.#give(call)
    }
  }
}
