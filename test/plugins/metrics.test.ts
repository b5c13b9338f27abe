import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import fallback from "../../plugins/fallback.ts"
import metrics from "../../plugins/metrics.ts"
import retry from "../../plugins/retry.ts"
import { ProxyError } from "../../src/error.ts"
import { definePlugin, validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { defineStage } from "../../src/stage.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled, error, json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, KEY, startProxy, type TestProxy } from "../_proxy.ts"

let backend: ScriptedBackend
const closing: (() => Promise<void>)[] = []

beforeEach(async () => {
  backend = await startBackend()
})
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await backend.close()
})

async function use<Options>(plugin: Plugin<Options>, given: unknown = {}): Promise<PluginUse> {
  const checked = await validateOptions(plugin as Plugin, given)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin: plugin as Plugin, options: checked.options }
}

async function start(given: unknown = {}, ...plugins: readonly PluginUse[]): Promise<TestProxy> {
  const proxy = await startProxy(
    {
      models: { "claude-*": { backend: "b", model: "one" }, 'odd "name"\\': { backend: "b", model: "two" } },
      backends: { b: { base_url: backend.url } },
      keys: [{ name: "test", key: KEY }],
    },
    { plugins: [await use(metrics, given), ...plugins] },
  )
  closing.push(proxy.close)
  return proxy
}

const answer = json(200, {
  choices: [{ message: { content: "the answer" }, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 12,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 2 },
  },
})

/** The samples whose names begin like this, without how long things took. */
async function samples({ ask }: TestProxy, ...names: readonly string[]): Promise<readonly string[]> {
  const text = await (await ask("/metrics")).text()
  const lines = text.split("\n").filter((line) => names.some((name) => line.startsWith(`llm_proxy_${name}`)))
  return lines.map((line) => line.slice("llm_proxy_".length)).filter((line) => !/_bucket|_sum/.test(line))
}

/** The same once so many requests are counted, which is a moment after their clients have read the answers. */
async function samplesOf(requests: number, proxy: TestProxy, names = COUNTS): Promise<readonly string[]> {
  return vi.waitFor(async () => {
    const counts = (await samples(proxy, "requests_total")).map((line) => Number(line.split(" ").at(-1)))
    if (counts.reduce((sum, count) => sum + count, 0) < requests) throw new Error(`${requests} requests are not over`)
    return samples(proxy, ...names)
  })
}

const COUNTS = ["requests_total", "errors_total", "tokens_total", "open_streams", "duration_seconds", "time_to_first"]

test("an answer is counted with its tokens and times, by the names the config has", async () => {
  const proxy = await start()
  backend.play(answer)
  await (await proxy.send({ model: "claude-sonnet-4-5" })).text()
  const who = 'model="claude-*",backend="b"'
  expect(await samplesOf(1, proxy)).toEqual([
    `requests_total{${who},key="test",status="200",stream="false"} 1`,
    `tokens_total{kind="input",${who},key="test"} 8`,
    `tokens_total{kind="output",${who},key="test"} 5`,
    `tokens_total{kind="cache_read",${who},key="test"} 4`,
    `tokens_total{kind="thinking",${who},key="test"} 2`,
    "open_streams 0",
    `time_to_first_event_seconds_count{${who},stream="false"} 1`,
    `duration_seconds_count{${who},stream="false"} 1`,
  ])
})

test("a stream is open until it has ended", async () => {
  const proxy = await start()
  const script = controlled()
  backend.play(script)
  const response = await Promise.all([
    proxy.send({ model: "claude-x", stream: true }),
    script.opened.then(() => script.push(delta({ content: "Hi" }))),
  ])
  expect(await samples(proxy, "open_streams", "requests_total")).toEqual(["open_streams 1"])
  script.push(delta({}, "stop"))
  script.push("data: [DONE]\n\n")
  script.end()
  await response[0].text()
  expect(await samplesOf(1, proxy, ["open_streams", "requests_total"])).toEqual([
    'requests_total{model="claude-*",backend="b",key="test",status="200",stream="true"} 1',
    "open_streams 0",
  ])
})

test("a client that leaves is no error of anybody's, and its stream is not open any more", async () => {
  const proxy = await start()
  const script = controlled()
  backend.play(script)
  const leaving = new AbortController()
  const [response] = await Promise.all([
    proxy.send({ model: "claude-x", stream: true }, undefined, leaving.signal),
    script.opened.then(() => script.push(delta({ content: "Hi" }))),
  ])
  await response.body?.getReader().read()
  leaving.abort()
  expect(await samplesOf(1, proxy, COUNTS.filter((name) => name !== "tokens_total"))).toEqual([
    'requests_total{model="claude-*",backend="b",key="test",status="499",stream="true"} 1',
    "open_streams 0",
    'time_to_first_event_seconds_count{model="claude-*",backend="b",stream="true"} 1',
  ])
})

