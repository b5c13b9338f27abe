/**
 * The proxy of the moment. An edit of the config, of `.env` or of a plugin makes a new one beside the one that runs:
 * requests that come from then on are its own, answers that run stay with the one they began with, and that is closed
 * when the last of them has ended. An edit that cannot be used changes nothing and is told in one line.
 */
import { isDeepStrictEqual } from "node:util"
import type { Basis } from "./basis.ts"
import { openProxy, type Opened, type OpenOptions } from "./open.ts"
import { watchFiles } from "./watch-files.ts"

/** A proxy, and how many answers it is giving. */
interface Generation {
  readonly opened: Opened
  readonly number: number
  running: number
}

export interface Generations {
  /** Of the config that listens: an address is not changed while it is listened on. */
  readonly first: Opened
  readonly current: Opened
  /** An answer begins: whoever gets the request now is its generation. The function that comes back says it is over. */
  begin(): () => void
  /** Reads everything anew. Settles when that is in effect, or has been refused. */
  reload(): Promise<void>
  /**
   * The same, said to who asks and not to the log.
   *
   * @param spareKey The key to use where none is set any more.
   * @throws whatever it is refused for
   */
  renew(spareKey: string | undefined): Promise<Renewed>
  /** Ends the answers that run, whichever generation's they are, with an error in words. */
  breakOff(): void
  close(): Promise<void>
}

export interface Renewed {
  readonly generation: number
  /** Answers that stay with the config before. */
  readonly running: number
}

/**
 * @param basis What is known already of the first one.
 * @throws {StartError} when the first one cannot start as it is told to.
 */
export async function openGenerations(options: OpenOptions, basis?: Basis): Promise<Generations> {
  const first = await openProxy(options, basis)
  let current: Generation = { opened: first, number: 1, running: 0 }
  let read = 1 // how often. Not the number: what a refused edit has imported is not imported anew under the same word
  const alive = new Set([current]) // not closed yet; a storage that two of them share is not closed with the first
  let reloading: Promise<unknown> = Promise.resolve()
  const closing = new Set<Promise<void>>()

  const retire = (old: Generation): void => {
    if (old === current || old.running > 0) return
    alive.delete(old)
    const { storage } = old.opened
    const shared = [...alive].some(({ opened }) => opened.storage === storage)
    const close = async (): Promise<void> => {
      await old.opened.close(shared ? storage : undefined)
      current.opened.log.info("closed an earlier config", { generation: old.number })
    }
    const closed = close()
    closing.add(closed)
    void closed.finally(() => closing.delete(closed))
  }
  const renew = async (tell: (renewed: Renewed) => void, spare?: string): Promise<Renewed> => {
    const old = current
    const { storage, key = spare } = old.opened
    const generation = old.number + 1
    const fresh = `read=${++read}`
    const opened = await openProxy({ ...options, storage, fresh, generation, ...(key && { spareKey: key }) })
    current = { opened, number: generation, running: 0 }
    alive.add(current)
    const renewed = { generation, running: old.running }
    tell(renewed)
    retire(old)
    return renewed
  }
  const inTurn = <Result>(then: () => Promise<Result>): Promise<Result> => {
    const turn = reloading.then(then)
    reloading = Promise.allSettled([turn])
    return turn
  }
  const reload = async (): Promise<void> => {
    const { log } = current.opened
    log.info("reloading", { generation: current.number + 1 })
    try {
      await renew((renewed) => {
        current.opened.log.info("reloaded", { ...renewed })
        tellFixed(first, current.opened)
      })
    } catch (error) {
      tellRefused(log, error)
    }
  }
  const again = (): Promise<void> => inTurn(reload)
  // Workers are told to by the process that started them.
  const watching = options.worker || options.watch === false ? undefined : watchFiles(first, again)
  return {
    first,
    get current() {
      return current.opened
    },
    begin() {
      const own = current
      own.running++
      return () => {
        own.running--
        retire(own)
      }
    },
    reload: again,
    renew: (spareKey) => inTurn(() => renew(() => {}, spareKey)),
    breakOff() {
      for (const { opened } of alive) opened.proxy.breakOff()
    },
    async close() {
      watching?.close()
      await reloading
      await Promise.all(closing)
      await current.opened.close()
    },
  }
}

/** The options that a server is made with; the others are asked for at each request. */
const FIXED = ["host", "port", "workers", "max_connections", "timeout"] as const

/** What was edited and takes a new start. */
export function tellFixed(first: Pick<Opened, "settings">, { settings, log }: Pick<Opened, "settings" | "log">): void {
  const changed = FIXED.filter((name) => !isDeepStrictEqual(settings.server[name], first.settings.server[name]))
  if (changed.length === 0) return
  log.warn("takes effect at the next start", { changed: changed.map((name) => `server.${name}`).join(", ") })
}

export function tellRefused(log: Opened["log"], error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  log.error("not reloaded, the config before stays", { error: message.replaceAll("\n", "; ") })
}
