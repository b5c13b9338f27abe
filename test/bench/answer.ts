/** The client's eye: reads an answer as Anthropic's API has it, and says what is wrong with it. */
import { PROMPT_TOKENS, sentAt, WHOLE } from "./order.ts"

/** What of an event is looked at. */
interface Event {
  readonly type: string
  readonly delta?: { readonly text?: string; readonly stop_reason?: string }
  readonly usage?: { readonly output_tokens?: number }
  readonly error?: { readonly message: string }
}

const GRAMMAR = [
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
] as const
const DELTAS = GRAMMAR.indexOf("content_block_delta")

/** One streamed answer. */
export class StreamReader {
  readonly #events: number
  /** Microseconds each text was on its way. */
  readonly lags: number[] = []
  /** When the first text came, in microseconds of the shared clock. */
  first: number | undefined
  /** The first thing that is wrong. */
  fault: string | undefined
  #rest = "" // of an event that has not come whole
  #piece = "" // of a text that has not come whole
  #place = 0 // in the grammar: what must come next

  /** @param events Text events that have to come. */
  constructor(events: number) {
    this.#events = events
  }

  /** Text events that have come so far. */
  get seen(): number {
    return this.lags.length
  }

  take(text: string, at: number): void {
    const frames = (this.#rest + text).split("\n\n")
    this.#rest = frames.pop() ?? ""
    for (const frame of frames) this.fault ??= this.#frame(frame, at)
  }

  end(): void {
    if (this.seen < this.#events) this.fault ??= `${this.#events - this.seen} of ${this.#events} events are missing`
    if (this.#place < GRAMMAR.length) this.fault ??= `ended at ${GRAMMAR[this.#place]}`
  }

  #frame(frame: string, at: number): string | undefined {
    const [named = "", data = ""] = frame.split("\ndata: ")
    const event = JSON.parse(data) as Event
    const { type } = event
    if (named !== `event: ${type}`) return `an event ${type} under another name`
    if (type === "ping") return undefined
    if (type === "error") return event.error?.message ?? "an error"
    if (this.#place === DELTAS && type !== GRAMMAR[DELTAS] && this.seen > 0) this.#place++
    if (type !== GRAMMAR[this.#place]) return `${type} in the place of ${GRAMMAR[this.#place]}`
    if (this.#place === DELTAS) return this.#text(event.delta?.text ?? "", at)
    this.#place++
    return type === "message_delta" ? this.#last(event) : undefined
  }

  /** A text need not be cut where the mock cut it. */
  #text(text: string, at: number): string | undefined {
    this.first ??= at
    this.#piece += text
    for (let end = this.#piece.indexOf(" "); end >= 0; end = this.#piece.indexOf(" ")) {
      const sent = sentAt(this.#piece.slice(0, end), this.seen)
      if (sent === undefined) return `the text is wrong at event ${this.seen}: ${this.#piece.split("@")[0]}`
      this.lags.push(at - sent)
      this.#piece = this.#piece.slice(end + 1)
    }
    return undefined
  }

  #last({ delta, usage }: Event): string | undefined {
    if (delta?.stop_reason !== "end_turn") return `stop_reason is ${delta?.stop_reason}`
    return usage?.output_tokens === this.#events ? undefined : `output_tokens is ${usage?.output_tokens}`
  }
}

/** What is wrong with an answer that does not stream. */
export function wholeFault(text: string): string | undefined {
  const message = JSON.parse(text) as {
    readonly type?: string
    readonly content?: readonly { readonly text?: string }[]
    readonly stop_reason?: string
    readonly usage?: { readonly input_tokens?: number }
  }
  if (message.type !== "message" || message.content?.length !== 1) return `not a message: ${text.slice(0, 200)}`
  if (message.content[0]?.text !== WHOLE) return "the text of the whole answer is wrong"
  if (message.stop_reason !== "end_turn") return `stop_reason is ${message.stop_reason}`
  return message.usage?.input_tokens === PROMPT_TOKENS ? undefined : "usage is wrong"
}
