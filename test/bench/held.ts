/** Streams that are held open and hardly say a word: what memory each takes, and whether any event is lost. */
import { setTimeout as sleep } from "node:timers/promises"
import { connect, openPool, run, type Task } from "./load.ts"
import { rssOf } from "./meter.ts"
import type { Running, ServerName } from "./processes.ts"
import type { Cell } from "./scenarios.ts"

/**
 * On fresh servers, as memory that was used before hides what is used now; all of them at once, as they hardly
 * compute. Memory is read when every stream has been open for two of its events, and none has ended.
 */
export async function measureHeld(
  task: Task,
  names: readonly ServerName[],
  begin: (name: ServerName) => Promise<Running>,
): Promise<ReadonlyMap<ServerName, Cell>> {
  const cells = await Promise.all(
    names.map(async (name): Promise<[ServerName, Cell]> => {
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
      return [name, { task, outcome, direct: undefined, cpu: undefined, rss }]
    }),
  )
  return new Map(cells)
}

/** A few streams, so that what is loaded and compiled once is no stream's memory. */
async function loadCode(pool: Parameters<typeof run>[0], task: Task): Promise<void> {
  for (let n = 0; n < 3; n++) await connect(pool, 20)
  await run(pool, { ...task, requests: 20, together: 20 })
  await sleep(300)
}
