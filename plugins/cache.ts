/**
 * cache: answers a request that was answered before from storage. Only the very same request is, to the last character.
 *
 * ```yaml
 * plugins:
 *   - cache
 *   # or, with options:
 *   - cache: { ttl: 86400, models: ["claude-haiku-*"], replay: paced }
 * ```
 *
 * An answer is kept when it is complete, and for the key that asked for it alone unless `per: all` says otherwise. One
 * that was streamed serves clients that do not stream, and the other way round. `x-llm-proxy-cache` in the answer says
 * `hit`, `miss` or `bypass`; with `cache-control: no-cache` a client gets a new answer, with `no-store` nothing is kept
 * either. Storage that fails costs the hit and never a request.
 */
import {
  createGlobs,
  definePlugin,
  defineStage,
  digestRequest,
  Flow,
  flowOf,
  fold,
  onMessage,
  tap,
  unfold,
  v,
  type Events,
  type MessageEvent,
  type MessageRequest,
  type PluginTools,
  type Source,
} from "llm-proxy"

const NUMBER_RULE = "must be a whole number above 0"
const positive = v.pipe(v.number(NUMBER_RULE), v.integer(NUMBER_RULE), v.minValue(1, NUMBER_RULE))
const pattern = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"))

const Options = v.strictObject({
  /** Seconds an answer is kept. @default 3600 */
  ttl: v.optional(positive, 3600),
  /** Most bytes of one answer, as JSON; larger ones are not kept. @default 1048576 (1 MB) */
  max_size: v.optional(positive, 1024 * 1024),
  /** Most bytes this process keeps; the oldest answers go first. @default 67108864 (64 MB) */
  max_total: v.optional(positive, 64 * 1024 * 1024),
  /** How a stream is told again: in one go, or with the pauses it had, shortened to 5 s in all. @default at_once */
  replay: v.optional(v.picklist(["at_once", "paced"], "must be at_once or paced"), "at_once"),
  /** Names or patterns of the models whose answers are kept. @default every model */
  models: v.optional(v.pipe(v.array(pattern, "must be a list"), v.minLength(1, "must not be empty"))),
  /** Whose answers a request may be given: those of its own key, or everybody's. @default key */
  per: v.optional(v.picklist(["key", "all"], "must be key or all"), "key"),
})
type Options = v.InferOutput<typeof Options>

/** Milliseconds all pauses of a paced answer add up to at most. */
const PAUSES = 5000

/** How answers end that are worth keeping. What a model refused or paused at may go otherwise the next time. */
const KEPT: ReadonlySet<unknown> = new Set(["end_turn", "tool_use", "stop_sequence", "max_tokens"])

/** Tools that the client runs. What a server runs (a search, code) gives something else each time. */
const CLIENT_TOOL = /^(custom$|bash_|text_editor_|memory_|computer_|browser_toolset_)/

/** Fields by which a request goes on from something that Anthropic keeps or calls. */
const STATEFUL = ["container", "mcp_servers", "thread"] as const

export default definePlugin({
  name: "cache",
  options: Options,
  onError: "skip",
  setup(options, tools) {
    const { models, per, replay } = options
    const fits = createGlobs((models ?? ["*"]).map((pattern): [string, true] => [pattern, true]))
    for (const pattern of models ?? []) checkModel(pattern, tools)
    const shelf = new Shelf(options, tools)

    const stage = defineStage({
      name: "cache",
      before: "route",
      async run(context, next) {
        const { head, req, request, client } = context
        const mark = (found: "hit" | "miss" | "bypass"): void => {
          head.set("x-llm-proxy-cache", found)
          context.log.debug("cache", { found })
        }
        const wishes = (req.headers.get("cache-control") ?? "").toLowerCase().split(/\s*,\s*/)
        const isKept = fits.match(request.model) && isLasting(request) && !wishes.includes("no-store")
        // A hit is never routed: that a key may use the model, and that it is still there, is asked here.
        const target = isKept ? tools.targetOf(context) : undefined
        if (!target) {
          // Where the line would refuse, it says so itself, or a stage further on knows another way.
          mark("bypass")
          return next(context)
        }
        const owner = per === "key" ? { key: client.name } : "all"
        const key = await digestRequest(context, owner, target.backend.name, target.model)
        const fresh = wishes.includes("no-cache")
        const found = fresh ? undefined : await shelf.find(key)
        mark(found ? "hit" : fresh ? "bypass" : "miss")
        if (found) return tell(found, replay === "paced" && request.stream === true)

        const reply = await next(context)
        const recording = replay === "paced" ? new Recording() : undefined
        let complete = false
        const look = tap((event) => {
          complete ||= event.type === "message_stop"
          recording?.take(event)
        })
        return reply.pipeThrough(look).pipeThrough(
          onMessage(({ message, error }) => {
            if (error || !complete || !KEPT.has(message.stop_reason)) return
            shelf.keep(key, recording?.stretches ?? [[0, unfold(message)]])
          }),
        )
      },
    })
    return { stages: [stage], close: () => shelf.close() }
  },
})

/** Events that came together, behind how many ms after those before them. */
type Stretch = readonly [after: number, events: readonly MessageEvent[]]

const Stretches = v.array(v.tuple([v.number(), v.array(v.looseObject({ type: v.string() }))]))

/** As it lies in storage. The answer is a text in it, because unstorage drops keys such as `constructor` of objects. */
const Entry = v.object({ /** In ms of the clock. */ until: v.number(), text: v.string() })

