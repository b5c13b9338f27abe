/**
 * metrics: what Prometheus asks for, in its text format: requests, errors, tokens, how long answers take.
 *
 * ```yaml
 * plugins:
 *   - metrics                                  # at GET /metrics, behind a key
 *   # or, where no key is asked for:
 *   - metrics: { listen: "127.0.0.1:9464" }
 * ```
 *
 * ```
 * llm_proxy_requests_total{model="claude-*",backend="openai",key="default",status="200",stream="true"} 17
 * ```
 *
 * List it first, so that what other plugins refuse is counted too. Labels are names of the config, never a client's
 * words. Where the server has several workers, any of them tells the sums of all. `listen` needs Node.
 */
import { definePlugin, defineStage, fromDiscovered, ProxyError, tap, v, type Log, type Usage } from "llm-proxy"

const ADDRESS_RULE = 'must be an address with a port, such as "127.0.0.1:9464" or "[::1]:9464"'
const ADDRESS = /^(\[[\da-f:.]+\]|[\w.-]+):(\d{1,5})$/i

const Options = v.strictObject({
  /** An address of its own, where no key is asked for. @default GET /metrics of the proxy, behind a key */
  listen: v.optional(v.pipe(v.string(ADDRESS_RULE), v.regex(ADDRESS, ADDRESS_RULE))),
})

/** What is known of a request so far. Empty labels are what is not known: who asked with a wrong key, say. */
interface Seen {
  readonly began: number // ms
  key: string
  model: string
  backend: string
  stream: string
  first: number | undefined // ms, when the backend had begun to answer
  usage: Partial<Usage>
  error: string | undefined // its type
}

export default definePlugin({
  name: "metrics",
  options: Options,
  async setup({ listen }, { log, models, everyWorker }) {
    const shared = join()
    const { numbers } = shared
    shared.all = everyWorker<Told>({ tell: () => numbers.tell(), takeOver: (left) => numbers.takeOver(left) })
    const seen = new WeakMap<Request, Seen>()
    const names = new Set(models.entries.map(([name]) => name))
    const routes = new Map(models.entries.map(([name, target]) => [target, name]))
    const leaveAddress =
      listen === undefined
        ? undefined
        : await listenOn(listen, shared, log).catch((thrown: unknown) => {
            leave(shared)
            throw thrown
          })
    const answer = async (): Promise<Response> => {
      return new Response(await toText(shared), { headers: { "content-type": TEXT } })
    }

    return {
      ...(listen === undefined && { routes: { "/metrics": answer } }),
      async close() {
        leave(shared)
        await leaveAddress?.()
      },
      stages: [
        defineStage({
          name: "metrics",
          before: "auth",
          async run(context, next) {
            const { req, head, signal } = context
            if (!isCounted(req)) return next(context)
            const own = toSeen()
            seen.set(req, own)
            let status = 500
            let open = false
            context.onOver((broke) => {
              if (open) numbers.open.add(-1)
              numbers.count(own, broke === undefined && !signal.aborted ? status : LEFT, head)
            })
            try {
              const reply = await next(context)
              status = reply.status
              open = own.stream === "true" && status === 200
              if (open) numbers.open.add(1)
              return reply
            } catch (thrown) {
              status = thrown instanceof ProxyError ? thrown.status : 500
              own.error = typeOf(thrown)
              throw thrown
            }
          },
        }),
        defineStage({
          name: "metrics",
          before: "parse",
          run(context, next) {
            const own = seen.get(context.req)
            if (own) own.key = context.client.name
            return next(context)
          },
        }),
        defineStage({
          name: "metrics",
          before: "route",
          async run(context, next) {
            const own = seen.get(context.req)
            if (!own) return next(context)
            const asked = models.match(fromDiscovered(context.original.request.model, names))
            own.model = (asked && routes.get(asked)) ?? "other"
            own.stream = String(context.request.stream ?? false)
            own.error = undefined // of another attempt, where a stage around this one asks again
            try {
              const reply = await next(context)
              own.first = performance.now()
              return reply.pipeThrough(
                tap((event) => {
                  if (event.type === "message_start") own.usage = event.message.usage
                  else if (event.type === "message_delta") own.usage = updated(own.usage, event.usage)
                  else if (event.type === "error") own.error = event.error.type
                }),
              )
            } catch (thrown) {
              own.error = typeOf(thrown) // here too: the client of a stream may have its 200 by now
              throw thrown
            }
          },
        }),
        defineStage({
          name: "metrics",
          before: "toOpenAI",
          run(context, next) {
            const own = seen.get(context.req)
            if (own) {
              own.backend = context.target.backend.name
              own.model = routes.get(context.target) ?? own.model
            }
            return next(context)
          },
        }),
      ],
    }
  },
})

