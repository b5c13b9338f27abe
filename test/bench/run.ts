/**
 * `npm run bench`: what the proxy costs beside the least that would do. Prints a table of ratios; ends with 1 when an
 * answer was wrong or a ratio is above its line, never because of an absolute time.
 */
import { writeFileSync } from "node:fs"
import { cpus, loadavg, release, totalmem, type } from "node:os"
import { parseArgs } from "node:util"
import { CPU_SOURCE } from "./meter.ts"
import { measure } from "./measure.ts"
import { toJson, verdictOf } from "./rows.ts"
import { createScenarios } from "./scenarios.ts"
import { SERVERS } from "./servers.ts"
import { toTable, writePage } from "./table.ts"

const HELP = `npm run bench -- [options]

  --quick         fewer and shorter rounds: below 40 s instead of 4 minutes
  --rounds N      rounds (7, or 2 when quick, and no more than the time allows)
  --only a,b      these scenarios or servers alone
  --seed N        the order of turns, as an earlier run printed it
  --json FILE     every value of every round
  --write         puts the table into docs/5.performance.md
`

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    only: { type: "string" },
    seed: { type: "string" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else await main()

async function main(): Promise<void> {
  const all = createScenarios(values.quick ? 0.2 : 1)
  const only = values.only?.split(",") ?? []
  const scenarios = pick(all, ({ name }) => only.includes(name))
  const servers = pick(SERVERS, (name) => only.includes(name))
  const names = [...all.map(({ name }) => name), ...SERVERS]
  const unknown = only.filter((name) => !names.includes(name))
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 7))
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  if (unknown.length > 0 || !(rounds >= 1) || !Number.isInteger(seed)) {
    process.stderr.write(`${HELP}\nnames for --only: ${names.join(", ")}\n`)
    process.exitCode = 2
    return
  }
  const began = Date.now()
  const load = (loadavg()[0] ?? 0).toFixed(2)
  const tell = (words: string): void => void process.stderr.write(`${seconds(began)} ${words}\n`)
  const freshRounds = Math.min(rounds, values.quick ? 1 : 3)
  const limit = values.rounds === undefined ? (values.quick ? 28_000 : 180_000) : undefined
  const figures = await measure({ scenarios, servers, rounds, freshRounds, limit, seed, tell })
  const { rows, faults, pinned } = figures

  const { model = "unknown" } = cpus()[0] ?? {}
  const machine = `${model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB`
  const today = new Date().toISOString().slice(0, 10)
  const after = (loadavg()[0] ?? 0).toFixed(2)
  const notes = [
    `${today}, Node ${process.versions.node}, ${machine}, ${type()} ${release()}.`,
    `Load average ${load} before, ${after} after; ${figures.rounds} rounds, seed ${seed}, ${seconds(began)}.`,
    pinned ? "Servers on one core, mock and load on another." : "No taskset or one core only: nothing is pinned.",
    CPU_SOURCE ? `CPU from /proc/PID/${CPU_SOURCE}.` : "CPU: n/a, as there is no /proc here.",
  ]
  const text = `${notes.slice(0, 2).join("\n")}\n${notes.slice(2).join(" ")}\n\n${toTable(rows)}`
  process.stdout.write(`\n${text}\n`)
  for (const fault of faults) process.stdout.write(`wrong: ${fault}\n`)
  const json = { notes, seed, rows: rows.map(toJson), faults }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(json, null, 2)}\n`)
  if (values.write) writePage(text)
  if (faults.length > 0 || rows.some((row) => verdictOf(row) === "over")) process.exitCode = 1
}

/** Those that are named, or all when none is. */
function pick<T>(items: readonly T[], named: (item: T) => boolean): readonly T[] {
  const found = items.filter(named)
  return found.length > 0 ? found : items
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(0)} s`
}
