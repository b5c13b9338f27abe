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
