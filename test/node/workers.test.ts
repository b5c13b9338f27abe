import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { readFile } from "node:fs/promises"
import { Agent, request } from "undici"
import { afterAll, describe, expect, test, vi } from "vitest"
import { DEMO, folderOf, start } from "./_start.ts"
import { ask, KEY, lives, startWorkers } from "./_workers.ts"

/** A backend that begins each answer, and goes on when told to. */
const waiting: ServerResponse[] = []
const backend = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "begun" } }] })}\n\n`)
  waiting.push(response)
})
backend.listen(0, "127.0.0.1")
await once(backend, "listening")
afterAll(() => {
  backend.closeAllConnections()
  backend.close()
})
const SLOW = `models:
  slow: { backend: b, model: m }
  demo: { backend: demo, model: demo }
backends:
  b: { base_url: "http://127.0.0.1:${(backend.address() as AddressInfo).port}/v1" }
  demo: { base_url: "demo:" }
server: { workers: 2, drain: 20 }
`

const END = 'data: {"type":"message_stop"}'

interface Begun {
  /** Whose answer it is. */
  readonly pid: number
  readonly text: Promise<string>
}

/** Streams over connections of their own, until both workers have one. */
async function beginStreams(url: string): Promise<readonly Begun[]> {
  const body = JSON.stringify({ model: "slow", max_tokens: 9, stream: true, messages: [{ role: "user", content: "Hi" }] })
  const headers = { "x-api-key": KEY, "content-type": "application/json" }
  const begin = async () => {
    const dispatcher = new Agent()
    const answer = await request(`${url}/v1/messages`, { method: "POST", headers, body, dispatcher })
    const text = answer.body.text().catch((error: unknown) => String(error))
    void text.then(() => dispatcher.close())
    return { pid: Number(answer.headers["x-pid"]), text }
  }
  const begun = [await begin(), await begin()]
  while (new Set(begun.map(({ pid }) => pid)).size < 2) begun.push(await begin())
  return begun
}

/** The machine may be busy. */
const soon = <Result>(look: () => Result | Promise<Result>): Promise<Result> => vi.waitFor(look, 20_000)

async function endsOf(streams: readonly Begun[]): Promise<readonly string[]> {
  const texts = await Promise.all(streams.map(({ text }) => text))
  return [...new Set(texts.map((text) => (text.trimEnd().endsWith(END) ? "whole" : "broken off")))]
}

function finishAll(): void {
  const last = JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1 } })
  for (const response of waiting.splice(0)) response.end(`data: ${last}\n\ndata: [DONE]\n\n`)
}

describe("two workers", () => {
  test("both answer on one port, which is told once, and what they keep and count is one", async () => {
    const { url, child, pids, lines, output } = await startWorkers()
    const [first = 0, second = 0, ...more] = await pids()
    expect([first === second, more, [first, second].includes(child.pid ?? 0)]).toEqual([false, [], false])
    const answers = await Promise.all(Array.from({ length: 192 }, () => ask(url)))
    const counts = answers.map(({ headers }) => Number(headers["x-count"])).toSorted((a, b) => a - b)
    expect(counts).toEqual(Array.from({ length: 192 }, (_, n) => n + 9)) // `pids` has asked 8 times
    const share = answers.filter(({ headers }) => Number(headers["x-pid"]) === first).length
    expect(share > 0 && share < 192).toBe(true) // half each on a machine that has nothing else to do
    const kept = new Set(answers.map(({ headers }) => `${headers["x-pid"]} ${headers["x-kept"]}`))
    expect(kept).toContain(`${first} by ${second}`)
    expect([output.out.match(/^LLM Proxy/gm)?.length, lines("listening")]).toEqual([1, [expect.stringContaining("workers=2")]])
  })

  test("a limit holds for all of them together", async () => {
    // Limits are by the minute of the clock.
    await vi.waitFor(() => expect(new Date().getSeconds()).toBeLessThan(50), { timeout: 15_000, interval: 500 })
    const { url } = await startWorkers("plugins:\n  - limit: { default: { requests: 120 } }\n")
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(url)))
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    expect(statuses).toEqual([...Array(120).fill(200), ...Array(80).fill(429)])
  }, 60_000)

  test("a budget on files is one, and outlives them all", async () => {
    const rest = "plugins: [who]\nstorage:\n  default: { driver: fs, base: ./kept }\n"
    const { url, child, ended, folder } = await startWorkers(rest)
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(url)))
    expect(Math.max(...answers.map(({ headers }) => Number(headers["x-count"])))).toBe(50)
    child.kill("SIGTERM")
    expect((await ended).code).toBe(0)
    const counter = JSON.parse(await readFile(join(folder, "kept/plugin/who/counters/n"), "utf8"))
    expect(counter).toEqual({ value: 50, until: expect.any(Number) })
  })

  test("metrics are the sums of all, whichever is asked and whoever has ended since", async () => {
    const { url, child, until, pids } = await startWorkers("plugins: [metrics, who]\n")
    const [killed = 0] = await pids()
    const total = async () => {
      const { text } = await ask(url, "/metrics")
      const samples = [...text.matchAll(/^llm_proxy_(requests_total|duration_seconds_count)\{.*\} (\d+)$/gm)]
      return samples.map(([, name, value]) => `${name} ${value}`)
    }
    const all = (n: number) => [`requests_total ${n}`, `duration_seconds_count ${n}`]
    await soon(async () => expect([await total(), await total()]).toEqual([all(8), all(8)]))
    process.kill(killed, "SIGKILL")
    await until("a worker took its place")
    expect([await total(), await total()]).toEqual([all(8), all(8)])
    await ask(url)
    child.kill("SIGUSR2")
    await until("replaced all workers")
    await soon(async () => expect([await total(), await total()]).toEqual([all(9), all(9)]))
  })
})

describe("a worker that dies", () => {
  test("is replaced, and the answers of the other go on", async () => {
    const { url, until, lines, pids } = await startWorkers("plugins: [who]\n", { "config.yaml": `${SLOW}plugins: [who]\n` })
    const streams = await beginStreams(url)
    const [{ pid: killed } = { pid: 0 }] = streams
    process.kill(killed, "SIGKILL")
    await until("a worker took its place")
    expect(lines("a worker ended")).toEqual([expect.stringMatching(RegExp(` warn  a worker ended worker=\\d pid=${killed} signal=SIGKILL again=0.1s$`))])
    finishAll()
    const ends = await Promise.all(streams.map(async ({ pid, text }) => [pid === killed, (await text).trimEnd().endsWith(END)]))
    expect([...new Set(ends.map(String))].toSorted()).toEqual(["false,true", "true,false"])
    expect((await pids()).length).toBe(2)
  })

  test("again and again is replaced more and more slowly", async () => {
    const dies = `import { definePlugin, defineStage } from "llm-proxy"