function toSeen(): Seen {
  const began = performance.now()
  return { began, key: "", model: "", backend: "", stream: "", first: undefined, usage: {}, error: undefined }
}

/** The media type of the format, as Prometheus asks for it. */
const TEXT = "text/plain; version=0.0.4; charset=utf-8"

/** Stands for a client that left before the answer was complete. The number is nginx's. */
const LEFT = 499

/** Requests for messages that are really answered. */
function isCounted(req: Request): boolean {
  return /\/v1\/messages\/?(?:[?#]|$)/.test(req.url) && req.headers.get("x-llm-proxy-explain") !== "1"
}

function typeOf(thrown: unknown): string {
  return thrown instanceof ProxyError ? thrown.type : "api_error"
}

/** Totals, of which a later one counts where it is told. */
function updated(before: Partial<Usage>, told: Partial<Usage>): Partial<Usage> {
  return { ...before, ...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null)) }
}

/** Errors are counted by Anthropic's names for them; a backend may call its own whatever it likes. */
const ERRORS: ReadonlySet<string> = new Set([
  "invalid_request_error",
  "authentication_error",
  "billing_error",
  "permission_error",
  "not_found_error",
  "timeout_error",
  "conflict_error",
  "request_too_large",
  "rate_limit_error",
  "api_error",
  "overloaded_error",
])

/** Labels → number. */
class Sum {
  readonly #head: string
  readonly #name: string
  readonly #labels: readonly string[]
  readonly #values = new Map<string, number>() // by labels as they are written

  constructor(type: "counter" | "gauge", name: string, help: string, labels: readonly string[] = []) {
    this.#head = toHead(name, type, help)
    this.#name = name
    this.#labels = labels
    if (labels.length === 0) this.#values.set("", 0) // what can be told from the start is
  }

  add(by: number, ...values: readonly string[]): void {
    const labels = toLabels(this.#labels, values)
    this.#values.set(labels, (this.#values.get(labels) ?? 0) + by)
  }

  tell(): Values {
    return this.#values
  }

  take(values: Values): void {
    for (const [labels, value] of values) this.#values.set(labels, (this.#values.get(labels) ?? 0) + value)
  }

  toText(): string {
    return this.#head + [...this.#values].map(([labels, value]) => toSample(this.#name, labels, value)).join("")
  }
}

/** By labels as they are written. */
type Values = Iterable<readonly [string, number]>

/** How many were at most so long, in seconds. */
class Histogram {
  readonly #head: string
  readonly #name: string
  readonly #labels: readonly string[]
  readonly #bounds: readonly number[]
  readonly #values = new Map<string, { readonly counts: number[]; sum: number }>()

  constructor(name: string, help: string, labels: readonly string[], bounds: readonly number[]) {
    this.#head = toHead(name, "histogram", help)
    this.#name = name
    this.#labels = labels
    this.#bounds = bounds
  }

  add(seconds: number, ...values: readonly string[]): void {
    const labels = toLabels(this.#labels, values)
    const series = this.#seriesOf(labels)
    const place = this.#bounds.findIndex((bound) => seconds <= bound)
    const at = place < 0 ? this.#bounds.length : place
    series.counts[at] = (series.counts[at] ?? 0) + 1
    series.sum += seconds
  }

  tell(): Series {
    return this.#values
  }

  take(values: Series): void {
    for (const [labels, { counts, sum }] of values) {
      const series = this.#seriesOf(labels)
      for (const [n, count] of counts.entries()) series.counts[n] = (series.counts[n] ?? 0) + count
      series.sum += sum
    }
  }

  toText(): string {
    let text = this.#head
    for (const [labels, { counts, sum }] of this.#values) {
      let below = 0
      for (const [n, count] of counts.entries()) {
        below += count
        text += toSample(`${this.#name}_bucket`, `${labels},le="${this.#bounds[n] ?? "+Inf"}"`, below)
      }
      text += toSample(`${this.#name}_sum`, labels, sum) + toSample(`${this.#name}_count`, labels, below)
    }
    return text
  }

  #seriesOf(labels: string): { readonly counts: number[]; sum: number } {
    const known = this.#values.get(labels)
    const series = known ?? { counts: [...this.#bounds, 0].map(() => 0), sum: 0 } // a last count, of what is longer
    if (!known) this.#values.set(labels, series)
    return series
  }
}

type Series = Iterable<readonly [string, { readonly counts: readonly number[]; readonly sum: number }]>

function toHead(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function toSample(name: string, labels: string, value: number): string {
  return `${name}${labels && `{${labels}}`} ${value}\n`
}

function toLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, n) => `${name}="${escaped(values[n] ?? "")}"`).join(",")
}

/** Source: the text format's documentation, "Text format details". */
function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value
}

