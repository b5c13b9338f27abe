import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { DEMO, folderOf, start } from "./_start.ts"

/** What a server loads: a start costs by the file, so that what a config does not ask for stays where it is. */

/** Writes every address that was loaded, and where compiled code is kept, to standard error when the process ends. */
const TELL = `
import { getCompileCacheDir, registerHooks } from "node:module"
const loaded = []
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
process.on("exit", () => process.stderr.write("loaded:" + JSON.stringify({ loaded, kept: getCompileCacheDir() }) + "\\n"))
`
const HOOK = `--import data:text/javascript,${encodeURIComponent(TELL)}`

interface Told {
  readonly loaded: readonly string[]
  readonly kept?: string
}

async function startWith(config: string, env: Readonly<Record<string, string>> = {}): Promise<Told> {
  const cwd = await folderOf({ "config.yaml": config })
  const server = start(cwd, { NODE_OPTIONS: HOOK, PROXY_API_KEY: "sk-test", LOG_LEVEL: "info", ...env })
  await server.until("listening")
  server.child.kill("SIGTERM")
  const { err } = await server.ended
  const [, told = ""] = /^loaded:(.*)$/m.exec(err) ?? []
  const { loaded, ...rest } = JSON.parse(told) as Told
  return { loaded: loaded.filter((url) => url.startsWith("file:")), ...rest }
}

/** The packages among them. */
function packagesIn(urls: readonly string[]): string[] {
  const names = urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [])
  return [...new Set(names)].toSorted()
}

test("a server that nothing was asked of loads what serves, and no command, plugin, driver or tool", async () => {
  const { loaded: urls } = await startWith(DEMO)
  const idle = [
    /\/plugins\//,
    /\/src\/(testing|node\/commands|node\/workers)\//,
    /\/src\/(dev|nitro|nuxt)\.ts$/,
    /\/src\/node\/(command|command-\w+|config-schema|dev-\w+)\.ts$/,
    /\/unstorage\/drivers\//,
    /\/undici\/(index\.js$|lib\/(api|cache|cookies|interceptor|mock|web)\/)/,
  ]
  const own = /\/src\/node\/command-line\.ts$/ // tells whether it is asked to serve
  expect(urls.filter((url) => !own.test(url) && idle.some((pattern) => pattern.test(url)))).toEqual([])
  expect(packagesIn(urls)).toEqual([
    "@noble/ciphers",
    "defu",
    "destr",
    "eventsource-parser",
    "h3",
    "rou3",
    "srvx",
    "undici",
    "unstorage",
    "valibot",
    "yaml",
  ])
})

test("a plugin and a driver that are named are loaded, and their like are not", async () => {
  const { loaded: urls } = await startWith(`${DEMO}plugins: [log]\nstorage: { log: { driver: fs, base: ./kept } }\n`)
  const names = urls.flatMap((url) => /\/(?:plugins|unstorage\/drivers)\/.*$/.exec(url)?.[0] ?? [])
  const driver = ["fs.mjs", "utils/index.mjs", "utils/node-fs.mjs"].map((name) => `/unstorage/drivers/${name}`)
  expect(names.toSorted()).toEqual(["/plugins/log.ts", ...driver])
})

test("compiled code is kept where nobody can write who cannot change the program, or where the user says", async () => {
  const own = join(import.meta.dirname, "../../node_modules/.cache/llm-proxy")
  expect(dirname((await startWith(DEMO)).kept ?? "")).toBe(own)
  const elsewhere = await folderOf({})
  expect(dirname((await startWith(DEMO, { NODE_COMPILE_CACHE: elsewhere })).kept ?? "")).toBe(elsewhere)
  expect((await startWith(DEMO, { NODE_DISABLE_COMPILE_CACHE: "1" })).kept).toBeUndefined()
})
