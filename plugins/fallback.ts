/**
 * fallback: asks other models, one after the other, when one fails before it has begun to answer.
 *
 * ```yaml
 * plugins:
 *   - fallback:
 *       chains:
 *         "claude-opus-*": [claude-sonnet-4-5, local]   # tried in this order, after the model itself
 * ```
 *
 * A model that keeps failing is skipped for a while. The answer's header `x-llm-proxy-fallback` names the model that
 * answered where it is not the first; the last one's error is the client's where none did.
 */
import {
  createGlobs,
  definePlugin,
  defineStage,
  FAILURE_KINDS,
  failureKind,
  fromDiscovered,
  printable,
  ProxyError,
  v,
  type Events,
  type FailureKind,
  type Target,
} from "llm-proxy"

const KINDS_RULE = `must be some of ${FAILURE_KINDS.join(", ")}`
const model = v.pipe(v.string("must be a model's name"), v.nonEmpty("must be a model's name"))
const chain = v.pipe(v.array(model, "must be a list of models"), v.minLength(1, "must name a model at least"))

const Options = v.strictObject({
  /** By the model that is asked for, a name or a pattern with `*`: the models of the config that are asked after it. */
  chains: v.record(v.string(), chain, "must be lists of models, by the model that is asked for"),
  /** Which failures are worth it. @default all but too_long and refused */
  on: v.optional(v.array(v.picklist(FAILURE_KINDS, KINDS_RULE), KINDS_RULE), [
    "overloaded",
    "rate_limit",
    "timeout",
    "unreachable",
    "failed",
    "denied",
  ]),
  /** When a model of a chain is skipped. */
  breaker: v.optional(
    v.strictObject({
      /** So many failures. @default 5 */
      failures: v.optional(v.pipe(number(1, 1000), v.integer("must be a whole number")), 5),
      /** Seconds in which they happen, with no answer between them. @default 60 */
      within: v.optional(number(1, 3600), 60),
      /** Seconds for which it is skipped; one request tries it then. @default 30 */
      skip: v.optional(number(1, 3600), 30),
    }),
    {},
  ),
})

type Limits = v.InferOutput<typeof Options>["breaker"]

/** One request: what it has asked, so that no names of a chain lead it to one model twice. */
interface Turn {
  /** Models that have been asked; more than one for a name where a plugin inside picks another. */
  readonly asked: Set<string>
  /** Those of them that were asked for a name that has failed. */
  readonly failed: Set<string>
  /** What the last name failed with. */
  failure: unknown
  /** The name that is being tried leads to what has failed. */
  repeated: boolean
}

export default definePlugin({
  name: "fallback",
  options: Options,
  setup(options, { log, models }) {
    const names = new Set(models.entries.map(([name]) => name))
    for (const [asked, chain] of Object.entries(options.chains)) {
      const unknown = [asked, ...chain].find((name) => !models.match(name) && !(name === asked && name.includes("*")))
      if (unknown === undefined) continue
      throw new Error(`chains.${asked}: the config has no model "${unknown}"; it has ${[...names].join(", ")}`)
    }
    const chains = createGlobs(Object.entries(options.chains))
    const turns = new WeakMap<Request, Turn>()
    /** By entry of the config's models, which is what a name leads to. */
    const circuits = new Map<Target, Circuit>()
    const circuitOf = (model: string): Circuit | undefined => {
      const target = models.match(fromDiscovered(model, names))
      if (!target) return undefined
      const circuit = circuits.get(target) ?? new Circuit(options.breaker)
      circuits.set(target, circuit)
      return circuit
    }

    return [
      defineStage({
        name: "fallback",
        before: "route",
        async run(context, next) {
          const { request, signal } = context
          const chain = chains.match(fromDiscovered(request.model, names))
          if (!chain) return next(context)
          const told = log.with({ request: context.id, asked: printable(request.model) })
          const turn: Turn = { asked: new Set(), failed: new Set(), failure: undefined, repeated: false }
          turns.set(context.req, turn)
          const tried: string[] = []

          /** @returns undefined where it failed and the next may be asked. */
          const ask = async (model: string): Promise<Events | undefined> => {
            const circuit = circuitOf(model)
            const isFirst = model === request.model
            turn.repeated = false
            try {
              const reply = await next(isFirst ? context : { ...context, request: { ...request, model } })
              circuit?.answered()
              if (!isFirst) context.head.set("x-llm-proxy-fallback", toHeader(model))
              if (tried.length > 0) told.warn("answered by another", { tried: tried.join(", "), model })
              return reply
            } catch (thrown) {
              const kind = signal.aborted ? undefined : failureKind(thrown)
              const worthIt = kind !== undefined && options.on.includes(kind)
              if (turn.repeated || !worthIt || REQUESTS_OWN.has(kind)) circuit?.left()
              else if (circuit?.failed()) log.warn("skipped for a while", { model: printable(model) })
              if (!worthIt) throw thrown
              if (turn.repeated) return undefined
              tried.push(`${printable(model)} ${thrown instanceof ProxyError ? thrown.status : kind}`)
              for (const key of turn.asked) turn.failed.add(key)
              turn.failure = thrown
              return undefined
            }
          }

          for (const model of [request.model, ...chain]) {
            if (circuitOf(model)?.admits() === false) continue
            const reply = await ask(model)
            if (reply) return reply
          }
          // Where all are skipped, the first is asked all the same: it may have come back, and a refusal helps nobody.
          const reply = tried.length === 0 ? await ask(request.model) : undefined
          if (reply) return reply
          told.warn("nobody answered", { tried: tried.join(", ") })
          throw turn.failure
        },
      }),
      defineStage({
        name: "fallback",
        before: "toOpenAI",
        async run(context, next) {
          const turn = turns.get(context.req)
          const key = JSON.stringify([context.target.backend.name, context.target.model])
          if (turn?.failed.has(key)) {
            turn.repeated = true
            throw turn.failure
          }
          turn?.asked.add(key)
          return next(context)
        },
      }),
    ]
  },
})

/** Failures that say something of the request and nothing of the model. */
const REQUESTS_OWN: ReadonlySet<FailureKind> = new Set(["too_long", "refused"])

/** Whether a model is worth asking. Times are in ms of `performance.now()`. */
class Circuit {
  readonly #limits: Limits
  #failures: readonly number[] = [] // when, since the last answer
  #until: number | undefined // skipped until then; undefined while it is not skipped at all
  #probing = false // a request has been let through to try it

  constructor(limits: Limits) {
    this.#limits = limits
  }

  admits(): boolean {
    if (this.#until === undefined) return true
    if (this.#probing || performance.now() < this.#until) return false
    this.#probing = true
    return true
  }

  answered(): void {
    this.#failures = []
    this.#until = undefined
    this.#probing = false
  }

  /** @returns whether it is skipped from now on, and was not before. */
  failed(): boolean {
    const now = performance.now()
    const { failures, within, skip } = this.#limits
    this.#probing = false
    this.#failures = [...this.#failures.filter((at) => at > now - within * 1000), now].slice(-failures)
    const skipped = this.#until !== undefined
    if (skipped || this.#failures.length === failures) this.#until = now + skip * 1000
    return !skipped && this.#until !== undefined
  }

  /** Nothing was learned: the client has left, or the request itself was at fault. The next one may try. */
  left(): void {
    this.#probing = false
  }
}

/** Names may have letters that headers may not. */
function toHeader(name: string): string {
  return name.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent)
}

function number(least: number, most: number) {
  const rule = `must be a number from ${least} to ${most}`
  return v.pipe(v.number(rule), v.minValue(least, rule), v.maxValue(most, rule))
}