test("a client that leaves before there is an answer is counted too", async () => {
  const proxy = await start()
  const script = controlled()
  backend.play(script)
  const leaving = new AbortController()
  const asked = proxy.send({ model: "claude-x" }, undefined, leaving.signal).catch(() => {})
  await script.opened
  leaving.abort()
  await asked
  expect(await samplesOf(1, proxy)).toEqual([
    'requests_total{model="claude-*",backend="b",key="test",status="499",stream="false"} 1',
    "open_streams 0",
  ])
})

describe("what fails is counted by status and kind", () => {
  test("refused before it is known what it asks for", async () => {
    const proxy = await start()
    await proxy.send({ model: "claude-x" }, { "x-api-key": "wrong" })
    await proxy.send({ model: "claude-x", messages: "none" })
    expect(await samplesOf(2, proxy)).toEqual([
      'requests_total{model="",backend="",key="",status="401",stream=""} 1',
      'requests_total{model="",backend="",key="test",status="400",stream=""} 1',
      'errors_total{type="authentication_error",backend=""} 1',
      'errors_total{type="invalid_request_error",backend=""} 1',
      "open_streams 0",
    ])
  })

  test("a model that the config does not have leaves no name of its own", async () => {
    const proxy = await start()
    await proxy.send({ model: 'gpt"} 1\nforged 1' })
    await proxy.send({ model: "another" })
    expect(await samplesOf(2, proxy, ["requests_total"])).toEqual([
      'requests_total{model="other",backend="",key="test",status="404",stream="false"} 2',
    ])
  })

  test("a backend that refuses", async () => {
    const proxy = await start()
    backend.play(error(429, "slow down"))
    await proxy.send({ model: "claude-x", stream: true })
    expect(await samplesOf(1, proxy)).toEqual([
      'requests_total{model="claude-*",backend="b",key="test",status="429",stream="true"} 1',
      'errors_total{type="rate_limit_error",backend="b"} 1',
      "open_streams 0",
    ])
  })

  test("a stream that breaks off after its 200", async () => {
    const proxy = await start()
    backend.play(chunks([delta({ content: "half" })], { done: false }))
    await (await proxy.send({ model: "claude-x", stream: true })).text()
    expect(await samplesOf(1, proxy, ["requests_total", "errors_total", "open_streams", "duration"])).toEqual([
      'requests_total{model="claude-*",backend="b",key="test",status="200",stream="true"} 1',
      'errors_total{type="api_error",backend="b"} 1',
      "open_streams 0",
    ])
  })

  test("by a name nobody knows", async () => {
    const stranger = definePlugin({
      name: "stranger",
      setup: () =>
        defineStage({
          name: "stranger",
          before: "toOpenAI",
          async run(context, next) {
            await next(context).catch(() => {})
            throw new ProxyError(418, "no", { type: `made up ${context.id}` })
          },
        }),
    })
    const proxy = await start({}, await use(stranger))
    await proxy.send({ model: "claude-x" })
    expect(await samplesOf(1, proxy, ["errors_total"])).toEqual(['errors_total{type="other",backend="b"} 1'])
  })
})

test("other plugins are counted by what they say in the answer's head", async () => {
  const proxy = await startProxy(
    {
      models: { first: { backend: "b", model: "one" }, spare: { backend: "c", model: "two" } },
      backends: { b: { base_url: backend.url }, c: { base_url: backend.url } },
    },
    {
      plugins: [
        await use(metrics),
        await use(fallback, { chains: { first: ["spare"] } }),
        await use(retry, { attempts: 2, base: 0 }),
        await use(says("x-llm-proxy-cache", "hit")),
      ],
    },
  )
  closing.push(proxy.close)
  backend.play(error(529, "busy"), error(529, "busy"), error(529, "busy"), answer)
  await (await proxy.send({ model: "first" })).text()
  expect(await samplesOf(1, proxy, ["requests_total", "cache", "retries", "fallbacks"])).toEqual([
    'requests_total{model="spare",backend="c",key="test",status="200",stream="false"} 1',
    'cache_total{result="hit"} 1',
    'retries_total{backend="c"} 1',
    'fallbacks_total{model="spare",backend="c"} 1',
  ])
})

function says(name: string, value: string): Plugin<undefined> {
  return definePlugin({
    name: "says",
    setup: () =>
      defineStage({
        name: "says",
        before: "route",
        async run(context, next) {
          context.head.set(name, value)
          return next(context)
        },
      }),
  })
}

