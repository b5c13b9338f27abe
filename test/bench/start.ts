/** A start: the CPU it takes until a server listens, and the memory of one that nobody has asked anything yet. */
import { setTimeout as sleep } from "node:timers/promises"
import { openPool, run, type Task } from "./load.ts"
import { cpuOf, rssOf } from "./meter.ts"
import type { Running } from "./processes.ts"
import type { Turns } from "./rows.ts"
import type { Turn } from "./scenarios.ts"
import type { ServerName } from "./servers.ts"

/** One after the other, as they would take each other's core. What has started must answer, or it has not. */
export async function measureStart(
  task: Task,
  names: readonly ServerName[],
  begin: (name: ServerName) => Promise<Running>,
): Promise<Turns> {
  const started: { readonly name: ServerName; readonly server: Running; readonly cpu: number | undefined }[] = []
  for (const name of names) {
    const server = await begin(name)
    started.push({ name, server, cpu: cpuOf(server.pid) })
  }
  await sleep(1000)
  const turns = started.map(async ({ name, server, cpu }): Promise<[ServerName, Turn]> => {
    const rss = rssOf(server.pid)
    const pool = openPool(server.url, task.together)
    const outcome = await run(pool, task)
    await pool.destroy()
    await server.stop()
    return [name, { outcome, cpu, rss }]
  })
  return new Map(await Promise.all(turns))
}
