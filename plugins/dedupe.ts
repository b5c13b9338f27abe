/**
 * dedupe: identical requests that are on their way at once are one request to the backend.
 *
 * ```yaml
 * plugins:
 *   - dedupe
 * ```
 *
 * The first one asks, and those of the same key that follow get the same events as they come, from the start and each
 * as a message of its own. The backend is asked until the last of them has left. `x-llm-proxy-dedupe` in the answer
 * says `leader` or `follower`; a request with `cache-control: no-cache` or `no-store` is asked by itself.
 */
import {
  definePlugin,
  defineStage,
  digestRequest,
  Flow,
  ProxyError,
  v,
  type Events,
  type MessageEvent,
  type Parsed,
  type Source,
} from "llm-proxy"

const BUFFER_RULE = "must be a whole number of bytes, 1024 at least"

const Options = v.strictObject({
  /**
   * Most bytes that are held for whoever reads slowest; one who falls back further gets an error. Nobody joins an
   * answer any more of which half as much has come. @default 1048576 (1 MB)
   */
  buffer: v.optional(v.pipe(v.number(BUFFER_RULE), v.integer(BUFFER_RULE), v.minValue(1024, BUFFER_RULE)), 1024 * 1024),
})

type EventList = readonly MessageEvent[]

export default definePlugin({
  name: "dedupe",
  options: Options,
  // A follower waits as long as the backend takes, in a `next` that is another's.
  timeLimit: 86_400,
  setup({ buffer }, { targetOf }) {
    const flights = new Map<string, Flight>()

    return defineStage({
      name: "dedupe",
      before: "route",
      async run(context, next) {
        // A follower is never routed: that its key may use the model is asked here.
        const target = isShared(context.req) ? targetOf(context) : undefined
        const { client, request, head } = context
        const key = target && (await digestRequest(context, client.name, target.backend.name, target.model))
        if (!key || context.signal.aborted) return next(context)

        // A stream does not wait for an answer that comes whole.
        const forStreams = `${key} streamed`
        const own = request.stream ? forStreams : `${key} whole`
        const open = flights.get(forStreams) ?? flights.get(own)
        const role = open ? "follower" : "leader"
        head.set("x-llm-proxy-dedupe", role)
        context.log.debug("dedupe", { role })
        if (open) return open.join(context, `msg_${crypto.randomUUID().replaceAll("-", "")}`)
        const flight = new Flight(buffer, () => flights.delete(own))
        flights.set(own, flight)
        flight.start(context, next)
        return flight.join(context, undefined)
      },
    })
  },
})

/** Events that came together, and those behind them: what nobody has still to read is let go by itself. */
interface Link {
  readonly events: EventList
  readonly size: number
  next: Link | undefined
}

/** One request to the backend, and all who listen to its answer. It is read at the pace of the fastest of them. */
class Flight {
  readonly #buffer: number
  readonly #onClosed: () => void
  readonly #nobody = new AbortController() // aborted when nobody listens any more
  readonly #listeners = new Set<Listener>()
  readonly #begun = Promise.withResolvers<void>()
  #last: Link = { events: [], size: 0, next: undefined }
  #first: Link | undefined = this.#last // for those who join; undefined when closed
  #size = 0 // bytes that have come, about
  #head: readonly (readonly [string, string])[] = [] // headers that the rest of the line has set
  #source: Source<EventList> | undefined
  #reading: Promise<void> | undefined
  #complete = false // the last event has come
  #over: { readonly thrown?: unknown } | undefined // the answer has been read to its end, or could not be

  /** @param onClosed Called once, when nobody may join any more. */
  constructor(buffer: number, onClosed: () => void) {
    this.#buffer = buffer
    this.#onClosed = onClosed
  }

  get over(): { readonly thrown?: unknown } | undefined {
    return this.#over
  }

  start(context: Parsed, next: (context: Parsed) => Promise<Events>): void {
    this.#begun.promise.catch(() => {}) // told to those who have joined, if they are still there
    void this.#begin(context, next).then(this.#begun.resolve, this.#begun.reject)
  }

