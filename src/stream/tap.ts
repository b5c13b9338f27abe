/**
 * Steps for authors of stages: look at the events of a reply, change them, or wait for the whole message. Each call
 * makes a step for one reply. The lists in which events travel stay in here.
 */
import type { AssistantMessage, MessageEvent } from "../anthropic/events.ts"
import { Folder } from "../anthropic/fold.ts"
import { Step } from "./flow.ts"

type EventList = readonly MessageEvent[]

/** Calls `look` with each event and passes all of them on, unchanged. */
export function tap(look: (event: MessageEvent) => void): Step<EventList, EventList> {
  return new Tap(look)
}

/**
 * Replaces each event by what `map` returns: an event, several, or null for none. An event nobody changed is passed on
 * as it came; whoever drops or adds events keeps Anthropic's order of them.
 */
export function mapEvents(
  map: (event: MessageEvent) => MessageEvent | readonly MessageEvent[] | null,
): Step<EventList, EventList> {
  return new MapEvents(map)
}

/** How a reply ended: with its whole message, or with what had come before the failure. */
export interface Ended {
  readonly message: AssistantMessage
  /** What the client was told, when the reply failed after it had begun. */
  readonly error: { readonly type: string; readonly message: string } | undefined
}

/** Calls `then` once, when the reply has ended by itself. A reply the client has left never ends. */
export function onMessage(then: (ended: Ended) => void): Step<EventList, EventList> {
  return new OnMessage(then)
}

/** How a reply was over: by itself, or because nobody reads on. */
export interface Over {
  /** What had come; undefined when it never began. Output tokens that were not told are guessed from it. */
  readonly message: AssistantMessage | undefined
  readonly error: Ended["error"]
  /** Whether it was left before its end: the client has gone, or a stage behind this one has enough. */
  readonly left: boolean
}

/** Calls `then` once, whichever way the reply is over: for what must be counted or given back in any case. */
export function onOver(then: (over: Over) => void): Step<EventList, EventList> {
  return new OnOver(then)
}

class Tap extends Step<EventList, EventList> {
  readonly #look: (event: MessageEvent) => void

  constructor(look: (event: MessageEvent) => void) {
    super()
    this.#look = look
  }

  take(events: EventList): EventList {
    for (const event of events) this.#look(event)
    return events
  }

  end(): undefined {}
}

class MapEvents extends Step<EventList, EventList> {
  readonly #map: (event: MessageEvent) => MessageEvent | readonly MessageEvent[] | null

  constructor(map: (event: MessageEvent) => MessageEvent | readonly MessageEvent[] | null) {
    super()
    this.#map = map
  }

  take(events: EventList): EventList | undefined {
    const out: MessageEvent[] = []
    for (const event of events) {
      const mapped = this.#map(event)
      if (mapped === null) continue
      if ("type" in mapped) out.push(mapped)
      else out.push(...mapped)
    }
    return out.length > 0 ? out : undefined
  }

  end(): undefined {}
}

class OnMessage extends Step<EventList, EventList> {
  readonly #then: (ended: Ended) => void
  readonly #folder = new Folder()
  #told = false

  constructor(then: (ended: Ended) => void) {
    super()
    this.#then = then
  }

  take(events: EventList): EventList {
    for (const event of events) {
      this.#folder.take(event)
      // Not at the end of the stream: whoever writes a reply down stops reading at its last event.
      if (event.type === "message_stop" || event.type === "error") this.#tell()
    }
    return events
  }

  end(): undefined {
    this.#tell()
  }

  #tell(): void {
    const { message, error } = this.#folder
    if (this.#told || !message) return
    this.#told = true
    this.#then({ message, error })
  }
}

class OnOver extends Step<EventList, EventList> {
  readonly #then: (over: Over) => void
  readonly #folder = new Folder()
  #counted = false // the output has been told
  #told = false

  constructor(then: (over: Over) => void) {
    super()
    this.#then = then
  }

  take(events: EventList): EventList {
    for (const event of events) {
      this.#folder.take(event)
      if (event.type === "message_delta") this.#counted = true
      if (event.type === "message_stop" || event.type === "error") this.#tell(false)
    }
    return events
  }

  end(): undefined {
    this.#tell(false)
  }

  override cancel(): void {
    this.#tell(true)
  }

  #tell(left: boolean): void {
    if (this.#told) return
    this.#told = true
    const { message, error } = this.#folder
    this.#then({ message: message && (this.#counted ? message : withGuess(message)), error, left })
  }
}

/** 4 characters a token, as wherever nothing is told. */
function withGuess(message: AssistantMessage): AssistantMessage {
  const written = message.content.reduce((sum, block) => {
    if (block.type === "text") return sum + block.text.length
    if (block.type === "thinking") return sum + block.thinking.length
    return "input" in block ? sum + (JSON.stringify(block.input) ?? "").length : sum
  }, 0)
  const output_tokens = Math.max(message.usage.output_tokens, Math.ceil(written / 4))
  return { ...message, usage: { ...message.usage, output_tokens } }
}
