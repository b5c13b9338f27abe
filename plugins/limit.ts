/**
 * limit: how much each key may ask: requests and tokens a minute, and answers that run at the same time.
 *
 * ```yaml
 * plugins:
 *   - limit:
 *       default: { requests: 60, input_tokens: 400000, output_tokens: 40000, concurrent: 4 }
 *       keys:
 *         ci: { requests: 600, models: { "claude-opus-*": { requests: 10 } } }
 * ```
 *
 * All but `concurrent` are by the minute, as the clock has it. A request beyond a limit is answered 429 with
 * `retry-after`, and no backend is asked. Answers tell what is left in Anthropic's `anthropic-ratelimit-*` headers.
 * Several processes hold one limit together where the storage is Redis.
 */
import {
  createGlobs,
  definePlugin,
  defineStage,
  digestText,
  fromDiscovered,
  guessTokens,
  onOver,
  printable,
  ProxyError,
  v,
  type Authorized,
  type Globs,
  type PluginTools,
  type Usage,
} from "llm-proxy"

const RULE = "must be a whole number above 0"
const amount = v.optional(v.pipe(v.number(RULE), v.integer(RULE), v.minValue(1, RULE)))
const LIMITS = {
  /** Requests a minute. */
  requests: amount,
  /** Tokens a minute, of prompts and answers together. */
  tokens: amount,
  /** Tokens a minute of prompts, cached ones among them. */
  input_tokens: amount,
  /** Tokens a minute of answers. */
  output_tokens: amount,
  /** Answers that run at the same time. */
  concurrent: amount,
}
/** Limits of a key; `models`: further ones, for its requests for the models of a name or a pattern with `*`. */
const Key = v.strictObject({ ...LIMITS, models: v.optional(v.record(v.string(), v.strictObject(LIMITS)), {}) })
const Options = v.strictObject({
  /** Of each key. */
  default: v.optional(Key, {}),
  /** By the key's name: what is otherwise for it. */
  keys: v.optional(v.record(v.string(), Key), {}),
})

type Kind = keyof typeof LIMITS

/** What can be told before the body is read, and what cannot. */
const EARLY: readonly Kind[] = ["requests", "concurrent"]
const TOKENS: readonly Kind[] = ["tokens", "input_tokens", "output_tokens"]

const MINUTE = 60_000
/** Milliseconds for which a running answer's place is held at a time: what a process that dies leaves ends with it. */
const HOLD = 30_000
/** Seconds. When an answer will end nobody knows. */
const RETRY_CONCURRENT = 5

/** Limits that are counted together: a key's own, or those for some of its models. */
interface Scope {
  readonly id: string
  readonly limits: { readonly [K in Kind]?: number | undefined }
  /** Of whose models; "" for all. */
  readonly of: string
}

interface Scopes {
  readonly own: Scope
  readonly models: Globs<Scope>
}

/** What a request has taken of one limit. */
interface Taken {
  readonly scope: Scope
  readonly kind: Kind
  readonly limit: number
  readonly refused: boolean
  readonly left: number
  /** What it asked for. */
  readonly by: number
  giveBack(): void
  /** The answer is over. */
  settle(input: number, output: number): void
}

