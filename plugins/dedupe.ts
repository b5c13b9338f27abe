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
  type PluginTools,
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
  setup({ buffer }, tools) {
    const flights = new Map<string, Flight>()

    return defineStage({
      name: "dedupe",
      before: "route",
      async run(context, next) {
        // A follower is never routed: that its key may use the model is asked here.
        const target = isShared(context.req) ? targetOf(context, tools) : undefined
        const { client, request, head } = context
        const key = target && (await digestRequest(context, client.name, target.backend.name, target.model))
        if (!key || context.signal.aborted) return next(context)

        // A stream does not wait for an answer that comes whole.
        const forStreams = `${key} streamed`
        const own = request.stream ? forStreams : `${key} whole`
        const open = flights.get(forStreams) ?? flights.get(own)
        head.set("x-llm-proxy-dedupe", open ? "follower" : "leader")
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
  #first: Link | undefined = { events: [], size: 0, next: undefined } // for those who join; undefined when closed
  #last: Link = this.#first
  #size = 0 // bytes that have come, about
  #head: readonly (readonly [string, string])[] = [] // headers that the rest of the line has set
  #source: Source<EventList> | undefined
  #reading: Promise<void> | undefined
  #over: { readonly thrown?: unknown } | undefined // the answer has been read to its end, or failed

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
    const listener = new Listener(this, this.#first ?? this.#last, this.#size, id)
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
    // One that is told to its last event is let go as it is: its connection can be used again.
    if (this.#first) this.#nobody.abort()
    this.#close()
    if (!this.#over) void this.#source?.cancel(undefined)
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
      if (this.#listeners.size === 0) void this.#source.cancel(undefined)
    } catch (thrown) {
      this.#close() // who tries again asks again
      throw thrown
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
    const link: Link = { events, size: events.reduce((sum, event) => sum + sizeOf(event), 0), next: undefined }
    this.#last.next = link
    this.#last = link
    this.#size += link.size
    for (const listener of this.#listeners) {
      if (listener.fallBack(link.size) > this.#buffer) {
        listener.giveUp()
        this.leave(listener)
      }
    }
    // Nor does anyone join an answer that has failed: it would fail again for whoever tries again.
    if (this.#size > this.#buffer / 2 || events.some(({ type }) => type === "message_stop" || type === "error")) this.#close()
  }

  #close(): void {
    if (!this.#first) return
    this.#first = undefined
    this.#onClosed()
  }
}
