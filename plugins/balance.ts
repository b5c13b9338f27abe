/**
 * balance: gives the requests for one model to several.
 *
 * ```yaml
 * plugins:
 *   - balance:
 *       by: sticky                         # or weighted (the default), or least_busy
 *       models:
 *         claude-sonnet-4-5: [{ model: sonnet-eu, weight: 3 }, { model: sonnet-us }]
 * ```
 *
 * `sticky` keeps a session at one model, and with it the prompt cache there. A model that has just failed is left out
 * for ten seconds, unless all have. This plugin asks once; `fallback` is who asks another.
 */
import {
  createGlobs,
  definePlugin,
  defineStage,
  failureKind,
  fromDiscovered,
  v,
  type FailureKind,
  type Parsed,
  type Target,
} from "llm-proxy"

const WEIGHT_RULE = "must be a number above 0, at most 1000"
const weight = v.pipe(v.number(WEIGHT_RULE), v.gtValue(0, WEIGHT_RULE), v.maxValue(1000, WEIGHT_RULE))
const Member = v.strictObject({
  /** A model of the config. */
  model: v.pipe(v.string("must be a model's name"), v.nonEmpty("must be a model's name")),
  /** Its share beside the others'. @default 1 */
  weight: v.optional(weight, 1),
})
const MEMBERS_RULE = "must be a list of { model, weight }"
const members = v.pipe(v.array(Member, MEMBERS_RULE), v.minLength(1, "must name a model at least"))

const WAYS = ["weighted", "least_busy", "sticky"] as const

const Options = v.strictObject({
  /** By the model that is asked for, a name or a pattern with `*`: the models of the config that answer instead. */
  models: v.record(v.string(), members, "must be lists of models, by the model that is asked for"),
  /** Who is next. @default "weighted" */
  by: v.optional(v.picklist(WAYS, `must be one of ${WAYS.join(", ")}`), "weighted"),
})

/** Milliseconds for which a failure is held against a model. It ends by itself: nobody would see it succeed again. */
const HELD = 10_000

/** Failures that the next request would meet as well. `failed` (500) may be one request's own affair. */
const LASTING: ReadonlySet<FailureKind> = new Set(["overloaded", "rate_limit", "timeout", "unreachable", "denied"])

/** A model that requests for another are given to. */
interface Choice {
  readonly name: string
  readonly weight: number
  readonly target: Target
  readonly load: Load
  /** How much it is owed, by weight; see {@link takeTurn}. */
  credit: number
}

/** What a model has to do, whichever name it was given it for. */
interface Load {
  /** Answers. */
  running: number
}

export default definePlugin({
  name: "balance",
  options: Options,
  setup({ models: pools, by }, { models }) {
    const names = new Set(models.entries.map(([name]) => name))
    const loads = new Map(models.entries.map(([, target]): [Target, Load] => [target, { running: 0 }]))
    const choices = Object.entries(pools).map(([pool, members]): [string, readonly Choice[]] => {
      const toChoice = ({ model: name, weight }: { model: string; weight: number }): Choice => {
        const target = models.match(name)
        if (!target) {
          throw new Error(`models.${pool}: the config has no model "${name}"; it has ${[...names].join(", ")}`)
        }
        return { name, weight, target, load: loads.get(target) ?? { running: 0 }, credit: 0 }
      }
      // The name itself as well: what the config does not route has no place in lists of models and is not counted.
      if (!pool.includes("*")) toChoice({ model: pool, weight: 1 })
      return [pool, members.map(toChoice)]
    })
    const byName = createGlobs(choices)
    /** Models that have just failed, whoever asked them, and until when that is held against them. */
    const failed = new Map<string, number>()
    const isWell = ({ target }: Choice): boolean => {
      return target.backend.missing.length === 0 && (failed.get(keyOf(target)) ?? 0) <= performance.now()
    }
    const pick = (from: readonly Choice[], context: Parsed): Choice | undefined => {
      if (by === "sticky") return highest(from, stickiness(sessionOf(context)))
      if (by === "weighted") return takeTurn(from)
      const least = Math.min(...from.map(({ load }) => load.running))
      return takeTurn(from.filter(({ load }) => load.running === least))
    }

    return [
      defineStage({
        name: "balance",
        before: "route",
        async run(context, next) {
          const all = byName.match(fromDiscovered(context.request.model, names))
          if (!all) return next(context)
          const well = all.filter(isWell)
          const choice = pick(well.length > 0 ? well : all, context)
          if (!choice) return next(context)
          const given = { ...context, request: { ...context.request, model: choice.name } }
          if (by !== "least_busy") return next(given)
          const { load } = choice
          load.running++
          let running = true
          const end = (): void => {
            if (running) load.running--
            running = false
          }
          context.onOver(end)
          try {
            return await next(given)
          } catch (thrown) {
            end() // another may be asked now, and answer for long
            throw thrown
          }
        },
      }),
      defineStage({
        name: "balance",
        before: "toOpenAI",
        async run(context, next) {
          const key = keyOf(context.target)
          try {
            const reply = await next(context)
            failed.delete(key)
            return reply
          } catch (thrown) {
            const kind = context.signal.aborted ? undefined : failureKind(thrown)
            if (kind && LASTING.has(kind)) failed.set(key, performance.now() + HELD)
            throw thrown
          }
        },
      }),
    ]
  },
})

function keyOf({ backend, model }: Target): string {
  return JSON.stringify([backend.name, model])
}

/**
 * By weight, and evenly: beside a weight of 3, a weight of 1 has every fourth request. Source: nginx's smooth weighted
 * round robin.
 */
function takeTurn(choices: readonly Choice[]): Choice | undefined {
  for (const choice of choices) choice.credit += choice.weight
  const taken = highest(choices, ({ credit }) => credit)
  if (taken) taken.credit -= choices.reduce((sum, { weight }) => sum + weight, 0)
  return taken
}

/** The first of those whose score is the highest. */
function highest(choices: readonly Choice[], score: (choice: Choice) => number): Choice | undefined {
  let best: Choice | undefined
  for (const choice of choices) if (!best || score(choice) > score(best)) best = choice
  return best
}

/**
 * Rendezvous hashing: each session likes each model so much, by weight, and goes to the one it likes most. A model more
 * or less moves its own share of the sessions and no others.
 */
function stickiness(session: string): (choice: Choice) => number {
  return ({ name, weight }) => weight / -Math.log((hash(`${session}\n${name}`) + 0.5) / 2 ** 32)
}

/** FNV-1a, and a step of MurmurHash3's end, without which texts that begin alike would be liked alike. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) >>> 0
}

/**
 * What belongs together: Claude Code's session, which its `metadata.user_id` tells as JSON and a header tells too, else
 * the user another client names, else the key. Source: Claude Code 2.1.330, measured.
 */
function sessionOf({ request, req, client }: Parsed): string {
  const user = request.metadata?.user_id
  return sessionIn(user) ?? req.headers.get("x-claude-code-session-id") ?? user ?? client.name
}

function sessionIn(user: string | null | undefined): string | undefined {
  if (!user?.startsWith("{")) return undefined
  try {
    const { session_id }: { session_id?: unknown } = JSON.parse(user)
    return typeof session_id === "string" ? session_id : undefined
  } catch {
    return undefined
  }
}