/** What the plugin `cache` says in the answer's head. */
const CACHED: ReadonlySet<string> = new Set(["hit", "miss", "bypass"])

/** Upper bounds, in seconds. */
const FIRST = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]
const WHOLE = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600]

/** Everything that is told. Names and units as Prometheus' naming practices have them. */
class Numbers {
  readonly open = gauge("open_streams", "Streams that clients are reading.")
  readonly #counts = {
    requests: counter("requests_total", "Requests for messages that are over.", [
      "model",
      "backend",
      "key",
      "status",
      "stream",
    ]),
    errors: counter("errors_total", "Answers that were errors, or ended in one.", ["type", "backend"]),
    tokens: counter("tokens_total", "Tokens of answers that backends gave.", ["kind", "model", "backend", "key"]),
    cache: counter("cache_total", "What the cache said.", ["result"]),
    retries: counter("retries_total", "Times a backend was asked again.", ["backend"]),
    fallbacks: counter("fallbacks_total", "Answers of another model than the first.", ["model", "backend"]),
  }
  readonly #times = {
    first: histogram("time_to_first_event_seconds", "Until the backend had begun to answer.", FIRST),
    whole: histogram("duration_seconds", "Until an answer was complete.", WHOLE),
  }
  #others: Process | undefined // what was taken; `tell` adds this process

  /** A request that is over. */
  count({ began, key, model, backend, stream, first, usage, error }: Seen, status: number, head: Headers): void {
    this.#counts.requests.add(1, model, backend, key, String(status), stream)
    if (error !== undefined && status !== LEFT) this.#counts.errors.add(1, ERRORS.has(error) ? error : "other", backend)
    if (first !== undefined) this.#times.first.add(since(began, first), model, backend, stream)
    if (status === 200 && error === undefined) this.#times.whole.add(since(began), model, backend, stream)
    const tokens = (kind: string, count: number | null | undefined): void => {
      if (count && backend) this.#counts.tokens.add(count, kind, model, backend, key)
    }
    tokens("input", usage.input_tokens)
    tokens("output", usage.output_tokens)
    tokens("cache_read", usage.cache_read_input_tokens)
    tokens("cache_write", usage.cache_creation_input_tokens)
    tokens("thinking", usage.output_tokens_details?.thinking_tokens)
    const cached = head.get("x-llm-proxy-cache")
    if (cached !== null && CACHED.has(cached)) this.#counts.cache.add(1, cached)
    const again = Number(head.get("x-llm-proxy-attempts") ?? 1) - 1
    if (again > 0) this.#counts.retries.add(again, backend)
    if (head.has("x-llm-proxy-fallback")) this.#counts.fallbacks.add(1, model, backend)
  }

  tell(): Told {
    return {
      open: this.open.tell(),
      counts: Object.fromEntries(Object.entries(this.#counts).map(([name, sum]) => [name, sum.tell()])),
      times: Object.fromEntries(Object.entries(this.#times).map(([name, histogram]) => [name, histogram.tell()])),
      process: together(this.#others, ownProcess()),
    }
  }

  /** Adds what another process has told. */
  take({ open, counts, times, process }: Told): void {
    this.open.take(open)
    for (const [name, sum] of Object.entries(this.#counts)) sum.take(counts[name] ?? [])
    for (const [name, histogram] of Object.entries(this.#times)) histogram.take(times[name] ?? [])
    this.#others = together(this.#others, process)
  }

  /** Of a process that has ended: nobody reads its streams, and its memory is free. */
  takeOver({ counts, times, process }: Told): void {
    this.take({ open: [], counts, times, process: process && { ...process, memory: 0 } })
  }

  /** What was taken. */
  toText(): string {
    const metrics = [...Object.values(this.#counts), this.open, ...Object.values(this.#times)]
    return metrics.map((metric) => metric.toText()).join("") + (this.#others ? processText(this.#others) : "")
  }
}

/** The numbers of a process, and of those before it whose numbers it took over. */
interface Told {
  readonly open: Values
  readonly counts: Readonly<Record<string, Values>>
  readonly times: Readonly<Record<string, Series>>
  readonly process: Process | undefined
}

async function toText({ all }: Shared): Promise<string> {
  const sum = new Numbers()
  for (const told of await all()) sum.take(told)
  return sum.toText()
}

function counter(name: string, help: string, labels: readonly string[]): Sum {
  return new Sum("counter", `llm_proxy_${name}`, help, labels)
}

function gauge(name: string, help: string): Sum {
  return new Sum("gauge", `llm_proxy_${name}`, help)
}

function histogram(name: string, help: string, bounds: readonly number[]): Histogram {
  return new Histogram(`llm_proxy_${name}`, help, ["model", "backend", "stream"], bounds)
}

/** Seconds between two times in ms. */
function since(began: number, ended = performance.now()): number {
  return (ended - began) / 1000
}

interface Process {
  readonly cpu: number // seconds
  readonly memory: number // bytes
  readonly began: number // seconds since 1970
}

/** Undefined where there is no such process. */
function ownProcess(): Process | undefined {
  if (typeof process === "undefined" || !process.versions?.node) return undefined
  const { user, system } = process.cpuUsage()
  return { cpu: (user + system) / 1e6, memory: process.memoryUsage.rss(), began: performance.timeOrigin / 1000 }
}

function together(one: Process | undefined, other: Process | undefined): Process | undefined {
  if (!one || !other) return one ?? other
  return { cpu: one.cpu + other.cpu, memory: one.memory + other.memory, began: Math.min(one.began, other.began) }
}

/** By the names that Prometheus' own clients use. */
function processText({ cpu, memory, began }: Process): string {
  const one = (name: string, type: string, help: string, value: number): string =>
    toHead(name, type, help) + toSample(name, "", value)
  return (
    one("process_cpu_seconds_total", "counter", "CPU time of the process.", cpu) +
    one("process_resident_memory_bytes", "gauge", "Memory of the process.", memory) +
    one("process_start_time_seconds", "gauge", "When it began, in seconds since 1970.", began)
  )
}

/**
 * What outlives an edit of the config: the numbers, and the addresses they are told at. A config that was just edited
 * stands beside the one before it, and the last of them takes all this with it.
 */
interface Shared {
  readonly numbers: Numbers
  /** What every worker tells. */
  all: () => Promise<readonly Told[]>
  readonly addresses: Map<string, { users: number; readonly server: ReturnType<typeof open> }>
  users: number
}

/** On the global object: an edit makes this file a module of its own. */
const SHARED = Symbol.for("llm-proxy:metrics")

function join(): Shared {
  const known = Reflect.get(globalThis, SHARED) as Shared | undefined
  const shared = known ?? { numbers: new Numbers(), all: async () => [], addresses: new Map(), users: 0 }
  Reflect.set(globalThis, SHARED, shared)
  shared.users++
  return shared
}

function leave(shared: Shared): void {
  if (--shared.users === 0) Reflect.deleteProperty(globalThis, SHARED)
}

/** @returns what leaves the address again */
async function listenOn(address: string, shared: Shared, log: Log): Promise<() => Promise<void>> {
  const { addresses } = shared
  const known = addresses.get(address)
  const place = known ?? { users: 0, server: open(address, shared) }
  addresses.set(address, place)
  place.users++
  const leave = async (): Promise<void> => {
    if (--place.users > 0) return
    addresses.delete(address)
    const server = await place.server
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  try {
    const told = (await place.server).address()
    if (!known && told && typeof told === "object") log.info("listening", { host: told.address, port: told.port })
    return leave
  } catch (cause) {
    if (addresses.get(address) === place) addresses.delete(address)
    throw new Error(`listen: ${address}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

async function open(address: string, shared: Shared) {
  const { createServer } = await import("node:http")
  const [, host = "", port = ""] = ADDRESS.exec(address) ?? []
  const server = createServer(async ({ url, method }, response) => {
    const known = url?.split("?")[0] === "/metrics" && (method === "GET" || method === "HEAD")
    const text = known ? await toText(shared) : "GET /metrics\n"
    response.writeHead(known ? 200 : 404, { "content-type": known ? TEXT : "text/plain" })
    response.end(text)
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(Number(port), host.replace(/^\[|\]$/g, ""), resolve)
  })
  server.unref() // the process ends when the proxy does
  return server
}
