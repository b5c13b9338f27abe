/**
 * budget: how much money and how many tokens each key may spend, a day and a month.
 *
 * ```yaml
 * plugins:
 *   - budget:
 *       prices:                                       # dollars for a million tokens
 *         "claude-sonnet-*": { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 }
 *         "ollama/*": { input: 0, output: 0 }         # a backend of the config, and the model's name there
 *       default: { daily_usd: 5, monthly_usd: 50 }
 *       keys:
 *         ci: { daily_usd: 1, daily_tokens: 2000000 }
 * ```
 *
 * A key that has spent a budget is answered 402, or 429 by `status: 429`, until the day or the month (UTC) is over; no
 * backend is asked then. What an answer cost is known at its end: one that has begun is let finish. The answers' header
 * `x-llm-proxy-budget-remaining` tells what was left when they began.
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
  type Over,
  type PluginTools,
  type Routed,
  type Usage,
} from "llm-proxy"

const PRICE_RULE = "must be a number of dollars, 0 or more"
const price = v.pipe(v.number(PRICE_RULE), v.minValue(0, PRICE_RULE))
const BUDGET_RULE = "must be a number above 0"
const budget = v.optional(v.pipe(v.number(BUDGET_RULE), v.gtValue(0, BUDGET_RULE)))

/** In dollars, and in tokens of prompts and answers together. */
const Budgets = v.strictObject({ daily_usd: budget, daily_tokens: budget, monthly_usd: budget, monthly_tokens: budget })
const Options = v.strictObject({
  /**
   * Dollars for a million tokens, by the model's name in the config or by `backend/model`; `*` stands for any
   * characters, and of two that fit the more specific one counts. Cached tokens cost what others do, unless told.
   */
  prices: v.optional(
    v.record(
      v.string(),
      v.strictObject({ input: price, output: price, cache_read: v.optional(price), cache_write: v.optional(price) }),
    ),
    {},
  ),
  /** Of each key. */
  default: v.optional(Budgets, {}),
  /** By the key's name: what is otherwise for it. */
  keys: v.optional(v.record(v.string(), Budgets), {}),
  /** What a key that has spent its budget is answered: 402 is not asked again, 429 is. @default 402 */
  status: v.optional(v.picklist([402, 429], "must be 402 or 429"), 402),
  /** What becomes of models without a price, for keys with a budget in dollars. @default "refuse" */
  unpriced: v.optional(v.picklist(["refuse", "free"], "must be refuse or free"), "refuse"),
})

type Options = v.InferOutput<typeof Options>
type Price = Options["prices"][string]
type Kind = keyof v.InferOutput<typeof Budgets>

const KINDS: readonly Kind[] = ["daily_usd", "daily_tokens", "monthly_usd", "monthly_tokens"]

/** Money is counted in millionths of a dollar: by a price for a million tokens, one token costs as many of them. */
const MICRO = 1_000_000
/** Seconds: longer than a month, so that a count is there as long as anybody asks for it. */
const KEPT = 40 * 24 * 3600

/** A budget of a key, and the counter of what is spent of it now. */
interface Account {
  readonly kind: Kind
  /** In millionths of a dollar, or in tokens. */
  readonly limit: number
  readonly counter: string
  /** When it begins anew. */
  readonly renewed: Date
}

export default definePlugin({
  name: "budget",
  options: Options,
  setup(options, tools) {
    const { counters, log, models } = tools
    checkNames(options, tools)
    const names = new Set(models.entries.map(([name]) => name))
    const prices = createGlobs(
      Object.entries(options.prices).map(([pattern, price]) => [pattern, { pattern, price }] as const),
    )
    const accountsOf = createAccounts(options)
    const warned = new Set<string>() // of targets without a price; there are no more than the config has

    const priceOf = ({ target: { backend, model }, request }: Routed): Price | undefined => {
      const there = prices.match(`${backend.name}/${model}`)
      const here = prices.match(fromDiscovered(request.model, names))
      return (there && here && weight(here.pattern) > weight(there.pattern) ? here : (there ?? here))?.price
    }
    return [
      defineStage({
        name: "budget",
        before: "parse",
        async run(context, next) {
          const accounts = asksForAnswer(context.req) ? await accountsOf(context) : []
          if (accounts.length === 0) return next(context)
          const sums = await Promise.all(accounts.map(({ counter }) => counters.get(counter)))
          const left = accounts.map(({ kind, limit }, n): [Kind, number] => [kind, Math.max(0, limit - (sums[n] ?? 0))])
          const told = left.map(([kind, rest]) => `${kind}=${amountOf(kind, rest)}`)
          context.head.set("x-llm-proxy-budget-remaining", told.join(", "))
          // Of several the one that holds longest.
          const spent = accounts.findLast((_, n) => left[n]?.[1] === 0)
          if (spent) throw refusal(context, spent, options.status)
          return next(context)
        },
      }),
      // Here, because it is known here who is asked: each backend that was, where stages ask several.
      defineStage({
        name: "budget",
        before: "toOpenAI",
        async run(context, next) {
          const { request, target, signal } = context
          const accounts = await accountsOf(context)
          if (accounts.length === 0) return next(context)
          const price = priceOf(context)
          if (!price && accounts.some(({ kind }) => isMoney(kind))) {
            const name = `${target.backend.name}/${target.model}`
            if (options.unpriced === "refuse") {
              throw new ProxyError(403, `model: ${printable(request.model)} has no price, and this key has a budget`)
            }
            if (!warned.has(name)) log.warn("a model without a price is free", { model: name })
            warned.add(name)
          }
          const spend = async ({ message }: Pick<Over, "message">): Promise<void> => {
            const tokens = message ? tokensOf(message.usage) : { ...NONE, input: guessTokens(request) }
            const cost = price ? costOf(tokens, price) : 0
            const sum = tokens.input + tokens.output + tokens.cache_read + tokens.cache_write
            // Of the day on which it ends, which may be another than it began on.
            for (const { kind, counter } of await accountsOf(context)) {
              void counters.add(counter, isMoney(kind) ? cost : sum, KEPT)
            }
          }
          try {
            const reply = await next(context)
            return reply.pipeThrough(onOver((over) => void spend(over)))
          } catch (thrown) {
            // A prompt whose client has left was read by the backend all the same.
            if (signal.aborted) void spend({ message: undefined })
            throw thrown
          }
        },
      }),
    ]
  },
})