export default definePlugin({ name: "dies", setup: () => defineStage({ name: "dies", before: "auth", run: () => process.exit(7) }) })
`
    const { url, lines } = await startWorkers("plugins: [dies]\n", { "plugins/dies.ts": dies })
    for (const times of [1, 2, 3]) {
      await expect(ask(url)).rejects.toThrow("socket hang up")
      await soon(() => expect(lines("took its place").length).toBe(times))
    }
    // Of two places one was filled twice.
    const said = lines("a worker ended").map((line) => line.slice(line.indexOf("code=")))
    expect(said.toSorted()).toEqual(["code=7 again=0.1s", "code=7 again=0.1s", "code=7 again=0.2s"])
  })
})

describe("the end", () => {
  test("an interrupt that reaches every process lets running answers end, and the first process is the last", async () => {
    const { url, child, until, ended, lines } = await startWorkers("", { "config.yaml": `${SLOW}plugins: [who]\n` })
    const streams = await beginStreams(url)
    const pids = [...new Set(streams.map(({ pid }) => pid))]
    expect(pids.length).toBe(2)
    for (const pid of [...pids, child.pid ?? 0]) process.kill(pid, "SIGINT")
    await until("asked to stop")
    await soon(() => expect(lines("stopping: no new requests").length).toBe(2))
    await expect(ask(url)).rejects.toThrow(/ECONN(REFUSED|RESET)/)
    finishAll()
    expect(await endsOf(streams)).toEqual(["whole"])
    const { code, err } = await ended
    expect([code, err.trimEnd().split("\n").at(-1), pids.map(lives)]).toEqual([0, expect.stringMatching(/ info  stopped$/), [false, false]])
    expect(lines("a worker ended")).toEqual([])
  })

  test("a second signal ends them all at once", async () => {
    const { url, child, until, ended } = await startWorkers("", { "config.yaml": `${SLOW}plugins: [who]\n` })
    const streams = await beginStreams(url)
    child.kill("SIGTERM")
    await until("no new requests")
    child.kill("SIGTERM")
    expect((await ended).code).toBe(0)
    await Promise.all(streams.map(({ text }) => text))
    const pids = [...new Set(streams.map(({ pid }) => pid))]
    await soon(() => expect(pids.map(lives)).toEqual([false, false]))
  })

  test("workers whose first process is killed let their answers end, and are gone", async () => {
    const { url, child } = await startWorkers("", { "config.yaml": `${SLOW}plugins: [who]\n` })
    const streams = await beginStreams(url)
    const pids = [...new Set(streams.map(({ pid }) => pid))]
    child.kill("SIGKILL")
    await once(child, "exit")
    expect(pids.map(lives)).toEqual([true, true])
    finishAll()
    expect(await endsOf(streams)).toEqual(["whole"])
    await soon(() => expect(pids.map(lives)).toEqual([false, false]))
  })
})

describe("edits", () => {
  test("are in effect everywhere and told in a line; one that cannot be used changes nothing and is told once", async () => {
    const { url, child, edit, until, lines } = await startWorkers()
    const models = async () => {
      const answers = await Promise.all(Array.from({ length: 4 }, () => ask(url, "/v1/models")))
      return answers.map(({ text }) => JSON.parse(text).data.map(({ id }: { id: string }) => id).join())
    }
    await edit("config.yaml", `${DEMO.replace("demo: {", "edited: {")}server: { workers: 2 }\nplugins: [who]\n`)
    await until("reloaded generation=2")
    expect(await models()).toEqual(["edited", "edited", "edited", "edited"])
    await edit("plugins/who.ts", 'import "llm-proxy"\nexport default { name: "who", setup() { throw new Error("no luck") } }\n')
    await until("not reloaded")
    await edit("config.yaml", "models: [\n")
    await until("config.yaml:2:1")
    child.kill("SIGHUP")
    await soon(() => expect(lines("not reloaded").length).toBe(3))
    expect(await models()).toEqual(["edited", "edited", "edited", "edited"])
    expect([lines("reloaded generation"), lines("no luck")]).toEqual([
      [expect.stringMatching(/reloaded generation=2 running=0 workers=2$/)],
      [expect.stringMatching(/not reloaded, the config before stays error="llm-proxy: plugin who: no luck"$/)],
    ])
  })

  test("workers that are replaced one by one lose no request, and nobody's stream", async () => {
    const { url, child, until, pids, lines } = await startWorkers("", { "config.yaml": `${SLOW}plugins: [who]\n` })
    const before = await pids()
    const streams = await beginStreams(url)
    const dispatcher = new Agent({ connections: 4 }) // which are kept, as clients do
    const statuses = new Set<string>()
    const loaded = new AbortController()
    const load = async () => {
      const body = JSON.stringify({ model: "demo", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] })
      const headers = { "x-api-key": KEY, "content-type": "application/json" }
      while (!loaded.signal.aborted) {
        const asking = request(`${url}/v1/messages`, { method: "POST", headers, body, dispatcher })
        const said = asking.then(async (answer) => {
          await answer.body.text()
          return String(answer.statusCode)
        })
        statuses.add(await said.catch(String))
      }
    }
    const loads = [load(), load(), load(), load()]
    child.kill("SIGUSR2")
    await until("replaced all workers")
    await soon(() => expect(lines("stopping: no new requests").length).toBe(2))
    const after = await pids()
    loaded.abort()
    await Promise.all(loads)
    expect([[...statuses], after.length, after.filter((pid) => before.includes(pid))]).toEqual([["200"], 2, []])
    finishAll()
    expect(await endsOf(streams)).toEqual(["whole"])
    await dispatcher.close()
    await soon(() => expect(before.map(lives)).toEqual([false, false]))
  }, 60_000)
})

describe("what is wrong at the start is told once", () => {
  const failing = 'export default { name: "who", setup() { throw new Error("no luck") } }\n'
  const taken = `${DEMO}server: { workers: 2, port: ${(backend.address() as AddressInfo).port} }\n`
  test.each([
    ["a config", { "config.yaml": `${DEMO}server: { workers: many }\n` }, /^config\.yaml:5:\d+ server\.workers: must be auto, or a whole number between 1 and 256, not "many"\n$/],
    ["a plugin", { "config.yaml": `${DEMO}server: { workers: 2 }\nplugins: [who]\n`, "plugins/who.ts": failing }, /^llm-proxy: plugin who: no luck\n$/],
    ["a port", { "config.yaml": taken }, /^llm-proxy: 127\.0\.0\.1:\d+ is in use already; set PORT, or server\.port in the config\n$/],
  ])("%s", async (_, files, words) => {
    const { ended } = start(await folderOf(files), { PROXY_API_KEY: KEY, PORT: "" })
    expect(await ended).toEqual({ code: 1, out: "", err: expect.stringMatching(words) })
  })
})

test("a key that is made because none is set is every worker's, at the start and after an edit", async () => {
  const open = `${DEMO}server: { workers: 2 }\n`
  const { until, url, edit, folder, lines } = await startWorkers("", { "config.yaml": open }, {})
  const statuses = async () => {
    const key = (await readFile(join(folder, ".llm-proxy/key"), "utf8")).trim()
    return Promise.all(Array.from({ length: 4 }, async () => (await ask(url, "/v1/models", key)).status))
  }
  const made = await statuses()
  await edit("config.yaml", `${open}keys: [{ name: own, key: sk-own }]\n`)
  await until("reloaded generation=2")
  const refused = await statuses()
  await edit("config.yaml", open)
  await until("reloaded generation=3")
  const all = (status: number) => Array(4).fill(status)
  expect([made, refused, await statuses(), lines("was made for this run").length]).toEqual([all(200), all(401), all(200), 1])
})