export default definePlugin({
  name: "limit",
  options: Options,
  setup(options, tools) {
    const names = new Set(tools.models.entries.map(([name]) => name))
    checkNames(options, tools)
    /** Each key's limits; there are no more keys than the config has. */
    const known = new Map<string, Promise<Scopes>>()
    const find = async (name: string): Promise<Scopes> => {
      const { default: usual, keys } = options
      const own = Object.hasOwn(keys, name) ? keys[name] : undefined
      const toScope = async (limits: Scope["limits"], of: string): Promise<Scope> => {
        return { id: await digestText(JSON.stringify([name, of])), limits, of }
      }
      const models = Object.entries({ ...usual.models, ...own?.models }).map(async ([pattern, limits]) => {
        return [pattern, await toScope(limits, pattern)] as const
      })
      return { own: await toScope({ ...usual, ...own }, ""), models: createGlobs(await Promise.all(models)) }
    }
    const scopesOf = ({ client: { name } }: Authorized): Promise<Scopes> => {
      const found = known.get(name) ?? find(name)
      known.set(name, found)
      return found
    }
    const take = async (scope: Scope | undefined, kinds: readonly Kind[], input = 0): Promise<readonly Taken[]> => {
      const taking = kinds.flatMap((kind) => {
        const limit = scope?.limits[kind]
        if (!scope || limit === undefined) return []
        return kind === "concurrent" ? occupy(scope, limit, tools) : count(scope, kind, limit, input, tools)
      })
      return Promise.all(taking)
    }
    /** Taken before the body was read, by requests that have not come further yet. */
    const early = new WeakMap<Request, readonly Taken[]>()

    return [
      defineStage({
        name: "limit",
        before: "parse",
        async run(context, next) {
          if (!asksForAnswer(context.req)) return next(context)
          const { own } = await scopesOf(context)
          early.set(context.req, admit(context, await take(own, EARLY)))
          try {
            return await next(context)
          } finally {
            // What is still there belongs to a request that could not be read, or that a stage has answered.
            for (const taken of early.get(context.req) ?? []) taken.settle(0, 0)
            early.delete(context.req)
          }
        },
      }),
      defineStage({
        name: "limit",
        before: "route",
        async run(context, next) {
          const { req, request, head, signal } = context
          const { own, models } = await scopesOf(context)
          const scope = models.match(fromDiscovered(request.model, names))
          const counts = [own, scope].some((given) => TOKENS.some((kind) => given?.limits[kind]))
          const guess = counts ? guessTokens(request) : 0
          // A stage that stands around this one may ask again: that is a request of its own.
          const first = early.get(req) ?? admit(context, await take(own, EARLY))
          early.delete(req)
          const rest = [take(own, TOKENS, guess), take(scope, [...TOKENS, ...EARLY], guess)]
          const all = admit(context, [...first, ...(await Promise.all(rest)).flat()])
          if (all.length === 0) return next(context)
          const told = [...head].filter(([name]) => name.startsWith(HEADER))
          const settle = (input: number, output: number): void => {
            for (const taken of all) taken.settle(input, output)
          }
          try {
            const reply = await next(context)
            for (const [name, value] of told) head.set(name, value) // a backend of Anthropic's has told its own
            if (!all.some(({ kind }) => kind !== "requests")) return reply
            return reply.pipeThrough(
              onOver(({ message }) => {
                settle(message ? inputOf(message.usage) : guess, message?.usage.output_tokens ?? 0)
              }),
            )
          } catch (thrown) {
            // A prompt whose client has left was read by the backend all the same.
            settle(signal.aborted ? guess : 0, 0)
            throw thrown
          }
        },
      }),
    ]
  },
})

/** Whether a request is one for an answer of a model: what only looks or counts has no limits. */
function asksForAnswer({ method, url }: Request): boolean {
  return method === "POST" && new URL(url).pathname.endsWith("/v1/messages")
}

/** Adds to a count of this minute. What an answer takes in the end is put right when it is over. */
async function count(scope: Scope, kind: Kind, limit: number, guess: number, tools: PluginTools): Promise<Taken> {
  const key = (minute: number): string => `${scope.id}-${kind}-${minute}`
  const add = (minute: number, by: number): Promise<number> => {
    return tools.counters.add(key(minute), by, (2 * MINUTE) / 1000)
  }
  const begun = minuteOf(Date.now())
  const by = kind === "requests" ? 1 : kind === "output_tokens" ? 0 : guess
  const sum = await add(begun, by)
  const refused = by === 0 ? sum >= limit : sum > limit
  return {
    scope,
    kind,
    limit,
    by,
    refused,
    left: Math.max(0, limit - (refused ? sum - by : sum)),
    giveBack: () => void add(begun, -by),
    settle(input, output) {
      if (kind === "requests") return
      const took = (kind === "output_tokens" ? 0 : input) + (kind === "input_tokens" ? 0 : output)
      const now = minuteOf(Date.now())
      // Too much that was taken of a minute that is over is no credit for this one.
      if (took > by || (took < by && now === begun)) void add(now, took - by)
    },
  }
}

