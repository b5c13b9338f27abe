/**
 * Chat Completions → Anthropic's stream events: the one translation of a reply, streamed or whole (a whole answer is
 * one chunk). What may be told when is decided here; that the grammar holds is the writer's business.
 */
import { guessTokens } from "../../anthropic/count.ts"
import type { MessageEvent } from "../../anthropic/events.ts"
import type { MessageRequest } from "../../anthropic/types.ts"
import { EventWriter } from "../../anthropic/writer.ts"
import type { Profile } from "../../backends/profile.ts"
import { ProxyError } from "../../error.ts"
import { Step } from "../../stream/flow.ts"
import { DONE, Failure, type WireChunk } from "../failure.ts"
import { StopCutter } from "../stop.ts"
import { toFinish } from "./finish.ts"
import { encodeId, originalNames } from "./names.ts"
import { contentParts, reasoningOf } from "./parts.ts"
import { isComplete, toInput, ToolCalls, type PendingCall } from "./tool-calls.ts"
import type { ChatChoice, ChatChunk, ChatDelta, ChatToolCallDelta, ChatUsage } from "./types.ts"
import { toUsage } from "./usage.ts"

export interface ReplyFacts {
  readonly request: MessageRequest
  readonly backend: { readonly name: string; readonly profile: Profile }
  /** Makes an id: `newId("msg_")`. */
  readonly newId: (prefix: string) => string
  /** Hears what was dropped or mended, one sentence each. */
  readonly note: (text: string) => void
}

export class ChatReply extends Step<readonly WireChunk[], readonly MessageEvent[]> {
  readonly #facts: ReplyFacts
  readonly #writer: EventWriter
  readonly #cutter: StopCutter
  readonly #calls = new ToolCalls()
  readonly #thinks: boolean // whether the client asked for thinking; what it did not ask for is not shown
  readonly #eager: ReadonlySet<string> // tools whose arguments the client wants as they come
  #called = 0 // tool calls given to the client
  readonly #later: (() => void)[] = [] // text and thinking that came while a call was being given as it came
  #usage: ChatUsage | undefined // the latest the backend told: totals, not increments
  #tier: string | undefined
  #finish: string | undefined // finish_reason, once it came
  #matched: string | undefined // the stop sequence that ended the text
  #refusal: string | undefined
  #written = 0 // characters of answer, to guess the tokens of a backend that does not tell
  #ids: Set<string> | undefined // tool-call ids the conversation has seen
  #names: ReadonlyMap<string, string> | undefined // shortened tool name → the client's