  /**
   * @param id Of the message, where it is not to be the backend's.
   * @throws Whatever the backend's failure is, for all who wait.
   */
  async join({ signal, head }: Parsed, id: string | undefined): Promise<Events> {
    const listener = new Listener(this, this.#first ?? this.#last, id)
    this.#listeners.add(listener)
    const gone = Promise.withResolvers<never>()
    const leave = (): void => {
      this.leave(listener)
      gone.reject(new ProxyError(499, "the client closed the connection"))
    }
    signal.addEventListener("abort", leave, { once: true })
    try {
      await Promise.race([this.#begun.promise, gone.promise])
    } catch (thrown) {
      this.leave(listener)
      throw thrown
    } finally {
      for (const [name, value] of this.#head) head.set(name, value)
    }
    return new Flow(listener)
  }

  leave(listener: Listener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return
    this.#close()
    if (!this.#complete) this.#nobody.abort()
    if (!this.#over) letGo(this.#source)
  }

  /** Reads on; once for all who wait. */
  more(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #begin(context: Parsed, next: (context: Parsed) => Promise<Events>): Promise<void> {
    const before = new Headers(context.head)
    try {
      // Not the leader's own signal: when it leaves, the others go on.
      this.#source = (await next({ ...context, signal: this.#nobody.signal })).detach()
      if (this.#listeners.size === 0) letGo(this.#source)
    } finally {
      this.#head = [...context.head].filter(([name, value]) => before.get(name) !== value)
    }
  }

  async #read(): Promise<void> {
    try {
      const events = await this.#source?.read()
      if (events) this.#add(events)
      else this.#over = {}
    } catch (thrown) {
      this.#over = { thrown }
    }
    if (this.#over) this.#close()
  }

  #add(events: EventList): void {
    for (const listener of this.#listeners) {
      const isSlow = this.#size - listener.seen > this.#buffer
      if (!isSlow || this.#listeners.size === 1) continue // one that is alone makes nobody wait
      listener.giveUp()
      this.leave(listener)
    }
    const link: Link = { events, size: events.reduce((sum, event) => sum + sizeOf(event), 0), next: undefined }
    this.#last.next = link
    this.#last = link
    this.#size += link.size
    this.#complete ||= events.some(({ type }) => type === "message_stop" || type === "error")
    // Nobody joins an answer that has failed: whoever tries again would get the failure again.
    if (this.#complete || this.#size > this.#buffer / 2) this.#close()
  }

  #close(): void {
    if (!this.#first) return
    this.#first = undefined
    this.#onClosed()
  }
}

/** One request that is told the answer. */
class Listener implements Source<EventList> {
  readonly #flight: Flight
  #at: Link // the one read last
  #id: string | undefined // of the message, until it is told
  #isCut = false // it fell back too far
  seen = 0 // bytes it has read, about

  constructor(flight: Flight, first: Link, id: string | undefined) {
    this.#flight = flight
    this.#at = first
    this.#id = id
  }

  read(): EventList | Promise<EventList | undefined> {
    return this.#take() ?? this.#wait()
  }

  cancel(): void {
    this.#flight.leave(this)
  }

  /** It is told so next, instead of what it has not read. */
  giveUp(): void {
    this.#isCut = true
    this.#at = { events: [], size: 0, next: { events: [TOO_SLOW], size: 0, next: undefined } }
  }

  async #wait(): Promise<EventList | undefined> {
    for (;;) {
      const events = this.#take()
      if (events) return events
      const { over } = this.#flight
      if (over || this.#isCut) {
        this.#flight.leave(this)
        if (over && "thrown" in over) throw over.thrown
        return undefined
      }
      await this.#flight.more()
    }
  }

  #take(): EventList | undefined {
    const { next } = this.#at
    if (!next) return undefined
    this.#at = next
    this.seen += next.size
    const id = this.#id
    if (id === undefined) return next.events
    return next.events.map((event) => {
      if (event.type !== "message_start") return event
      this.#id = undefined
      return { ...event, message: { ...event.message, id } }
    })
  }
}

const TOO_SLOW: MessageEvent = {
  type: "error",
  error: { type: "api_error", message: "this answer is shared with another request, and was read too slowly" },
}

/** About as many bytes as an event holds. */
function sizeOf(event: MessageEvent): number {
  if (event.type !== "content_block_delta") return JSON.stringify(event).length
  let size = EVENT
  for (const value of Object.values(event.delta)) if (typeof value === "string") size += value.length
  return size
}

/** Bytes an event takes beside its text. */
const EVENT = 100

/** What fails at this is no concern of anybody's, and an unhandled rejection would end the process. */
function letGo(source: Source<unknown> | undefined): void {
  new Promise((resolve) => resolve(source?.cancel(undefined))).catch(() => {})
}

/** An explanation ends where the backend would be asked, and a client may want an answer of its own. */
function isShared({ headers }: Request): boolean {
  const wishes = (headers.get("cache-control") ?? "").toLowerCase().split(/\s*,\s*/)
  return !headers.has("x-llm-proxy-explain") && !wishes.includes("no-cache") && !wishes.includes("no-store")
}
