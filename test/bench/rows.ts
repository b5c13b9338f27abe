/** The figures of a run: for each metric a row with every server's value in every round. */
import type { Goal, Metric, Scenario, Turn } from "./scenarios.ts"
import { SERVERS, type ServerName } from "./servers.ts"
import { median, quantile } from "./stats.ts"

export interface Row {
  readonly scenario: string
  readonly title: string
  readonly metric: string
  readonly unit: Metric["unit"]
  readonly worst: boolean
  readonly goal: Goal | undefined
  /** By round; NaN where there is none. */
  readonly values: Readonly<Record<ServerName, number[]>>
}

/** `over` is above the line, `near` between target and line; undefined without a goal, or with too little to tell. */
export type Verdict = "met" | "near" | "over" | undefined

/** Rounds from which on a median means something. */
const ENOUGH = 3

/** What one round of a scenario gave; `direct` is the mock without a server before it. */
export type Turns = ReadonlyMap<ServerName | "direct", Turn>

/** The rows of a scenario. A turn with a wrong answer counts for nothing, except in what is held, where it is told. */
export function toRows({ name, title, task, metrics, fresh }: Scenario, rounds: readonly Turns[]): Row[] {
  const direct = median(rounds.map((turns) => median(turns.get("direct")?.outcome.lags ?? [])))
  return metrics.map((metric) => {
    const { unit, worst = false, goal } = metric
    const of = (server: ServerName): number[] =>
      rounds.map((turns) => {
        const turn = turns.get(server)
        if (!turn || (turn.outcome.faults.length > 0 && fresh !== "held")) return Number.NaN
        return metric.read({ ...turn, task, direct }) ?? Number.NaN
      })
    return { scenario: name, title, metric: metric.name, unit, worst, goal, values: toValues(of) }
  })
}

/** Every kind of wrong answer once. */
export function toFaults({ name }: Scenario, rounds: readonly Turns[]): string[] {
  const found = rounds.flatMap((turns) => {
    return [...turns].flatMap(([server, { outcome }]) => outcome.faults.map((fault) => `${name}, ${server}: ${fault}`))
  })
  return [...new Set(found)]
}

/** How a KB's cost grows with the body: of the large body against that of the small one, in the same round. */
export function toGrowth(rows: readonly Row[], scenarios: readonly Scenario[]): Row[] {
  const [small, large] = ["grow-100", "grow-400"].map((wanted) => {
    const row = rows.find(({ scenario }) => scenario === wanted)
    const bytes = scenarios.find(({ name }) => name === wanted)?.task.body.byteLength
    return row && bytes ? { row, bytes } : undefined
  })
  if (!small || !large) return []
  const growth = (name: ServerName): number[] => {
    const before = small.row.values[name]
    const bytes = large.bytes / small.bytes
    return large.row.values[name].map((cpu, round) => cpu / (before[round] ?? Number.NaN) / bytes)
  }
  const values = toValues((name) => (name === "plugins" ? [] : growth(name)))
  const goal = { against: "itself", target: 1.3, line: 1.6 } as const
  const title = "400 KB against 100 KB"
  return [{ scenario: "growth", title, metric: "CPU per KB", unit: "×", worst: false, goal, values }]
}

/** What `log` and `metrics` add, in a row below the first of each scenario that is run with them too. */
export function withPlugins(rows: readonly Row[], scenarios: readonly Scenario[]): Row[] {
  const seen = new Set(scenarios.filter(({ plugins }) => !plugins).map(({ name }) => name))
  return rows.flatMap((row) => {
    const { scenario, title, metric, values } = row
    if (seen.has(scenario) || !values.plugins.some(Number.isFinite)) return [row]
    seen.add(scenario)
    const ratios = values.plugins.map((value, round) => value / (values.proxy[round] ?? Number.NaN))
    const goal = { against: "itself", target: 1.1, line: 1.25 } as const
    const own = toValues((name) => (name === "proxy" ? ratios : []))
    const told = `${metric}, with log and metrics`
    return [row, { scenario, title, metric: told, unit: "×", worst: false, goal, values: own }]
  })
}

function toValues(of: (name: ServerName) => number[]): Row["values"] {
  return { raw: of("raw"), floor: of("floor"), naive: of("naive"), proxy: of("proxy"), plugins: of("plugins") }
}

/** A server's one value; NaN without any. */
export function valueOf({ values, worst }: Row, name: ServerName): number {
  const known = values[name].filter((value) => Number.isFinite(value))
  return worst && known.length > 0 ? Math.max(...known) : median(known)
}

/** What the goal is about, by round: the proxy's values over another's, or as they are. */
export function ratiosOf({ values, goal }: Row): number[] {
  const against = goal?.against ?? "floor"
  const ratios = values.proxy.map((value, round) => {
    return against === "itself" ? value : value / (values[against][round] ?? Number.NaN)
  })
  // What was added can come out below nothing where the machine is too busy to tell.
  return ratios.filter((ratio) => Number.isFinite(ratio) && ratio >= 0)
}

export function verdictOf(row: Row): Verdict {
  const ratios = ratiosOf(row)
  // One lost event is one too many; what a ratio is cannot be told from a round or two.
  if (!row.goal || ratios.length < (row.worst ? 1 : ENOUGH)) return undefined
  const value = row.worst ? Math.max(...ratios) : median(ratios)
  if (value <= row.goal.target) return "met"
  return value <= row.goal.line ? "near" : "over"
}

/** A row as it stands in a JSON file. */
export function toJson(row: Row): object {
  const ratios = ratiosOf(row)
  const { scenario, title, metric, unit, goal, values } = row
  const servers = Object.fromEntries(
    SERVERS.map((name) => [name, { value: valueOf(row, name), rounds: values[name] }]),
  )
  const [q1, q3] = [quantile(ratios, 0.25), quantile(ratios, 0.75)]
  const ratio = { against: goal?.against ?? "floor", median: median(ratios), q1, q3 }
  const { target, line } = goal ?? {}
  return { scenario, title, metric, unit, servers, ratio, target, line, verdict: verdictOf(row) }
}
