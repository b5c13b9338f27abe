/**
 * Serves with several processes (`server.workers`). This one reads the config, hands connections out in turn, watches
 * the files, and holds what the workers have together; requests are theirs.
 */
import cluster from "node:cluster"
import type { Log } from "../../log.ts"
import { readBasis, type Basis } from "../basis.ts"
import { tellFixed, tellRefused } from "../generations.ts"
import { TERMINAL, toStartError, type OpenOptions } from "../open.ts"
import type { RunningServer } from "../server.ts"
import { StartError } from "../start-error.ts"
import { watchFiles } from "../watch-files.ts"
import { createExchange } from "./exchange.ts"
import { freePort } from "./free-port.ts"
import { holdStorage } from "./held-storage.ts"
import { setUpCluster } from "./member.ts"
import { createTeam, wordsOf } from "./team.ts"

/**
 * @param basis Of the first config; what a worker cannot do with it is told once, and ends them all.
 * @throws {StartError} when it cannot start as it is told to.
 */
export async function startWorkers(options: OpenOptions, basis: Basis, size: number): Promise<RunningServer> {
  try {
    return await open(options, basis, size)
  } catch (error) {
    basis.close()
    throw toStartError(error, basis.mask)
  }
}

async function open(options: OpenOptions, first: Basis, size: number): Promise<RunningServer> {
  if (!cluster.isPrimary) throw new StartError("server.workers: this process is a worker of a cluster already")
  const { terminal = TERMINAL } = options
  const notice = await first.notice()
  const storage = await holdStorage(first)
  const { host, port: wanted } = first.settings.server
  const port = wanted === 0 ? await freePort(host) : wanted
  let current = first
  let generation = 1
  const log = (): Log => current.log
  setUpCluster()
  const { config, env, cwd } = options
  const team = createTeam({
    size,
    orders: () => ({ config, env: env && { ...env }, cwd, key: current.key, host, port }),
    calls: storage.calls,
    exchange: createExchange(log),
    log,
  })
  const { url, plugins } = await team.start()
  /** The first worker that takes the config is the sign for the others. */
  const reload = async (): Promise<void> => {
    log().info("reloading", { generation: generation + 1 })
    let next: Basis | undefined
    try {
      const { key } = current
      next = await readBasis({ ...options, ...(key && { spareKey: key }) }, terminal)
      await next.notice()
      const kept = await storage.renew(next)
      let running = 0
      for (const [n, member] of team.members.entries()) {
        try {
          running += (await member.peer.ask("reload", [next.key])).running
        } catch (error) {
          if (n === 0) {
            await kept.drop()
            throw error
          }
          log().error("a worker has the config before", { worker: member.number, error: wordsOf(error) })
        }
      }
      await kept.use()
      current.close()
      current = next
      log().info("reloaded", { generation: ++generation, running, workers: size })
      tellFixed(first, next)
    } catch (error) {
      next?.close()
      tellRefused(log(), error)
    }
  }
  const restart = async (): Promise<void> => {
    log().info("replacing all workers", { workers: size })
    try {
      await team.renew()
      log().info("replaced all workers", { workers: size })
    } catch (error) {
      log().error("not replaced, the workers before stay", { error: wordsOf(error) })
    }
  }
  let busy: Promise<void> = Promise.resolve()
  const inTurn = (then: () => Promise<void>): Promise<void> => (busy = busy.then(then))
  const watching = options.watch === false ? undefined : watchFiles(first, () => inTurn(reload))
  first.announce(url, plugins, notice)
  log().info("listening", { url, workers: size })

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    watching?.close()
    await team.close(current.settings.server.drain)
    await storage.close()
    log().info("stopped")
    current.close()
  }
  return {
    url,
    get log() {
      return log()
    },
    reload: () => inTurn(reload),
    restart: () => inTurn(restart),
    close: () => (closing ??= close()),
    kill: () => team.kill(),
  }
}