/**
 * Takes a place among the running answers. Each is counted in the counter of this half minute and in that of the next,
 * and moves on while it runs: at every moment the counter of the moment has all of them, and those of a process that
 * died are gone a minute later.
 */
async function occupy(scope: Scope, limit: number, { counters }: PluginTools): Promise<Taken> {
  const held = new Set<number>()
  const add = (slot: number, by: number): Promise<number> => {
    return counters.add(`${scope.id}-running-${slot}`, by, (3 * HOLD) / 1000)
  }
  const hold = (slot: number): Promise<number> => {
    if (held.has(slot)) return Promise.resolve(0)
    held.add(slot)
    return add(slot, 1)
  }
  const now = (): number => Math.floor(Date.now() / HOLD)
  const began = now()
  const [running] = await Promise.all([hold(began), hold(began + 1)])
  const timer = setInterval(() => void Promise.all([hold(now()), hold(now() + 1)]), HOLD)
  const leave = (): void => {
    clearInterval(timer)
    for (const slot of held) if (slot >= now()) void add(slot, -1)
    held.clear()
  }
  const left = Math.max(0, limit - running)
  return { scope, kind: "concurrent", limit, by: 1, refused: running > limit, left, giveBack: leave, settle: leave }
}

const HEADER = "anthropic-ratelimit-"

/** Tells what is left. Throws 429 when something was refused; all that was taken is given back then. */
function admit(context: Authorized, all: readonly Taken[]): readonly Taken[] {
  const ends = (minuteOf(Date.now()) + 1) * MINUTE
  const reset = new Date(ends).toISOString().replace(/\.\d+/, "")
  for (const { kind, limit, left } of all) {
    const name = `${HEADER}${kind.replace("_", "-")}`
    const before = context.head.get(`${name}-remaining`)
    // Of two limits of a kind the tighter one is told, as Anthropic does.
    if (kind === "concurrent" || (before !== null && Number(before) < left)) continue
    context.head.set(`${name}-limit`, String(limit))
    context.head.set(`${name}-remaining`, String(left))
    context.head.set(`${name}-reset`, reset)
  }
  const [refused, ...others] = all.filter((taken) => taken.refused)
  if (!refused) return all
  for (const taken of all) taken.giveBack()
  const lasting = [refused, ...others].find(({ kind }) => kind !== "concurrent") ?? refused
  throw new ProxyError(429, tell(lasting), { headers: waitFor(lasting, ends) })
}

function tell({ scope, kind, limit, left, by }: Taken): string {
  const what = kind === "concurrent" ? "answers running at the same time" : `${kind.replace("_", " ")} a minute`
  const reached = `this key has reached its limit of ${what}${scope.of && ` for ${printable(scope.of)}`} (${limit})`
  return TOKENS.includes(kind) && by > 0 ? `${reached}: ${left} are left, and this request takes about ${by}` : reached
}

/** When it is worth asking again. Never for what is larger than the limit. */
function waitFor({ kind, limit, by }: Taken, ends: number): Readonly<Record<string, string>> {
  if (by > limit) return { "x-should-retry": "false" }
  const seconds = kind === "concurrent" ? RETRY_CONCURRENT : Math.max(1, Math.ceil((ends - Date.now()) / 1000))
  return { "retry-after": String(seconds) }
}

function inputOf({ input_tokens, cache_creation_input_tokens, cache_read_input_tokens }: Usage): number {
  return input_tokens + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0)
}

function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE)
}

function checkNames({ default: usual, keys }: v.InferOutput<typeof Options>, tools: PluginTools): void {
  const there = tools.models.entries.map(([name]) => name).join(", ")
  const check = (path: string, { models }: typeof usual): void => {
    for (const pattern of Object.keys(models)) {
      if (tools.models.reaches(pattern)) continue
      throw new Error(`${path}.models: the config has no model "${pattern}"; it has ${there}`)
    }
  }
  check("default", usual)
  for (const [key, limits] of Object.entries(keys)) {
    check(`keys.${key}`, limits)
    if (!tools.keys.includes(key)) tools.log.warn("limits for a key that the config has not", { key })
  }
}
