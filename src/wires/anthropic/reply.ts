/**
 * Anthropic's stream events → the same, held to the grammar: exactly one message_start, message_delta and message_stop,
 * or an error event and nothing after it. Events that are as they should be pass as the very same objects, and so do
 * those nobody here knows.
 */
import type { MessageDeltaEvent, MessageEvent, MessageStartEvent, Usage } from "../../anthropic/events.ts"
import { ProxyError } from "../../error.ts"
import { Step } from "../../stream/flow.ts"
import { DONE, Failure, type ItemOf } from "../failure.ts"
import { isObject } from "../is-object.ts"
import type { ReplyFacts } from "../wire.ts"
import { Blocks } from "./blocks.ts"
import { mergeEnds, toEnd, toStart, type Blank } from "./repair.ts"

export class MessagesReply extends Step<readonly ItemOf<MessageEvent>[], readonly MessageEvent[]> {
  readonly #backend: string
  readonly #blank: Blank
  readonly #note: (text: string) => void
  readonly #counted: ReplyFacts["counted"]
  readonly #blocks: Blocks
  #started = false // message_start has been told
  #early: MessageEvent[] = [] // unknown events that came before it: nothing may be told ahead of it
  #usage: Usage | undefined // as message_start has it
  #end: MessageDeltaEvent | undefined // kept back until nothing can follow: there may be several
  #over = false // message_stop or an error has been told

  constructor({ backend, request, newId, note, counted }: ReplyFacts) {
    super()
    this.#backend = backend.name
    this.#blank = { model: request.model, newId }
    this.#note = note
    this.#counted = counted
    this.#blocks = new Blocks(this.#blank, note)
  }

  override get done(): boolean {
    return this.#over
  }

  take(items: readonly ItemOf<MessageEvent>[]): readonly MessageEvent[] | undefined {
    const out: MessageEvent[] = []
    for (const item of items) {
      if (this.#over) break
      if (item === DONE) this.#cut(out, undefined)
      else if (item instanceof Failure) this.#cut(out, item.error)
      else this.#take(item, out)
    }
    return out.length > 0 ? out : undefined
  }

  end(): readonly MessageEvent[] | undefined {
    if (this.#over) return undefined
    const out: MessageEvent[] = []
    this.#cut(out, undefined)
    return out
  }

  #take(event: MessageEvent, out: MessageEvent[]): void {
    switch (event.type) {
      case "content_block_delta":
      case "content_block_start":
      case "content_block_stop":
        this.#start(undefined, out)
        return this.#blocks.take(event, out)
      case "message_start":
        if (this.#started) return this.#note("a second message_start was dropped")
        return this.#start(event, out)
      case "message_delta":
        this.#start(undefined, out)
        this.#end = this.#end ? mergeEnds(this.#end, event) : event
        return
      case "message_stop":
        return this.#stop(event, out)
      default:
        if (!/^[\w.-]+$/.test(event.type)) return this.#note("an event whose name is no name was dropped")
        if (this.#started) out.push(event)
        else this.#early.push(event)
    }
  }

  #start(event: MessageStartEvent | undefined, out: MessageEvent[]): void {
    if (this.#started) return
    this.#started = true
    const start = toStart(event, this.#blank)
    this.#usage = start.message.usage
    out.push(start, ...this.#early)
    this.#early = []
    const content: unknown = isObject(event?.message) ? event.message.content : undefined
    if (!Array.isArray(content)) return
    for (const [n, block] of content.entries()) {
      const index = -1 - n // a number that no other block has
      this.#blocks.take({ type: "content_block_start", index, content_block: block }, out)
      this.#blocks.take({ type: "content_block_stop", index }, out)
    }
  }

  /** No more comes from the backend. Once it has said why it stopped, the answer is complete all the same. */
  #cut(out: MessageEvent[], error: ProxyError | undefined): void {
    if (typeof this.#end?.delta?.stop_reason === "string") return this.#stop({ type: "message_stop" }, out)
    out.push(
      toErrorEvent(
        error ?? new ProxyError(502, `backend "${this.#backend}" closed the connection before its answer was complete`),
      ),
    )
    this.#over = true
  }

  #stop(event: MessageEvent, out: MessageEvent[]): void {
    this.#start(undefined, out)
    this.#blocks.end(out)
    const end = toEnd(this.#end, this.#blocks.called ? "tool_use" : "end_turn", this.#usage?.output_tokens ?? 0)
    out.push(end, event)
    this.#over = true
    const prompt = promptOf(this.#usage, end.usage)
    if (prompt > 0) this.#counted?.(prompt)
  }
}

/** All of the prompt, cached or not, as it was told last; 0 where nothing is told of it. */
function promptOf(first: Partial<Usage> | undefined, last: Partial<Usage>): number {
  const counts = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"] as const
  return counts.reduce((sum, name) => {
    const count = last[name] ?? first?.[name]
    return sum + (typeof count === "number" ? count : 0)
  }, 0)
}

function toErrorEvent({ type, message, details }: ProxyError): MessageEvent {
  return { type: "error", error: { type, message, ...(details && { details }) } }
}
