/**
 * Edits that cannot be used. Faults of the list, and what must hold:
 *
 * | Fault | |
 * | --- | --- |
 * | 15 bad YAML, a missing variable, a wrong option, half a file, none at all | the config before stays, one clear line, readiness as it was, no request fails |
 *
 * That an edit in time is seen, and what becomes of streams, is in `node/reload.test.ts`; two hundred edits under
 * fifty streams are in `node/reload-loop.test.ts`.
 */
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { KEY, serveFiles, type Served } from "./_wire.ts"

const configOf = (model: string, rest = ""): string => `models:
  ${model}: { backend: b, model: m }
backends:
  b: { base_url: "demo:" }
${rest}`

const PLUGINS = {
  "plugins/breaks.ts": 'throw new Error("no tea")\n',
  "plugins/fails.ts": `import { definePlugin } from "llm-proxy"\nexport default definePlugin({ name: "fails", setup() { throw new Error("no tea") } })\n`,
}

const headers = { "x-api-key": KEY, "content-type": "application/json" }
const body = JSON.stringify({ model: "first", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] })

let server: Served
let failed = 0 // requests that were not answered 200
let asked = 0
const over = new AbortController()
let load: Promise<unknown>

beforeAll(async () => {
  server = await serveFiles({ "config.yaml": configOf("first"), ...PLUGINS }, { watch: false })
  const ask = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { status } = await fetch(`${server.url}/v1/messages`, { method: "POST", headers, body })
      asked++
      if (status !== 200) failed++
    }
  }
  load = Promise.all([ask(), ask(), ask()])
})
afterAll(async () => {
  over.abort()
  await load
  await server.close()
})

async function ready(): Promise<unknown> {
  return (await fetch(`${server.url}/health/ready`, { headers })).json()
}

/** Everything that was said about edits that were refused. */
function refusals(): string[] {
  return server.lines().flatMap((line) => /not reloaded, the config before stays error=(.*)$/.exec(line)?.[1] ?? [])
}

const whole = configOf("second", "server: { ping: 5 }\n")

test.each<[string, string | undefined, string]>([
  ["bad YAML", "models: {}\nbackends: [\n", "config.yaml:3:1 Flow sequence in block collection must be sufficiently indented and end with a ]"],
  ["a wrong option", configOf("second", "server: { pong: 5 }\n"), "config.yaml:5:11 server.pong: unknown option; allowed: "],
  ["a wrong value", configOf("second", "server: { ping: never }\n"), "config.yaml:5:11 server.ping: must be a number of seconds"],
  ["a variable that is not set", configOf("second", 'keys: [{ name: a, key: "${NOT_SET}" }]\n'), "config.yaml:5:19 keys.0.key: the environment variable NOT_SET is not set"],
  ["a backend that is not there", whole.replace("backend: b", "backend: c"), 'config.yaml:2:13 models.second.backend: there is no backend \\"c\\"; there is b'],
  ["half a file", whole.slice(0, whole.indexOf("base_url") + 12), "config.yaml:4:20 Missing closing \\\"quote"],
  ["a file cut before its backends", whole.slice(0, whole.indexOf("backends")), "config.yaml:1:1 backends: is missing"],
  ["an empty file", "", "config.yaml: is empty; it needs at least models and backends"],
  ["zeros, as after a crash of the disk", "\0".repeat(64), "config.yaml:1:1 the config: must be a mapping with models"],
  ["a file that is too large", `#${"x".repeat(1_100_000)}`, "config.yaml: is larger than 1048576 bytes, and no config is"],
  ["no file", undefined, "config.yaml: no such file or folder"],
  ["a plugin that is not there", configOf("second", "plugins: [nope]\n"), 'config.yaml:5:11 plugins.0: there is no plugin \\"nope\\"; there is '],
  ["a plugin that breaks", configOf("second", "plugins: [breaks]\n"), "plugins/breaks.ts: no tea"],
  ["a plugin that fails", configOf("second", "plugins: [fails]\n"), "llm-proxy: plugin fails: no tea"],
])("%s is told in one line, and the config before stays", async (_, text, words) => {
  const before = refusals().length
  if (text === undefined) await rm(join(server.folder, "config.yaml"))
  else await writeFile(join(server.folder, "config.yaml"), text)
  await server.reload()
  const said = refusals().slice(before)
  expect(said).toHaveLength(1)
  expect(said[0]).toContain(words)
  expect(await ready()).toEqual({ status: "ready", generation: 1, backends: { b: { ready: true, reason: null } } })
})

test("a folder in the config's place is told, and an edit that can be used is in effect after all of these", async () => {
  const path = join(server.folder, "config.yaml")
  await rm(path, { force: true })
  await mkdir(path)
  await server.reload()
  expect(refusals().at(-1)).toContain("config.yaml: is a folder, not a file")
  await rm(path, { recursive: true })
  await writeFile(path, `${configOf("first")}keys: [{ name: second, key: k-second }]\n`)
  await server.reload()
  expect(await ready()).toMatchObject({ status: "ready" })
  const second = await fetch(`${server.url}/v1/models`, { headers: { "x-api-key": "k-second" } })
  expect(second.status).toBe(200)
  const steps = (): string[] => server.lines().filter((line) => line.includes("generation=")).slice(-3)
  await expect.poll(() => steps().map((line) => line.replace(/running=\d/, "running="))).toEqual([
    "info  reloading generation=2",
    "info  reloaded generation=2 running=",
    "info  closed an earlier config generation=1",
  ])
  expect([failed, asked > 0]).toEqual([0, true])
})

test("what is decided at the start takes effect at the next one, and that is said", async () => {
  await writeFile(join(server.folder, "config.yaml"), configOf("first", "server: { port: 1, timeout: { idle: 5 }, max_connections: 9 }\n"))
  await server.reload()
  expect(server.lines().filter((line) => line.includes("at the next start"))).toEqual([
    'warn  takes effect at the next start changed="server.max_connections, server.timeout"',
  ]) // the port is PORT's
})
