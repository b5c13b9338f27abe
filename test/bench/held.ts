/** Streams that are held open and hardly say a word: what memory each takes, and whether any event is lost. */
import { setTimeout as sleep } from "node:timers/promises"
import { connect, openPool, run, type Task } from "./load.ts"
import { rssOf } from "./meter.ts"
import type { Running } from "./processes.ts"
import { TINY, toBody } from "./request.ts"
import type { Turns } from "./rows.ts"
import type { Turn } from "./scenarios.ts"
import type { ServerName } from "./servers.ts"

/**
 * On fresh servers, as memory that was used before hides what is used now; all of them at once, as they hardly
 * compute. Memory is read when every stream has been open for two of its events, and none has ended.
 */
export async function measureHeld(
  task: Task,
  names: readonly ServerName[],
  begin: (name: ServerName) => Promise<Running>,
): Promise<Turns> {
  const turns = await Promise.all(
    names.map(async (name): Promise<[ServerName, Turn]> => {
      const server = await begin(name)
      const pool = openPool(server.url, task.together)
      await loadCode(pool, task)
      const idle = rssOf(server.pid)
      const running = run(pool, task)
      await sleep(task.together * task.stagger + task.order.every * 2 - 500)
      const full = rssOf(server.pid)
      const outcome = await running
      await pool.destroy()
      await server.stop()
      const rss = idle === undefined || full === undefined ? undefined : full - idle
      return [name, { outcome, cpu: undefined, rss }]
    }),
  )
  return new Map(turns)
}

/** A few streams, so that what is loaded and compiled once is no stream's memory. */
async function loadCode(pool: Parameters<typeof run>[0], task: Task): Promise<void> {
  for (let n = 0; n < 3; n++) await connect(pool, 20)
  const order = { ...task.order, every: 10 }
  await run(pool, { ...task, order, body: toBody(TINY, order), requests: 20, together: 20 })
  await sleep(300)
}