test("an explanation is no answer", async () => {
  const proxy = await start()
  await proxy.send({ model: "claude-x" }, { "x-api-key": KEY, "x-llm-proxy-explain": "1" })
  const messages = [{ role: "user", content: "Hi" }]
  await proxy.ask("/v1/messages/count_tokens", { body: { model: "claude-x", messages } })
  expect(await samples(proxy, ...COUNTS)).toEqual(["open_streams 0"])
})

test("the text is what Prometheus reads: declared, escaped, with buckets that add up", async () => {
  const proxy = await start()
  backend.play(answer)
  await (await proxy.send({ model: 'odd "name"\\' })).text()
  expect(await samplesOf(1, proxy, ["requests_total"])).toEqual([
    'requests_total{model="odd \\"name\\"\\\\",backend="b",key="test",status="200",stream="false"} 1',
  ])
  const response = await proxy.ask("/metrics")
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
  const lines = (await response.text()).split("\n")
  expect(lines.pop()).toBe("")
  const declared = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.slice("# TYPE ".length))
  expect(declared).toEqual([
    "llm_proxy_requests_total counter",
    "llm_proxy_errors_total counter",
    "llm_proxy_tokens_total counter",
    "llm_proxy_cache_total counter",
    "llm_proxy_retries_total counter",
    "llm_proxy_fallbacks_total counter",
    "llm_proxy_open_streams gauge",
    "llm_proxy_time_to_first_event_seconds histogram",
    "llm_proxy_duration_seconds histogram",
    "process_cpu_seconds_total counter",
    "process_resident_memory_bytes gauge",
    "process_start_time_seconds gauge",
  ])
  const label = String.raw`\w+="(?:[^"\\]|\\["\\n])*"`
  const line = new RegExp(String.raw`^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{${label}(?:,${label})*\})? \d+(?:\.\d+)?(?:e-\d+)?)$`)
  expect(lines.filter((text) => !line.test(text))).toEqual([])
  const buckets = lines.filter((text) => text.startsWith("llm_proxy_duration_seconds_bucket"))
  const counts = buckets.map((text) => [/le="([^"]+)"/.exec(text)?.[1], Number(text.split(" ").at(-1))])
  expect(counts.map(([bound]) => bound)).toEqual(["0.1", "0.25", "0.5", "1", "2.5", "5", "10", "20", "30", "60", "120", "300", "600", "+Inf"])
  expect(counts.at(-1)).toEqual(["+Inf", 1])
  expect(counts.map(([, count]) => count)).toEqual(counts.map(([, count]) => count).toSorted())
})

describe("where it is told", () => {
  test("behind a key, unless it has an address of its own", async () => {
    const proxy = await start()
    expect((await proxy.ask("/metrics", { headers: {} })).status).toBe(401)
    expect((await proxy.ask("/metrics")).status).toBe(200)
  })

  test("at an address of its own without a key, and there alone", async () => {
    const proxy = await start({ listen: "127.0.0.1:0" })
    const [, port] = /listening plugin=metrics host=127\.0\.0\.1 port=(\d+)/.exec(proxy.lines.join("\n")) ?? []
    const url = `http://127.0.0.1:${port}`
    const told = await fetch(`${url}/metrics`)
    expect([told.status, told.headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"])
    expect(await told.text()).toContain("\nllm_proxy_open_streams 0\n")
    expect((await fetch(`${url}/v1/models`)).status).toBe(404)
    expect((await proxy.ask("/metrics")).status).toBe(404)
    await closing.pop()?.()
    await expect(fetch(`${url}/metrics`)).rejects.toThrow("fetch failed")
  })

  test("an address that is taken is told at the start", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => server.once("listening", resolve))
    const { port } = server.address() as AddressInfo
    await expect(start({ listen: `127.0.0.1:${port}` })).rejects.toThrow(
      `plugin metrics: listen: 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    )
    server.close()
  })

  test.each(["9464", "localhost", "http://localhost:9464", "a:b:1"])("%s is no address", async (listen) => {
    const message = 'must be an address with a port, such as "127.0.0.1:9464" or "[::1]:9464"'
    expect(await validateOptions(metrics as Plugin, { listen })).toEqual({ issues: [{ path: ["listen"], message }] })
  })
})

test("its stages leave answers as they are", async () => {
  expect(await testPlugin(metrics, {}, ["model"])).toEqual([])
})

test("an edit of the config keeps the numbers and the address", async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const edit = () => start({ listen: `127.0.0.1:${port}` })
  const ask = async (proxy: TestProxy) => (await proxy.send({ model: "claude-x" })).text()
  backend.play(answer, answer, answer)
  await ask(await edit())
  for (const again of [edit, edit]) {
    const after = await again()
    await closing.shift()?.() // the one before it
    await ask(after)
  }
  await vi.waitFor(async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(text).toContain('llm_proxy_requests_total{model="claude-*",backend="b",key="test",status="200",stream="false"} 3\n')
  })
})
