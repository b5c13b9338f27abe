/** Looks after the files a start reads: the config, `.env`, plugins. */
import { existsSync, watch, type FSWatcher } from "node:fs"
import { basename, dirname, extname, join, resolve } from "node:path"
import type { Opened } from "./open.ts"
import { firstLine } from "./start-error.ts"

/** Milliseconds; editors write a file in several steps, and each of them is an event. */
const QUIET = 100

const PLUGIN_FILES = new Set([".ts", ".mts", ".js", ".mjs"])

/** Folders are watched, not files: many editors put a new file in the old one's place. */
export function watchFiles(
  { file, cwd, folder, log }: Pick<Opened, "file" | "cwd" | "folder" | "log">,
  then: () => Promise<void>,
): { close(): void } {
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
