/**
 * log: one line for each request, when its answer is over.
 *
 * ```yaml
 * plugins:
 *   - log
 *   # or, with options:
 *   - log: { format: json, prompts: true, redact: [email, key, phone, "KD-[0-9]{6}"] }
 * ```
 *
 * ```
 * 2026-11-23T12:00:00.000Z info  answered plugin=log request=req_… client=default model=claude-sonnet-4-5
 *   backend=ollama as=llama3.2 status=200 stop=end_turn input=412 output=96 ms=2140 first_ms=310
 * ```
 *
 * Requests that are refused, that fail or that their client leaves have their line too. Prompts and answers are shown
 * only when `prompts` asks for them. List it first: what a plugin listed before it answers has a line without a model.
 */
import {
  definePlugin,
  defineStage,
  onOver,
  printable,
  ProxyError,
  v,
  type Over,
  type PluginTools,
} from "llm-proxy"

/** What `redact` knows by name. Rather too much than too little: nobody works with what a log shows. */
const BUILT_IN: Readonly<Record<string, RegExp>> = {
  email: /(?<![\p{L}\p{N}_.%+-])[\p{L}\p{N}_.%+-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu,
  key: any(
    /(?<![\w-])(?:sk|pk|rk)[-_][\w-]{16,}/, // OpenAI and many others; Stripe
    /(?<!\w)(?:A[KS]IA[A-Z\d]{16}|AIza[\w-]{30,}|xox[a-z]-[\w-]{10,})/, // Amazon, Google, Slack
    /(?<!\w)(?:gh[oprsu]_\w{30,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|hf_\w{30,})/,
    /(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?<=\b[Bb]earer )[\w.~+/=-]{8,}/,
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/,
    /(?<=(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)["']?[=:] ?["']?)[^\s"']{6,}/, // in environment files
  ),
  phone: any(
    /(?<![\w+])(?:\+|00)[1-9](?:[ .()/-]{0,3}\d){7,14}(?!\d)/,
    /(?<![\w.+-])(?=(?:[ /-]?\d){9})0[1-9]\d{0,3}(?:[ /-]\d{2,8}){1,4}(?!\d)/, // at home in many countries
    /(?<![\w.+-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])\d{3}[.-]\d{4}(?!\d)/, // in North America
  ),
}

const FORMATS = ["text", "json", "pretty"] as const

const Options = v.strictObject({
  /** How a line is written: as the proxy's own are, as a JSON object, or for eyes. @default "text" */
  format: v.optional(v.picklist(FORMATS, `must be one of ${FORMATS.join(", ")}`), "text"),
  /** Show the last message of the client and the text of the answer, cut at 500 characters. @default false */
  prompts: v.optional(v.boolean("must be true or false"), false),
  /** What is taken out of both: names, or regular expressions of one's own. @default ["key"] */
  redact: v.optional(v.array(v.pipe(v.string("must be text"), v.rawCheck(checkItem)), "must be a list"), ["key"]),
})

/** What is known of a request so far. */
interface Seen {
  readonly request: string
  readonly began: number // in ms of `performance.now()`
  readonly path: string | undefined // of what asks for no message
  client?: string
  status: number
  failure?: Failure
  turn: Turn
}

/** What came of it; a stage listed before this one may ask several times, and the last one counts. */
interface Turn {
  readonly model?: string
  readonly asked?: string | undefined
  target?: { readonly backend: string; readonly as: string }
  first?: number // ms it took
  over?: Over
}

interface Failure {
  readonly type: string
  readonly message: string
}

/** What a line tells, in this order; undefined is left out. */
type Facts = Readonly<
  Partial<Record<"request" | "path" | "client" | "model" | "backend" | "as" | "stop" | "type" | "error", string>> &
    Record<"status" | "ms", number> &
    Partial<Record<"input" | "cached" | "output" | "first_ms", number>> &
    Partial<Record<"asked" | "said", string>>
>

export default definePlugin({
  name: "log",
  options: Options,
  setup({ format, prompts, redact }, tools) {
    const seen = new WeakMap<Request, Seen>()
    const write = WRITERS[format](tools)
    const show = createShow(redact, tools)
    const since = ({ began }: Seen): number => Math.round(performance.now() - began)

    const tell = (own: Seen, isLeft: boolean): void => {
      const { request, path, client, turn } = own
      const { model, asked, target, first, over } = turn
      const { failure = over?.error } = own
      if (path !== undefined && own.status < 400) return
      const left = isLeft && (over?.left ?? true)
      const status = left ? 499 : own.status // the number is nginx's
      const message = over?.message
      const facts: Facts = {
        request,
        path,
        client,
        model,
        ...target,
        status,
        stop: message?.stop_reason ?? undefined,
        ...(!left && failure && { type: failure.type, error: printable(tools.mask(failure.message), 700) }),
        input: message?.usage.input_tokens,
        cached: message?.usage.cache_read_input_tokens || undefined,
        output: message?.usage.output_tokens,
        ms: since(own),
        first_ms: first,
        ...(prompts && { asked, said: message && show(message.content) }),
      }
      if (left) write("info", "left", facts)
      else if (status >= 400) write("warn", status < 500 && !target ? "refused" : "failed", facts)
      else write(failure ? "warn" : "info", failure ? "broke off" : "answered", facts)
    }

    return [
      // Outermost: refusals by auth and parse pass here as well.
      defineStage({
        name: "log",
        before: "auth",
        async run(context, next) {
          const { id: request, req, signal } = context
          const own: Seen = { request, began: performance.now(), path: otherPath(req), status: 500, turn: {} }
          seen.set(req, own)
          // A stream that is left is told so right after its request.
          context.onOver((broke) => queueMicrotask(() => tell(own, broke !== undefined || signal.aborted)))
          try {
            const reply = await next(context)
            own.status = reply.status
            return reply
          } catch (thrown) {
            own.status = thrown instanceof ProxyError ? thrown.status : 500
            own.failure = toFailure(thrown)
            throw thrown
          }
        },
      }),
      defineStage({
        name: "log",
        before: "parse",
        run(context, next) {
          const own = seen.get(context.req)
          if (own) own.client = context.client.name
          return next(context)
        },
      }),
      defineStage({
        name: "log",
        before: "route",
        async run(context, next) {
          const own = seen.get(context.req)
          if (!own) return next(context)
          const { model, messages } = context.request
          const asked = prompts ? show(messages.at(-1)?.content ?? "") : undefined
          const turn: Turn = { model: printable(model), asked }
          own.turn = turn
          delete own.failure
          try {
            const reply = await next(context)
            turn.first = since(own)
            // What fails because the client has left is no failure.
            return reply.pipeThrough(onOver((over) => void (turn.over = { ...over, left: over.left || context.signal.aborted })))
          } catch (thrown) {
            own.failure = toFailure(thrown) // here too: the client of a stream may have its 200 by now
            throw thrown
          }
        },
      }),
      defineStage({
        name: "log",
        before: "toOpenAI",
        run(context, next) {
          const own = seen.get(context.req)
          if (own) own.turn.target = { backend: context.target.backend.name, as: context.target.model }
          return next(context)
        },
      }),
    ]
  },
})

/** The path of a request that is for no message, or only to be explained. */
function otherPath({ url, headers }: Request): string | undefined {
  const { pathname } = new URL(url)
  const answers = /\/v1\/messages\/?$/.test(pathname) && headers.get("x-llm-proxy-explain") !== "1"
  return answers ? undefined : printable(pathname)
}

function any(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"), "g")
}

function toFailure(thrown: unknown): Failure {
  return thrown instanceof ProxyError ? thrown : { type: "api_error", message: String(thrown) }
}

type Write = (level: "info" | "warn", message: string, facts: Facts) => void

const WRITERS: Readonly<Record<(typeof FORMATS)[number], (tools: PluginTools) => Write>> = {
  text:
    ({ log }) =>
    (level, message, facts) =>
      log[level](message, facts),
  json:
    ({ log, mask }) =>
    (level, message, facts) => {
      const all = { time: new Date().toISOString(), level, message, ...facts }
      // Each value by itself: once it is JSON, a key may be written otherwise.
      log.line(level, JSON.stringify(all, (_, value: unknown) => (typeof value === "string" ? mask(value) : value)))
    },
  pretty:
    ({ log }) =>
    (level, message, facts) =>
      log.line(level, toPretty(message, facts)),
}

const COLOURS = { dim: 2, red: 31, green: 32, yellow: 33 } as const

function toPretty(message: string, facts: Facts): string {
  const { status, ms, first_ms: first, input, output, client = "-", path, model = "-", backend, as, stop = "" } = facts
  const { type, error, asked, said } = facts
  const paint = (colour: keyof typeof COLOURS, text: string): string => `\u001b[${COLOURS[colour]}m${text}\u001b[0m`
  const seconds = (time: number | undefined): string => (time === undefined ? "-" : `${(time / 1000).toFixed(2)}s`)
  const bad = message === "broke off" || status >= 500
  const parts = [
    paint("dim", new Date().toTimeString().slice(0, 8)),
    paint(bad ? "red" : status >= 400 ? "yellow" : "green", String(status)),
    `${seconds(ms).padStart(8)} ${`(${seconds(first)})`.padStart(9)}`,
    `${String(input ?? "-").padStart(7)} in ${String(output ?? "-").padStart(6)} out`,
    client,
    path ?? (backend === undefined ? model : `${model} → ${backend} ${as}`),
    message === "answered" ? stop : error === undefined ? message : `${message}: ${type}: ${error}`,
    ...(asked === undefined ? [] : [`${paint("dim", "asked")} ${printable(asked, SHOWN)}`]),
    ...(said === undefined ? [] : [`${paint("dim", "said")} ${printable(said, SHOWN)}`]),
  ]
  return parts.join("  ").trimEnd()
}

/** Characters of a prompt or an answer that are shown. */
const SHOWN = 500

/** Characters of a text that are looked through. Those at its end may hold half of something, and are not shown. */
const WINDOW = { size: 4096, end: 512 } as const

/** What a message says, made fit to be shown: its texts, and other blocks as JSON. */
function createShow(redact: readonly string[], { mask }: PluginTools): (content: unknown) => string {
  const patterns = redact.map((item) => {
    const known = Object.hasOwn(BUILT_IN, item) ? BUILT_IN[item] : undefined
    return { word: known ? `[${item}]` : "[redacted]", pattern: known ?? new RegExp(item, "g") }
  })
  const clean = (text: string): string => {
    const masked = mask(text.slice(0, WINDOW.size))
    const cleaned = patterns.reduce((left, { word, pattern }) => left.replace(pattern, () => word), masked)
    return text.length > WINDOW.size ? cleaned.slice(0, -WINDOW.end) : cleaned
  }
  // Each text by itself: in JSON, what stands before a value may be the end of `\n`.
  const toJson = (value: unknown): string =>
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === "string" ? clean(inner) : inner)) ?? ""
  const toWords = (block: unknown): string => {
    const text = textOf(block)
    return text === undefined ? toJson(block) : clean(text)
  }
  return (content) => (Array.isArray(content) ? content : [content]).map(toWords).join(" ").slice(0, SHOWN)
}

function textOf(block: unknown): string | undefined {
  if (typeof block === "string") return block
  const has = typeof block === "object" && block !== null && "text" in block && typeof block.text === "string"
  return has ? (block.text as string) : undefined
}

function checkItem({ dataset, addIssue }: v.RawCheckContext<string>): void {
  if (!dataset.typed || Object.hasOwn(BUILT_IN, dataset.value)) return
  const { value: item } = dataset
  const names = Object.keys(BUILT_IN).join(", ")
  if (/^[a-z_]*$/.test(item)) {
    addIssue({ message: `must be one of ${names}, or a regular expression; a word of your own is written \\bword\\b` })
    return
  }
  try {
    if (new RegExp(item).test("")) addIssue({ message: "must not match an empty text" })
  } catch (error) {
    addIssue({ message: `is no regular expression: ${error instanceof Error ? error.message : String(error)}` })
  }
}
