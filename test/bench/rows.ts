/** The figures of a run: for each metric a row with every server's value in every round. */
import { SERVERS, type ServerName } from "./processes.ts"
import type { Goal, Metric, Scenario } from "./scenarios.ts"
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

/** Empty rows of a scenario. */
export function toRows({ name, title, metrics }: Scenario): Row[] {
  return metrics.map((metric) => {
    const { unit, worst = false, goal } = metric
    const values = { raw: [], floor: [], naive: [], proxy: [] }
    return { scenario: name, title, metric: metric.name, unit, worst, goal, values }
  })
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
  const values = { raw: growth("raw"), floor: growth("floor"), naive: growth("naive"), proxy: growth("proxy") }
  const goal = { against: "itself", target: 1.3, line: 1.6 } as const
  const title = "400 KB against 100 KB"
  return [{ scenario: "growth", title, metric: "CPU per KB", unit: "×", worst: false, goal, values }]
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
  return ratios.filter((ratio) => Number.isFinite(ratio))
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
