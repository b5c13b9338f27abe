/**
 * The blocks of a reply, one open at a time and numbered from 0 without gaps. The official SDKs lose the text of a
 * block whose number skips one, and take what comes for another block than the last for the last one's.
 *
 * A block that begins while text or thinking is open ends it. While a call is open it has to wait, because the call's
 * arguments may go on (servers that run calls side by side do that), and half of them are worth nothing.
 */
import type {
  BlockDelta,
  BlockDeltaEvent,
  BlockStartEvent,
  BlockStopEvent,
  MessageEvent,
  ReplyBlock,
} from "../../anthropic/events.ts"
import { isObject } from "../is-object.ts"
import { CALLS, toOpening, type Blank } from "./repair.ts"

export type BlockEvent = BlockStartEvent | BlockDeltaEvent | BlockStopEvent

interface OpenBlock {
  /** The backend's number for it; undefined when it gives none. */
  readonly source: number | undefined
  readonly type: string
  /** What it says at its end, unless a delta says it before. */
  later: BlockDelta | undefined
}

export class Blocks {
  readonly #blank: Blank
  readonly #note: (text: string) => void
  #next = 0 // index of the block that begins next
  #open: OpenBlock | undefined
  #waiting = new Map<number | undefined, BlockEvent[]>() // behind an open call, by the backend's numbers
  #called = false // a call for the client was among them

  constructor(blank: Blank, note: (text: string) => void) {
    this.#blank = blank
    this.#note = note
  }

  /** Whether there was a call that the client has to answer. */
  get called(): boolean {
    return this.#called
  }

  take(event: BlockEvent, out: MessageEvent[]): void {
    const source = typeof event.index === "number" ? event.index : this.#open?.source
    const own = this.#open?.source === source ? this.#open : undefined
    const calling = this.#open !== undefined && CALLS.has(this.#open.type)
    if (own) this.#tell(event, source, own, out)
    else if (calling) this.#wait(event, source)
    else if (this.#waiting.size > 0 && event.type === "content_block_start") {
      this.#wait(event, source) // others have begun before it
      this.#close(out)
    } else this.#tell(event, source, undefined, out)
    if (!this.#open) this.#release(out)
  }

  /** No more will come: what is open or waits is told to its end. */
  end(out: MessageEvent[]): void {
    do {
      this.#close(out)
      this.#release(out)
    } while (this.#open)
  }

  #wait(event: BlockEvent, source: number | undefined): void {
    const events = this.#waiting.get(source)
    if (events) events.push(event)
    else if (event.type !== "content_block_stop") this.#waiting.set(source, [event])
  }

  #tell(event: BlockEvent, source: number | undefined, own: OpenBlock | undefined, out: MessageEvent[]): void {
    switch (event.type) {
      case "content_block_start":
        if (!isBlock(event.content_block)) return this.#note("a block of no kind was dropped")
        this.#close(out)
        return this.#begin(event, source, out)
      case "content_block_delta":
        return this.#delta(event, source, own, out)
      case "content_block_stop":
        if (own) this.#close(out, event)
    }
  }

  #begin(event: BlockStartEvent, source: number | undefined, out: MessageEvent[]): void {
    const index = this.#next++
    const { block, now, later } = toOpening(event.content_block, this.#blank)
    const sound = block === event.content_block && event.index === index
    out.push(sound ? event : { ...event, index, content_block: block })
    if (now) out.push({ type: "content_block_delta", index, delta: now })
    this.#open = { source, type: block.type, later }
    this.#called ||= block.type === "tool_use"
  }

  #delta(event: BlockDeltaEvent, source: number | undefined, own: OpenBlock | undefined, out: MessageEvent[]): void {
    const { delta } = event
    if (!isSound(delta)) return this.#note("a delta of no kind was dropped")
    if (!own || !fits(delta.type, own.type)) {
      const block = homeOf(delta.type)
      if (!block) return this.#note("a delta of a block that never began was dropped")
      this.#close(out)
      this.#begin({ type: "content_block_start", index: this.#next, content_block: block }, source, out)
    }
    const index = this.#next - 1
    const open = this.#open
    if (open?.later?.type === delta.type && says(delta)) open.later = undefined
    out.push(event.index === index ? event : { ...event, index })
  }

  #close(out: MessageEvent[], event?: BlockStopEvent): void {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    const index = this.#next - 1
    if (open.later) out.push({ type: "content_block_delta", index, delta: open.later })
    out.push(event?.index === index ? event : { ...event, type: "content_block_stop", index })
  }

  /** Tells what has waited, in the order in which it began, until a block stays open. */
  #release(out: MessageEvent[]): void {
    for (const [source, events] of this.#waiting) {
      if (this.#open) return
      this.#waiting.delete(source)
      for (const event of events) this.#tell(event, source, this.#open, out)
    }
  }
}

function isBlock(block: unknown): block is ReplyBlock {
  return isObject(block) && typeof block["type"] === "string"
}

/** Whether what a known delta has to say is a text: a client would add `null` to its own. */
function isSound(delta: BlockDelta): boolean {
  if (!isObject(delta)) return false
  switch (delta.type) {
    case "text_delta":
      return typeof delta.text === "string"
    case "thinking_delta":
      return typeof delta.thinking === "string"
    case "signature_delta":
      return typeof delta.signature === "string"
    case "input_json_delta":
      return typeof delta.partial_json === "string"
    default:
      return typeof (delta as { readonly type?: unknown }).type === "string"
  }
}

/** Whether a block of this kind is one the delta can be of; one of an unknown kind takes them all. */
function fits(delta: string, block: string): boolean {
  switch (block) {
    case "text":
      return delta === "text_delta" || delta === "citations_delta" || !HOMES.has(delta)
    case "thinking":
      return delta === "thinking_delta" || delta === "signature_delta" || !HOMES.has(delta)
    default:
      return delta === "input_json_delta" || !CALLS.has(block) || !HOMES.has(delta)
  }
}

/** The block a delta is of that says so by itself, a new one each time; a call has a name, which no delta tells. */
function homeOf(delta: string): ReplyBlock | undefined {
  const block = HOMES.get(delta)
  return block && { ...block }
}

const TEXT = { type: "text", text: "", citations: null } as const
const THINKING = { type: "thinking", thinking: "", signature: "" } as const
const HOMES: ReadonlyMap<string, ReplyBlock | undefined> = new Map<string, ReplyBlock | undefined>([
  ["text_delta", TEXT],
  ["citations_delta", TEXT],
  ["thinking_delta", THINKING],
  ["signature_delta", THINKING],
  ["input_json_delta", undefined],
])

function says(delta: BlockDelta): boolean {
  return delta.type !== "input_json_delta" || delta.partial_json !== ""
}