/** The answers in storage. */
class Shelf {
  readonly #options: Options
  readonly #tools: PluginTools
  readonly #known = new Map<string, { readonly size: number; readonly until: number }>() // in storage, oldest first
  readonly #writing = new Set<Promise<void>>() // to be waited for at the end
  #total = 0 // bytes of `#known`
  #adopted = false // what earlier processes have left is known

  constructor(options: Options, tools: PluginTools) {
    this.#options = options
    this.#tools = tools
  }

  /** undefined when there is nothing, nothing any more, or nothing that could be read. */
  async find(key: string): Promise<readonly Stretch[] | undefined> {
    try {
      const entry: unknown = await this.#tools.storage.getItem(key)
      if (!v.is(Entry, entry) || entry.until <= Date.now()) return undefined
      const stretches: unknown = JSON.parse(entry.text)
      if (!v.is(Stretches, stretches)) return undefined
      const found = stretches as unknown as readonly Stretch[]
      const events = found.flatMap(([, events]) => events)
      // Folding looks at every event: what was damaged in storage is found before a client is told the half of it.
      return KEPT.has(fold(events)?.stop_reason) && events.at(-1)?.type === "message_stop" ? found : undefined
    } catch (error) {
      this.#tools.log.warn("an answer could not be read", { error: String(error) })
      return undefined
    }
  }

  /** Returns at once; the storage is not waited for. */
  keep(key: string, stretches: readonly Stretch[]): void {
    const text = JSON.stringify(stretches)
    const size = new TextEncoder().encode(text).byteLength
    if (size > this.#options.max_size) return
    const writing = this.#write(key, text, size)
      .catch((error: unknown) => this.#tools.log.warn("an answer could not be kept", { error: String(error) }))
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  async close(): Promise<void> {
    await Promise.all(this.#writing)
  }

  async #write(key: string, text: string, size: number): Promise<void> {
    const { ttl } = this.#options
    const until = Date.now() + ttl * 1000
    this.#forget(key)
    this.#known.set(key, { size, until })
    this.#total += size
    await this.#tools.storage.setItem(key, { until, text }, { ttl }) // for storage that lets go of things by itself
    await this.#sweep()
  }

  async #sweep(): Promise<void> {
    const { storage } = this.#tools
    if (!this.#adopted) await this.#adopt()
    for (const [key, { until }] of this.#known) {
      if (until > Date.now() && this.#total <= this.#options.max_total) return
      this.#forget(key)
      await storage.removeItem(key)
    }
  }

  /** Storage that outlives a process and lets go of nothing would grow with each: what is there is as good as new. */
  async #adopt(): Promise<void> {
    const until = Date.now() + this.#options.ttl * 1000
    for (const key of await this.#tools.storage.getKeys()) {
      if (!this.#known.has(key)) this.#known.set(key, { size: 0, until })
    }
    this.#adopted = true
  }

  #forget(key: string): void {
    this.#total -= this.#known.get(key)?.size ?? 0
    this.#known.delete(key)
  }
}

/** What comes of a reply, and when. */
class Recording {
  readonly stretches: [after: number, events: MessageEvent[]][] = []
  #last = 0 // when the last event came, in ms of performance.now()

  take(event: MessageEvent): void {
    if (event.type === "ping") return
    const now = performance.now()
    const open = this.stretches.at(-1)
    if (open && now - this.#last < 1) open[1].push(event)
    else this.stretches.push([open ? Math.round(now - this.#last) : 0, [event]])
    this.#last = now
  }
}

/** An answer told again, as a message of its own. */
function tell(stretches: readonly Stretch[], paced: boolean): Events {
  const id = `msg_${crypto.randomUUID().replaceAll("-", "")}`
  const renamed = stretches.map(([after, events]): Stretch => [
    after,
    events.map((event) => (event.type === "message_start" ? { ...event, message: { ...event.message, id } } : event)),
  ])
  return paced ? new Flow(new Paced(renamed)) : flowOf(renamed.flatMap(([, events]) => events))
}

class Paced implements Source<readonly MessageEvent[]> {
  readonly #left: Stretch[]
  readonly #scale: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(stretches: readonly Stretch[]) {
    this.#left = [...stretches]
    this.#scale = Math.min(1, PAUSES / stretches.reduce((sum, [after]) => sum + after, 0))
  }

  async read(): Promise<readonly MessageEvent[] | undefined> {
    const [after, events] = this.#left.shift() ?? [0, undefined]
    if (after > 0) {
      await new Promise<void>((resolve) => {
        this.#timer = setTimeout(resolve, after * this.#scale)
      })
    }
    return events
  }

  cancel(): void {
    clearTimeout(this.#timer)
    this.#left.length = 0
  }
}

function isLasting(request: MessageRequest): boolean {
  const fields: Readonly<{ [name: string]: unknown }> = { ...request }
  return (
    request.max_tokens > 0 &&
    STATEFUL.every((name) => (fields[name] ?? null) === null) &&
    (request.tools ?? []).every(({ type }) => CLIENT_TOOL.test(type ?? "custom"))
  )
}

function checkModel(pattern: string, { models }: PluginTools): void {
  const fits = createGlobs([[pattern, true]])
  if (models.match(pattern) || models.entries.some(([name]) => fits.match(name))) return
  throw new Error(`models: the config routes no model ${pattern}`)
}
