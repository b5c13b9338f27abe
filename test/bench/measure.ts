/**
 * The rounds: every server has its turn at every scenario in every round, in an order that is drawn anew, so that
 * whatever else the machine does meets all of them alike.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Pool } from "undici"
import { measureHeld } from "./held.ts"
import { connect, openPool, run } from "./load.ts"
import { takeCores, cpuOf } from "./meter.ts"
import { buildServers, startMock, startServer, type Running } from "./processes.ts"
import { toFaults, toGrowth, toRows, withPlugins, type Row, type Turns } from "./rows.ts"
import type { Scenario, Turn } from "./scenarios.ts"
import type { ServerName } from "./servers.ts"
import { measureStart } from "./start.ts"
import { createRandom, shuffle } from "./stats.ts"

export interface Plan {
  readonly scenarios: readonly Scenario[]
  readonly servers: readonly ServerName[]
  readonly rounds: number
  /** Rounds on fresh servers, which take longest. */
  readonly freshRounds: number
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

export async function measure(plan: Plan): Promise<Figures> {
  const { scenarios, servers, freshRounds, seed, tell } = plan
  const cores = takeCores()
  const random = createRandom(seed)
  const mock = await startMock(cores?.load)
  const begin = (name: ServerName): Promise<Running> => startServer(name, mock.url, cores?.server)
  const held = ({ task }: Scenario, names: readonly ServerName[]): Promise<Turns> => measureHeld(task, names, begin)
  const started = async ({ task }: Scenario, names: readonly ServerName[]): Promise<Turns> => {
    const program = await buildServers(mock.url, cores?.server)
    return measureStart(task, names, (name) => startServer(name, mock.url, cores?.server, program))
  }
  const turns = new Map<Scenario, Turns[]>(scenarios.map((scenario) => [scenario, []]))

  const computing = scenarios.filter(({ fresh }) => !fresh)
  const done = computing.length > 0 ? await compute({ ...plan, scenarios: computing }, mock, begin, random, turns) : 0
  for (const scenario of scenarios.filter(({ fresh }) => fresh)) {
    for (let round = 1; round <= freshRounds; round++) {
      tell(`round ${round} of ${freshRounds}: ${scenario.name}`)
      const names = shuffle(serversOf(scenario, servers), random)
      turns.get(scenario)?.push(await (scenario.fresh === "held" ? held(scenario, names) : started(scenario, names)))
    }
  }
  await mock.stop()

  const rows = [...turns].flatMap(([scenario, rounds]) => toRows(scenario, rounds))
  const faults = [...turns].flatMap(([scenario, rounds]) => toFaults(scenario, rounds))
  const all = [...withPlugins(rows, scenarios), ...toGrowth(rows, scenarios)]
  return { rows: all, rounds: done, faults, pinned: cores !== undefined }
}

/** All that is measured in CPU and time. @returns How many rounds there were. */
async function compute(
  { scenarios, servers, rounds, limit, tell }: Plan,
  mock: Running,
  begin: (name: ServerName) => Promise<Running>,
  random: () => number,
  turns: ReadonlyMap<Scenario, Turns[]>,
): Promise<number> {
  const began = Date.now()
  const most = Math.max(...scenarios.map(({ task }) => task.together))
  const running = await Promise.all(servers.map(async (name) => ({ name, server: await begin(name) })))
  const ways = running.map(({ name, server }): Way => ({ name, pool: openPool(server.url, most), pid: server.pid }))
  const direct: Way = { name: "direct", pool: openPool(mock.url, most), pid: undefined }
  const waysOf = (scenario: Scenario): readonly Way[] => {
    const asked: readonly Way["name"][] = serversOf(scenario, servers)
    return [...ways.filter(({ name }) => asked.includes(name)), ...(scenario.direct ? [direct] : [])]
  }

  for (const scenario of scenarios) {
    tell(`warming up: ${scenario.name}`)
    for (const way of waysOf(scenario)) {
      for (let n = 0; n < (scenario.warm ?? 1); n++) await take(way, scenario)
    }
  }
  let done = 0
  let took = 0 // milliseconds of the last round
  const isTime = (): boolean => limit === undefined || done === 0 || Date.now() - began + took < limit
  while (done < rounds && isTime()) {
    const since = Date.now()
    for (const scenario of shuffle(scenarios, random)) {
      tell(`round ${done + 1} of ${rounds}: ${scenario.name}`)
      const taken = new Map<Way["name"], Turn>()
      for (const way of shuffle(waysOf(scenario), random)) taken.set(way.name, await take(way, scenario))
      turns.get(scenario)?.push(taken)
    }
    took = Date.now() - since
    done++
  }
  await Promise.all([...ways, direct].map(({ pool }) => pool.destroy()))
  await Promise.all(running.map(({ server }) => server.stop()))
  return done
}

function serversOf({ plugins }: Scenario, servers: readonly ServerName[]): readonly ServerName[] {
  return servers.filter((name) => plugins || name !== "plugins")
}

async function take({ pool, pid }: Way, { task }: Scenario): Promise<Turn> {
  await connect(pool, task.together)
  const before = pid === undefined ? undefined : cpuOf(pid)
  const outcome = await run(pool, task)
  await sleep(20) // what a server still does behind its answers is its cost too
  const after = pid === undefined ? undefined : cpuOf(pid)
  return { outcome, cpu: before === undefined || after === undefined ? undefined : after - before }
}
