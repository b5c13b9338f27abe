import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { DEMO, folderOf, start } from "./_start.ts"

/** A backend that begins each answer, and goes on when told to. */
const waiting: ServerResponse[] = []
const backend = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "begun" } }] })}\n\n`)
  waiting.push(response)
})
await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve))
afterAll(() => {
  backend.closeAllConnections()
  backend.close()
})
const SLOW = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/v1`

const KEY = "sk-reload"
const configOf = (model: string, rest = "") => `models:
  ${model}: { backend: b, model: m }
backends:
  b: { base_url: "${SLOW}" }
${rest}`

const headers = { "x-api-key": KEY, "content-type": "application/json" }

async function modelsOf(url: string): Promise<readonly string[]> {
  const { data } = await (await fetch(`${url}/v1/models`, { headers })).json()
  return data.map(({ id }: { id: string }) => id)
}

async function serverIn(files: Readonly<Record<string, string>>) {
  const folder = await folderOf(files)
  const { until, output, child } = start(folder, { PROXY_API_KEY: KEY, LOG_LEVEL: "debug" })
  await until("listening url=")
  const url = /listening url=(\S+)/.exec(output.err)?.[1] ?? ""
  const edit = (name: string, text: string) => writeFile(join(folder, name), text)
  return { folder, until, output, child, url, edit }
}

/** A plugin whose answers say so. */
const tells = (header: string, closes = "") => `import { definePlugin, defineStage } from "llm-proxy"
export default definePlugin({
  name: "own",
  setup: (_, { log }) => ({
    stages: [defineStage({ name: "own", before: "auth", async run(context, next) {
      context.head.set("x-own", "${header}")
      return next(context)
    } })],
    close: () => { log.info("${closes || "closed"}") },
  }),
})
`

test("an edit is in effect for the next request, and a stream that runs ends as it began", async () => {
  const { url, edit, until } = await serverIn({ "config.yaml": configOf("first", "plugins: [own]\n"), "plugins/own.ts": tells("one", "closed one") })
  const body = JSON.stringify({ model: "first", max_tokens: 9, stream: true, messages: [{ role: "user", content: "Hi" }] })
  const stream = await fetch(`${url}/v1/messages`, { method: "POST", headers, body })
  await edit("config.yaml", configOf("second", "plugins: [own]\n"))
  await until("reloaded generation=2 running=1")
  expect(await modelsOf(url)).toEqual(["second"])
  waiting.splice(0).forEach((response) => response.end(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`))
  expect((await stream.text()).trimEnd().endsWith('event: message_stop\ndata: {"type":"message_stop"}')).toBe(true)
  await until("closed one")
})

test("an edit of a plugin, and of .env, is in effect too", async () => {
  const { url, edit, until } = await serverIn({ "config.yaml": `${DEMO}plugins: [own]\n`, "plugins/own.ts": tells("one") })
  const said = async () => (await fetch(`${url}/health`)).headers.get("x-own")
  const own = async () => (await fetch(`${url}/v1/models`, { headers })).headers.get("x-own")
  expect([await said(), await own()]).toEqual([null, "one"])
  await edit("plugins/own.ts", tells("two"))
  await until("reloaded generation=2")
  expect(await own()).toBe("two")
  await edit(".env", "LOG_LEVEL=silent\n")
  await until("reloaded generation=3")
})

test("an edit that cannot be used changes nothing and is one line", async () => {
  const { url, edit, until, output } = await serverIn({ "config.yaml": configOf("first") })
  await edit("config.yaml", "models: {}\nbackends: [\n")
  await until("not reloaded")
  expect(await modelsOf(url)).toEqual(["first"])
  const lines = output.err.split("\n").filter((line) => line.includes("not reloaded"))
  expect(lines).toEqual([expect.stringMatching(/error.*not reloaded, the config before stays error="config\.yaml:3:1 /)])
  await edit("config.yaml", configOf("mended"))
  await until("reloaded generation=2")
  expect(await modelsOf(url)).toEqual(["mended"])
})

test("a plugin that is mended after an edit that was refused runs as it is now, not as it was then", async () => {
  const { url, edit, until } = await serverIn({ "config.yaml": configOf("first", "plugins: [own]\n"), "plugins/own.ts": tells("one") })
  await edit("plugins/own.ts", tells("two").replace("setup: (", 'setup: () => { throw new Error("no luck") }, other: ('))
  await until("plugin own: no luck")
  await edit("plugins/own.ts", tells("three"))
  await until("reloaded generation=2")
  expect((await fetch(`${url}/v1/models`, { headers })).headers.get("x-own")).toBe("three")
})

test("a config that is gone for a moment is the one before", async () => {
  const { url, folder, edit, until } = await serverIn({ "config.yaml": configOf("first") })
  await rm(join(folder, "config.yaml"))
  await until("not reloaded")
  await edit("config.yaml", configOf("back"))
  await until("reloaded generation=2")
  expect(await modelsOf(url)).toEqual(["back"])
})

test("SIGHUP reads everything anew, and the key made for the run stays", async () => {
  const folder = await folderOf({ "config.yaml": configOf("first") })
  const { until, output, child } = start(folder, { LOG_LEVEL: "debug" })
  await until("listening url=")
  child.kill("SIGHUP")
  await until("reloaded generation=2")
  expect(output.out + output.err).not.toContain("was made for this run\n  export PROXY_API_KEY=sk-proxy-\n")
  expect(output.err.match(/was made for this run/g)?.length ?? 0).toBe(1)
})