const NONE = { input: 0, output: 0, cache_read: 0, cache_write: 0 }
type Tokens = typeof NONE

function tokensOf(usage: Usage): Tokens {
  return {
    input: usage.input_tokens,
    output: usage.output_tokens,
    cache_read: usage.cache_read_input_tokens ?? 0,
    cache_write: usage.cache_creation_input_tokens ?? 0,
  }
}

/** In millionths of a dollar, rounded up: nothing that has a price is free. */
function costOf(tokens: Tokens, { input, output, cache_read = input, cache_write = input }: Price): number {
  const exact =
    tokens.input * input + tokens.output * output + tokens.cache_read * cache_read + tokens.cache_write * cache_write
  return Math.ceil(exact - 1e-6) // 0.1 + 0.2 is a little more than 0.3
}

/** The budgets of a request's key as they are at this moment. */
function createAccounts({ default: usual, keys }: Options): (context: Authorized) => Promise<readonly Account[]> {
  const ids = new Map<string, Promise<string>>() // there are no more keys than the config has
  return async ({ client: { name } }) => {
    const own = { ...usual, ...(Object.hasOwn(keys, name) ? keys[name] : undefined) }
    const id = ids.get(name) ?? digestText(name)
    ids.set(name, id)
    const base = await id
    const now = new Date()
    const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
    return KINDS.flatMap((kind) => {
      const limit = own[kind]
      if (limit === undefined) return []
      const daily = kind.startsWith("daily")
      return {
        kind,
        limit: isMoney(kind) ? Math.round(limit * MICRO) : limit,
        counter: `${base}-${kind}-${now.toISOString().slice(0, daily ? 10 : 7)}`,
        renewed: new Date(daily ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1)),
      }
    })
  }
}

function refusal({ client }: Authorized, { kind, limit, renewed }: Account, status: 402 | 429): ProxyError {
  const when = renewed.toISOString().replace(".000", "")
  const budget = `${kind} of key "${client.name}" (${isMoney(kind) ? "$" : ""}${amountOf(kind, limit)})`
  const seconds = Math.max(1, Math.ceil((renewed.getTime() - Date.now()) / 1000))
  return new ProxyError(status, `the budget ${budget} is spent; it is renewed at ${when}`, {
    headers: status === 402 ? { "x-should-retry": "false" } : { "retry-after": String(seconds) },
  })
}

function isMoney(kind: Kind): boolean {
  return kind.endsWith("_usd")
}

/** Dollars, with cents at least, or tokens. */
function amountOf(kind: Kind, amount: number): string {
  return isMoney(kind) ? (amount / MICRO).toFixed(6).replace(/0{1,4}$/, "") : String(amount)
}

/** As patterns are chosen everywhere: a name before a pattern, then by the characters that are not `*`. */
function weight(pattern: string): number {
  return pattern.includes("*") ? pattern.replaceAll("*", "").length : Infinity
}

/** Whether a request is one for an answer of a model: what only looks or counts costs nothing. */
function asksForAnswer({ method, url }: Request): boolean {
  return method === "POST" && new URL(url).pathname.endsWith("/v1/messages")
}

function checkNames({ prices, keys }: Options, tools: PluginTools): void {
  const targets = tools.models.entries.map(([, { backend, model }]) => [`${backend.name}/${model}`, true] as const)
  const there = createGlobs([...tools.models.entries.map(([name]) => [name, true] as const), ...targets])
  for (const pattern of Object.keys(prices)) {
    if (there.reaches(pattern)) continue
    const all = there.entries.map(([name]) => name).join(", ")
    throw new Error(`prices: the config has no model "${pattern}"; it has ${all}`)
  }
  for (const key of Object.keys(keys)) {
    if (!tools.keys.includes(key)) tools.log.warn("a budget for a key that the config has not", { key })
  }
}
