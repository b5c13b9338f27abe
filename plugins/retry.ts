/**
 * retry: asks the same backend again when it failed before it had begun to answer.
 *
 * ```yaml
 * plugins:
 *   - retry
 *   # or, with options:
 *   - retry: { attempts: 4, on: [overloaded, rate_limit], max_wait: 60 }
 * ```
 *
 * `retry-after` is heeded, a client that leaves ends the waiting, and a budget keeps an outage from being
 * multiplied. The answer's header `x-llm-proxy-attempts` tells how often the backend was asked.
 */
import { definePlugin, defineStage, FAILURE_KINDS, failureKind, ProxyError, v, type FailureKind } from "llm-proxy"

const KINDS_RULE = `must be some of ${FAILURE_KINDS.join(", ")}`

const Options = v.strictObject({
  /** How often a backend is asked in all. @default 3 */
  attempts: v.optional(v.pipe(number(1, 10), v.integer("must be a whole number")), 3),
  /** Which failures are worth it. @default overloaded, rate_limit, timeout, unreachable, failed */
  on: v.optional(v.array(v.picklist(FAILURE_KINDS, KINDS_RULE), KINDS_RULE), [
    "overloaded",
    "rate_limit",
    "timeout",
    "unreachable",
    "failed",
  ]),
  /** Seconds before the second attempt at most; twice as many before each one after it. @default 0.5 */
  base: v.optional(number(0, 60), 0.5),
  /** Most seconds before any attempt that no `retry-after` asks for. @default 8 */
  max: v.optional(number(0, 300), 8),
  /** Seconds a `retry-after` may ask for; where it asks for more, the failure is the answer. @default 30 */
  max_wait: v.optional(number(0, 300), 30),
  /** Repeats, as a share of a backend's requests in the last minute, beside ten that are always free. @default 0.1 */
  budget: v.optional(number(0, 10), 0.1),
})

/** Repeats a minute that a backend gets whatever its traffic is: a share of next to nothing would never allow one. */
const FREE = 10

export default definePlugin({
  name: "retry",
  options: Options,
  timeLimit: 3600, // the waits are this stage's own time, and their options bound them
  setup(options, { log }) {
    /** By backend, of which the config has so many. */
    const budgets = new Map<string, Budget>()

    return defineStage({
      name: "retry",
      before: "toOpenAI",
      async run(context, next) {
        const { head, signal, target } = context
        const { name } = target.backend
        const budget = budgets.get(name) ?? new Budget(options.budget)
        budgets.set(name, budget)
        budget.asked()
        const told = log.with({ request: context.id, backend: name, model: target.model })
        for (let attempt = 1; ; attempt++) {
          try {
            const reply = await next(context)
            head.set("x-llm-proxy-attempts", String(attempt))
            return reply
          } catch (thrown) {
            head.set("x-llm-proxy-attempts", String(attempt))
            const wait = attempt < options.attempts && !signal.aborted ? waitFor(thrown, attempt, options) : undefined
            if (wait === undefined) throw thrown
            if (!budget.spend()) {
              told.warn("not asked again: too many of this backend's requests are repeats")
              throw thrown
            }
            told.warn("asking again", { attempt: attempt + 1, after_ms: Math.round(wait), error: String(thrown) })
            await pause(wait, signal)
            if (signal.aborted) throw thrown
          }
        }
      },
    })
  },
})

/** Milliseconds until it is worth asking again after a failure; undefined where it is not. */
function waitFor(
  thrown: unknown,
  attempt: number,
  { on, base, max, max_wait }: { on: readonly FailureKind[]; base: number; max: number; max_wait: number },
): number | undefined {
  const kind = failureKind(thrown)
  if (!(thrown instanceof ProxyError) || !kind || !on.includes(kind)) return undefined
  const headers = new Headers(thrown.headers)
  if (headers.get("x-should-retry") === "false") return undefined
  const told = toldWait(headers)
  if (told > max_wait * 1000) return undefined
  // Full jitter, or all who failed together come back together. A backend that names a time is not asked before it.
  const own = Math.random() * 1000 * Math.min(max, base * 2 ** (attempt - 1))
  return told > 0 ? told + Math.random() * 1000 * Math.min(max, base) : own
}

/** Milliseconds a backend asks for, in any of the three forms that Anthropic's SDKs read; 0 where it names none. */
function toldWait(headers: Headers): number {
  const precise = Number(headers.get("retry-after-ms") ?? Number.NaN)
  if (precise >= 0) return precise
  const after = headers.get("retry-after") ?? ""
  const wait = /^\s*\d/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now()
  return wait > 0 ? wait : 0
}

/** Waits, but not for a client that has gone. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer)
      signal.removeEventListener("abort", over)
      resolve()
    }
    const timer = setTimeout(over, ms)
    signal.addEventListener("abort", over)
  })
}

/** How much of a backend's traffic may be repeats. */
class Budget {
  readonly #share: number
  readonly #requests = new LastMinute()
  readonly #repeats = new LastMinute()

  constructor(share: number) {
    this.#share = share
  }

  asked(): void {
    this.#requests.add()
  }

  /** Takes one repeat, if there is one left. */
  spend(): boolean {
    if (this.#repeats.count() >= FREE + this.#share * this.#requests.count()) return false
    this.#repeats.add()
    return true
  }
}

const MINUTE = 60_000

/** Counts what happened in the last minute, out of two numbers: this minute's, and the part of the one before it. */
class LastMinute {
  #began = performance.now() // this minute, in ms
  #now = 0
  #before = 0

  add(): void {
    this.#turn()
    this.#now++
  }

  count(): number {
    this.#turn()
    return this.#now + this.#before * (1 - (performance.now() - this.#began) / MINUTE)
  }

  #turn(): void {
    const minutes = Math.floor((performance.now() - this.#began) / MINUTE)
    if (minutes === 0) return
    this.#before = minutes === 1 ? this.#now : 0
    this.#now = 0
    this.#began += minutes * MINUTE
  }
}

function number(least: number, most: number) {
  const rule = `must be a number from ${least} to ${most}`
  return v.pipe(v.number(rule), v.minValue(least, rule), v.maxValue(most, rule))
}
