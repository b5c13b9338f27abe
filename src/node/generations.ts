/**
 * The proxy of the moment. An edit of the config, of `.env` or of a plugin makes a new one beside the one that runs:
 * requests that come from then on are its own, answers that run stay with the one they began with, and that is closed
 * when the last of them has ended. An edit that cannot be used changes nothing and is told in one line.
 */
import { existsSync, watch, type FSWatcher } from "node:fs"
import { basename, dirname, extname, join, resolve } from "node:path"
import { openProxy, type Opened, type OpenOptions } from "./open.ts"
import { firstLine } from "./start-error.ts"

/** Milliseconds; editors write a file in several steps, and each of them is an event. */
const QUIET = 100

const PLUGIN_FILES = new Set([".ts", ".mts", ".js", ".mjs"])

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
  close(): Promise<void>
}

/** @throws {StartError} when the first one cannot start as it is told to. */
export async function openGenerations(options: OpenOptions): Promise<Generations> {
  const first = await openProxy(options)
  let current: Generation = { opened: first, number: 1, running: 0 }
  let read = 1 // how often. Not the number: what a refused edit has imported is not imported anew under the same word
  const alive = new Set([current]) // not closed yet; a storage that two of them share is not closed with the first
  let reloading: Promise<void> = Promise.resolve()
  const closing = new Set<Promise<void>>()

  const retire = (old: Generation): void => {
    if (old === current || old.running > 0) return
    alive.delete(old)
    const { storage } = old.opened
    const shared = [...alive].some(({ opened }) => opened.storage === storage)
    const close = async (): Promise<void> => {
      await old.opened.close(shared ? storage : undefined)
      current.opened.log.debug("closed an earlier config", { generation: old.number })
    }
    const closed = close()
    closing.add(closed)
    void closed.finally(() => closing.delete(closed))
  }
  const reload = async (): Promise<void> => {
    const old = current
    const { log, storage, key } = old.opened
    const number = old.number + 1
    const fresh = `read=${++read}`
    try {
      const opened = await openProxy({ ...options, storage, fresh, ...(key && { spareKey: key }) })
      current = { opened, number, running: 0 }
      alive.add(current)
      opened.log.info("reloaded", { generation: number, running: old.running })
      tellAddress(first, opened)
      retire(old)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      log.error("not reloaded, the config before stays", { error: message.replaceAll("\n", "; ") })
    }
  }
  const again = (): Promise<void> => (reloading = reloading.then(reload))
  const watching = watchFiles(first, again)
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
    async close() {
      watching.close()
      await reloading
      await Promise.all(closing)
      await current.opened.close()
    },
  }
}

function tellAddress({ settings: before }: Opened, { settings: { server }, log }: Opened): void {
  const { host, port } = before.server
  if (server.host !== host || server.port !== port) log.warn("server.host and server.port take effect at the next start")
}

/** Looks after the files a start reads. Folders are watched, not files: many editors put a new file in the old one's place. */
function watchFiles({ file, cwd, folder, log }: Opened, then: () => Promise<void>): { close(): void } {
  const watchers = new Map<string, FSWatcher>()
  const plugins = join(folder, "plugins")
  let timer: ReturnType<typeof setTimeout> | undefined
  const concerns = (where: string, name: string): boolean => {
    if (where === plugins) return PLUGIN_FILES.has(extname(name))
    const path = resolve(where, name)
    // Kubernetes changes a mounted config by moving the link `..data`.
    return path === file || path === plugins || name === ".env" || name === "..data"
  }
  const add = (where: string): void => {
    if (watchers.has(where) || !existsSync(where)) return
    try {
      const watcher = watch(where, (_, name) => {
        if (name === null || !concerns(where, basename(name))) return
        clearTimeout(timer)
        timer = setTimeout(() => {
          add(plugins) // it may have been made just now
          void then()
        }, QUIET)
      })
      watcher.on("error", (error) => log.warn("a folder is not watched any more", { folder: where, error: firstLine(String(error)) }))
      watchers.set(where, watcher)
    } catch (error) {
      log.warn("a folder cannot be watched; send SIGHUP after an edit", { folder: where, error: firstLine(String(error)) })
    }
  }
  for (const where of new Set([cwd, dirname(file), plugins])) add(where)
  return {
    close() {
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}
