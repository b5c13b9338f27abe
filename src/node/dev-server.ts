/**
 * `npm run dev`: listhen on the address of the config. Sources, plugins, the config and `.env` are watched; an edit
 * is in effect with the next request. listhen's own command knows neither the address nor those last two.
 */
import { existsSync, watch } from "node:fs"
import { basename, extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { createDevServer, listen } from "listhen"
import { devState } from "./dev-state.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const WATCHED = new Set([".ts", ".mts", ".js", ".mjs", ".yaml", ".yml"])
/** Milliseconds; editors write a file in several steps, and each of them is an event. */
const QUIET = 50

const state = devState()
state.ownServer = true
const dev = await createDevServer(join(ROOT, "src/dev.ts"), { cwd: ROOT, staticDirs: [] })
await dev.reload(true)
if (state.opened) {
  const { settings, folder, announce } = state.opened
  const { host, port } = settings.server
  const { url } = await listen(dev.nodeListener, { hostname: host, port, showURL: false })
  announce(url.replace(/\/$/, ""))
  reloadOnEdits([join(ROOT, "src"), join(ROOT, "plugins"), folder, join(folder, "plugins")])
} else {
  process.exitCode = 1 // listhen has said why
}

function reloadOnEdits(folders: readonly string[]): void {
  let timer: NodeJS.Timeout | undefined
  for (const folder of new Set(folders.filter((folder) => existsSync(folder)))) {
    // The config's folder may be a home folder: what is below it is not looked at.
    watch(folder, { recursive: folder === folders[0] }, (_, file) => {
      if (!file || !(WATCHED.has(extname(file)) || basename(file) === ".env")) return
      clearTimeout(timer)
      timer = setTimeout(() => void dev.reload(), QUIET)
    })
  }
}
