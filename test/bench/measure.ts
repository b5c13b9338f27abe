/**
 * The rounds: every server has its turn at every scenario in every round, in an order that is drawn anew, so that
 * whatever else the machine does meets all of them alike.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Pool } from "undici"
import { measureHeld } from "./held.ts"
import { connect, openPool, run, type Outcome } from "./load.ts"
import { takeCores, cpuOf } from "./meter.ts"
import { startMock, startServer, type Running, type ServerName } from "./processes.ts"
import { toGrowth, toRows, type Row } from "./rows.ts"
import type { Cell, Scenario } from "./scenarios.ts"
import { createRandom, shuffle } from "./stats.ts"

export interface Plan {
  readonly scenarios: readonly Scenario[]
  readonly servers: readonly ServerName[]
  readonly rounds: number
  /** Rounds of held streams, which take longest. */
  readonly heldRounds: number
  /** Milliseconds in which rounds may be begun; without it all of them are. */
  readonly limit: number | undefined
  readonly seed: number
  /** Hears what is being done. */
  readonly tell: (words: string) => void
}

export interface Figures {
  readonly rows: readonly Row[]
  /** How many there were. */
  readonly rounds: number
  /** Answers that were wrong, and whose. */
  readonly faults: readonly string[]
  /** Whether servers, and mock with load, had a core each. */
  readonly pinned: boolean
}

/** Where a load goes: a server, or the mock itself, whose CPU is nobody's concern. */
interface Way {
  readonly name: ServerName | "direct"
  readonly pool: Pool
  readonly pid: number | undefined
}

export async function measure({ scenarios, servers, rounds, heldRounds, limit, seed, tell }: Plan): Promise<Figures> {
  const began = Date.now()
  const cores = takeCores()
  const random = createRandom(seed)
  const faults: string[] = []
  const rows = new Map(scenarios.map((scenario) => [scenario, toRows(scenario)]))
  const note = (scenario: Scenario, cells: ReadonlyMap<ServerName, Cell>): void => {
    for (const [name, cell] of cells) {
      for (const fault of new Set(cell.outcome.faults)) faults.push(`${scenario.name}, ${name}: ${fault}`)
      rows.get(scenario)?.forEach((row, n) => {
        const right = cell.outcome.faults.length === 0 || scenario.held
        row.values[name].push((right ? scenario.metrics[n]?.read(cell) : undefined) ?? Number.NaN)
      })
    }
  }
  const mock = await startMock(cores?.load)
  const begin = (name: ServerName): Promise<Running> => startServer(name, mock.url, cores?.server)

  const running = await Promise.all(servers.map(async (name) => ({ name, server: await begin(name) })))
  const most = Math.max(...scenarios.map(({ task, held }) => (held ? 1 : task.together)))
  const ways = running.map(({ name, server }): Way => ({ name, pool: openPool(server.url, most), pid: server.pid }))
  const direct: Way = { name: "direct", pool: openPool(mock.url, most), pid: undefined }
  const turns = scenarios.filter(({ held }) => !held)
  for (const scenario of turns) {
    tell(`warming up: ${scenario.name}`)
    for (const way of [...ways, ...(scenario.direct ? [direct] : [])]) await take(way, scenario)
  }
  let done = 0
  let took = 0 // milliseconds of the last round
  const isTime = (): boolean => limit === undefined || done === 0 || Date.now() - began + took < limit
  while (done < rounds && isTime()) {
    const since = Date.now()
    for (const scenario of shuffle(turns, random)) {
      tell(`round ${done + 1} of ${rounds}: ${scenario.name}`)
      note(scenario, await takeTurns(shuffle([...ways, ...(scenario.direct ? [direct] : [])], random), scenario))
    }
    took = Date.now() - since
    done++
  }
  await Promise.all([...ways, direct].map(({ pool }) => pool.destroy()))
  await Promise.all(running.map(({ server }) => server.stop()))

  for (const scenario of scenarios.filter(({ held }) => held)) {
    for (let round = 1; round <= heldRounds; round++) {
      tell(`round ${round} of ${heldRounds}: ${scenario.name}`)
      note(scenario, await measureHeld(scenario.task, shuffle(servers, random), begin))
    }
  }
  await mock.stop()
  const all = [...rows.values()].flat()
  return { rows: [...all, ...toGrowth(all, scenarios)], rounds: done, faults, pinned: cores !== undefined }
}

/** One after the other. */
async function takeTurns(ways: readonly Way[], scenario: Scenario): Promise<ReadonlyMap<ServerName, Cell>> {
  const taken = new Map<Way["name"], Awaited<ReturnType<typeof take>>>()
  for (const way of ways) taken.set(way.name, await take(way, scenario))
  const cells = new Map<ServerName, Cell>()
  for (const [name, turn] of taken) {
    if (name !== "direct") cells.set(name, { task: scenario.task, direct: taken.get("direct")?.outcome, ...turn })
  }
  return cells
}

async function take({ pool, pid }: Way, { task }: Scenario): Promise<{ outcome: Outcome; cpu: number | undefined }> {
  await connect(pool, task.together)
  const before = pid === undefined ? undefined : cpuOf(pid)
  const outcome = await run(pool, task)
  await sleep(20) // what a server still does behind its answers is its cost too
  const after = pid === undefined ? undefined : cpuOf(pid)
  return { outcome, cpu: before === undefined || after === undefined ? undefined : after - before }
}