  constructor(facts: ReplyFacts) {
    super()
    const { request, newId } = facts
    this.#facts = facts
    this.#thinks = request.thinking?.type === "enabled" || request.thinking?.type === "adaptive"
    this.#cutter = new StopCutter(request.stop_sequences ?? [])
    this.#eager = new Set((request.tools ?? []).flatMap((tool) => (tool.eager_input_streaming && tool.name) || []))
    this.#writer = new EventWriter({
      model: request.model,
      newId,
      usage: () =>
        toUsage(this.#usage, { input: () => guessTokens(request), output: Math.ceil(this.#written / 4) }, this.#tier),
    })
  }

  override get done(): boolean {
    return this.#writer.ended
  }

  take(chunks: readonly WireChunk[]): readonly MessageEvent[] | undefined {
    for (const chunk of chunks) {
      if (this.done) break
      if (chunk === DONE) this.#complete()
      else if (chunk instanceof Failure) this.#fail(chunk.error)
      else this.#chunk(chunk)
    }
    return this.#writer.flush()
  }

  end(): readonly MessageEvent[] | undefined {
    if (this.done) return undefined
    // A connection that closed in mid-answer is no end_turn (litellm#41826).
    if (this.#finish === undefined) this.#broke("closed the connection before its answer was complete")
    else this.#complete()
    return this.#writer.flush()
  }

  #chunk(chunk: ChatChunk): void {
    const usage = chunk.usage ?? chunk.x_groq?.usage
    if (usage) this.#usage = usage
    if (chunk.service_tier) this.#tier = chunk.service_tier
    // Copilot puts text in one choice and calls in another; as only one answer is ever asked for, they belong together.
    for (const choice of chunk.choices ?? []) if (!this.done) this.#choice(choice)
  }

  #choice({ delta, finish_reason, stop_reason, matched_stop, index }: ChatChoice): void {
    if (delta) this.#delta(delta, index ?? 0)
    if (finish_reason && this.#finish !== "tool_calls") this.#finish = finish_reason
    const matched = stop_reason ?? matched_stop
    if (typeof matched === "string" && this.#facts.request.stop_sequences?.includes(matched)) this.#matched ??= matched
  }

  #delta(delta: ChatDelta, choice: number): void {
    this.#think(reasoningOf(delta))
    if (typeof delta.content === "string") this.#text(delta.content)
    else if (delta.content) {
      for (const part of contentParts(delta.content)) {
        this.#think(part.thinking ?? "")
        this.#text(part.text ?? "")
      }
    }
    if (delta.refusal) {
      this.#refusal = (this.#refusal ?? "") + delta.refusal
      this.#text(delta.refusal)
    }
    const calls = delta.tool_calls ?? (delta.function_call ? [{ function: delta.function_call }] : [])
    for (const call of calls) this.#call({ ...call, index: apart(choice, call.index) })
  }

  #think(thinking: string): void {
    this.#written += thinking.length
    if (thinking === "" || !this.#thinks || this.done) return
    if (this.#writer.open !== "thinking") this.#giveComplete()
    this.#tell(() => this.#writer.thinking(thinking, this.#facts.request.thinking?.display !== "omitted"))
  }

  #text(text: string): void {
    if (text === "" || this.done) return
    const cut = this.#cutter.take(text)
    this.#write(cut.text)
    if (cut.matched === undefined) return
    this.#matched = cut.matched
    this.#complete() // nothing that follows is the client's: the backend is let go
  }

  /** @param begun Newest calls that come after the text: see {@link #giveFinished}. */
  #write(text: string, begun = 0): void {
    if (text === "") return
    this.#giveFinished(begun)
    this.#written += text.length
    this.#tell(() => this.#writer.text(text))
  }

  #call(delta: ChatToolCallDelta): void {
    if (this.done) return // a stop sequence in the same chunk
    if (this.#calls.add(delta)) this.#giveComplete(1)
    this.#giveEager()
  }

  /** What the next kind of block puts an end to: text held back, and calls whose arguments are complete. */
  #giveComplete(begun = 0): void {
    this.#write(this.#cutter.flush(), begun)
    this.#giveFinished(begun)
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
   *
   * @param begun How many of the newest have only just begun: `{}` there may be the first piece of more.
   */
  #giveFinished(begun = 0): void {
    const { pending } = this.#calls
    for (let call = pending[0]; call && pending.length > begun; call = pending[0]) {
      if (call.name === "" || !isComplete(call.arguments)) return
      this.#give(call)
    }
  }

  /** Gives the client what has come of the oldest call, where its tool wants that. */
  #giveEager(): void {
    const call = this.#calls.pending[0]
    if (!call || call.name === "" || call.arguments === "" || !this.#eager.has(this.#original(call.name))) return
    if (call.sent === 0 && this.#forbidden) return
    if (call.sent === 0) this.#begin(call)
    this.#writer.json(call.arguments.slice(call.sent))
    call.sent = call.arguments.length
  }

  #give(call: PendingCall): void {
    this.#calls.shift()
    this.#written += call.arguments.length
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
    this.#writer.call(this.#uniqueId(call.id), this.#original(call.name))
  }

  /** What is left when the answer is over: calls complete or not, and text held back. */
  #giveRest(): void {
    this.#write(this.#cutter.flush())
    const cutOff = this.#finish === "length" || this.#finish === "model_length" || this.#matched !== undefined
    for (let call = this.#calls.pending[0]; call; call = this.#calls.pending[0]) {
      if (call.name === "" || (cutOff && call.sent === 0 && !isComplete(call.arguments))) {
        this.#calls.shift()
        this.#facts.note(`a call of ${call.name || "a tool without a name"}, incomplete at the end, was dropped`)
      } else this.#give(call)
    }
  }

  #complete(): void {
    if (this.#finish === "error") {
      this.#broke("failed in the middle of its answer") // OpenRouter, Mistral
      return
    }
    this.#giveRest()
    const { request } = this.#facts
    const matched = this.#matched
    const called = this.#called > 0
    this.#writer.stop(toFinish({ reason: this.#finish, matched, called, refusal: this.#refusal }))
    if (!this.#usage) this.#facts.note(`the backend told no token counts for ${request.model}; they are guessed`)
  }

  #broke(how: string): void {
    this.#writer.fail(new ProxyError(502, `backend "${this.#facts.backend.name}" ${how}`))
  }

  #fail(error: ProxyError): void {
    // An answer that was declared complete loses nothing by what breaks afterwards.
    if (this.#finish !== undefined && this.#finish !== "error") this.#complete()
    else this.#writer.fail(error)
  }

  /** The client's own name for a tool that was shortened for the backend. */
  #original(name: string): string {
    this.#names ??= originalNames(this.#facts.request, this.#facts.backend.profile.tool_name_max)
    return this.#names.get(name) ?? name
  }

  /** Backends leave ids out and use them again (`call_0` each turn); a client must be able to tell calls apart. */
  #uniqueId(given: string): string {
    this.#ids ??= idsIn(this.#facts.request)
    const wished = given && encodeId(given)
    const id = wished && !this.#ids.has(wished) ? wished : this.#facts.newId("toolu_")
    this.#ids.add(id)
    return id
  }
}

function idsIn({ messages }: MessageRequest): Set<string> {
  const ids = new Set<string>()
  for (const { content } of messages) {
    if (!content || typeof content === "string") continue
    for (const block of content) if (block.type === "tool_use") ids.add(block.id)
  }
  return ids
}

/** Call indices of several choices, kept apart from one another. */
function apart(choice: number, index: number | null | undefined): number | null | undefined {
  return typeof index === "number" ? choice * 1000 + index : index
}
