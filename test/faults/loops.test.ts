/**
 * | Fault | What is held |
 * | --- | --- |
 * | 27 a proxy that is its own backend (Portkey-AI/gateway#1507) | 508 after one round, alone or by way of another, also with `retry` and `fallback`; chains that end are let through |
 * | 27 a storm of repeats | at an outage a backend is asked a tenth more, beside ten a minute; they are spread, and `retry-after` is passed on |
 *
 * How long `retry` waits, and what it spreads, is in test/plugins/retry.test.ts; whom `fallback` skips, in
 * test/plugins/fallback.test.ts.
 */
import { serve } from "h3"
import { afterEach, expect, test } from "vitest"
import fallback from "../../plugins/fallback.ts"
import retry from "../../plugins/retry.ts"
import type { Fetch } from "../../src/dial/dial.ts"
import { resolveConfig } from "../../src/config/config.ts"
import { createHops } from "../../src/dial/hops.ts"
import { undiciFetch } from "../../src/node/undici.ts"
import { validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { createProxy, type Proxy } from "../../src/proxy.ts"
import { error, startBackend } from "../_backend.ts"
import { KEY, startProxy } from "../_proxy.ts"
import { startAnyBackend } from "./_any-backend.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A way from one name of a proxy to the next; all of them stand behind `http://NAME`. */
type Ways = Readonly<Record<string, string>>

interface Ring {
  readonly proxies: Readonly<Record<string, Proxy>>
  /** The proxies that were asked, in order. */
  readonly asked: readonly string[]
}

/** Proxies that are each other's backends, without sockets: a loop that is not ended ends at a hundred. */
async function ring(ways: Ways, plugins: readonly PluginUse[] = []): Promise<Ring> {
  const proxies: Record<string, Proxy> = {}
  const asked: string[] = []
  const fetch: Fetch = async (url, init) => {
    const { hostname } = new URL(url)
    const proxy = proxies[hostname]
    if (!proxy) return undiciFetch(url, init)
    asked.push(hostname)
    if (asked.length > 100) throw new Error("round and round")
    return proxy.fetch(new Request(url, init))
  }
  for (const [name, next] of Object.entries(ways)) {
    const base_url = next.startsWith("http") ? next : `http://${next}`
    const settings = resolveConfig({
      models: { m: { backend: "next", model: "m" }, other: { backend: "next", model: "m" } },
      backends: { next: { base_url, api: "anthropic", api_key: KEY } },
      keys: [{ name: "test", key: KEY }],
    })
    const proxy = await createProxy(settings, { fetch, plugins })
    proxies[name] = proxy
    closing.push(proxy.close)
  }
  return { proxies, asked }
}

async function ask(proxy: Proxy | undefined, headers = {}, path = "/v1/messages"): Promise<{ status: number; told: unknown; retry: string | null }> {
  const body = JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] })
  const request = new Request(`http://p${path}`, { method: "POST", body, headers: { "x-api-key": KEY, ...headers } })
  const response = (await proxy?.fetch(request)) ?? Response.error()
  return { status: response.status, told: await response.json(), retry: response.headers.get("x-should-retry") }
}

async function use(plugin: unknown, options: object): Promise<PluginUse> {
  const checked = await validateOptions(plugin as Plugin, options)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin: plugin as Plugin, options: checked.options }
}

const LOOPED = {
  status: 508,
  told: {
    type: "error",
    error: { type: "api_error", message: "this proxy is asked by itself: a backend's base_url leads back to it" },
    request_id: expect.stringMatching(/^req_/),
  },
  retry: "false",
}

test("a proxy that is its own backend says so after one round", async () => {
  const { proxies, asked } = await ring({ a: "a" })
  expect(await ask(proxies["a"])).toEqual(LOOPED)
  expect(asked).toEqual(["a"])
})

test("so it does over real sockets, for streams, too", async () => {
  const backend = await startAnyBackend()
  const first = await startProxy({ models: {}, backends: {} })
  const { port } = new URL(first.url)
  await first.close() // its port is free now, for one that knows it
  const own = `http://127.0.0.1:${port}`
  const settings = resolveConfig({
    models: { m: { backend: "self", model: "m" } },
    backends: { self: { base_url: own, api: "anthropic", api_key: KEY } },
    keys: [{ name: "test", key: KEY }],
  })
  const proxy = await createProxy(settings, { fetch: undiciFetch })
  const server = await serve(proxy.app, { port: Number(port), hostname: "127.0.0.1", silent: true, gracefulShutdown: false }).ready()
  closing.push(async () => void (await server.close(true)), proxy.close, backend.close)
  const asking = [{ stream: true }, {}].map(async (more) => {
    const body = JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }], ...more })
    const response = await fetch(`${own}/v1/messages`, { method: "POST", body, headers: { "x-api-key": KEY } })
    return { status: response.status, told: await response.json(), retry: response.headers.get("x-should-retry") }
  })
  expect(await Promise.all(asking)).toEqual([LOOPED, LOOPED])
})

test("a loop by way of others ends where it began", async () => {
  const { proxies, asked } = await ring({ a: "b", b: "c", c: "a" })
  expect(await ask(proxies["a"])).toEqual(LOOPED)
  expect(asked).toEqual(["b", "c", "a"])
})

test("a count that goes round is estimated in the end", async () => {
  const { proxies, asked } = await ring({ a: "b", b: "a" })
  const { status, told } = await ask(proxies["a"], {}, "/v1/messages/count_tokens")
  expect([status, told]).toEqual([200, { input_tokens: expect.any(Number) }])
  expect(asked).toEqual(["b", "a"])
})

test("plugins that try again and elsewhere do not multiply a loop", async () => {
  const plugins = [await use(retry, { attempts: 10, base: 0 }), await use(fallback, { chains: { m: ["other"] } })]
  const { proxies, asked } = await ring({ a: "b", b: "a" }, plugins)
  expect(await ask(proxies["a"])).toEqual(LOOPED)
  expect(asked.length).toBeLessThanOrEqual(6)
})

test("a chain of proxies that ends is let through", async () => {
  const backend = await startAnyBackend()
  closing.push(backend.close)
  const { proxies, asked } = await ring({ a: "b", b: "c", c: "d", d: backend.url })
  expect((await ask(proxies["a"])).status).toBe(200)
  expect(asked).toEqual(["b", "c", "d"])
  expect(String(backend.asked[0]?.headers["x-llm-proxy-hops"]).split(", ").length).toBe(4)
})

test("a loop through a proxy that has many names of its own ends as well", async () => {
  const names = Array.from({ length: 20 }, (_, n) => `p${n}`)
  const { proxies, asked } = await ring(Object.fromEntries(names.map((name, n) => [name, names[n + 1] ?? "p0"])))
  const { status, told } = await ask(proxies["p0"])
  expect([status, told]).toEqual([508, expect.objectContaining({ error: expect.objectContaining({ message: expect.stringMatching(/^8 proxies/) }) })])
  expect(asked.length).toBe(8)
})

test("what a client writes there stays with the proxy, unless it is a proxy's name", async () => {
  const backend = await startAnyBackend()
  closing.push(backend.close)
  const { proxies } = await ring({ a: backend.url })
  const other = "0123456789abcdef0123456789abcdef"
  await ask(proxies["a"], { "x-llm-proxy-hops": `sk-mine, ${"a".repeat(5000)}, ${other}, x` })
  expect(backend.asked[0]?.headers["x-llm-proxy-hops"]).toMatch(new RegExp(`^${other}, [0-9a-f]{32}$`))
})

test("nobody can name this proxy who has not been its backend, and the name says nothing", () => {
  const names = [1, 2].map(() => createHops(() => crypto.randomUUID().replaceAll("-", "")).onward(new Headers()))
  expect(names[0]).not.toEqual(names[1])
})

test("at an outage, two hundred requests are thirty more for the backend", async () => {
  const backend = await startBackend(...Array.from({ length: 700 }, () => error(529, "full", { "retry-after": "0" })))
  const proxy = await startProxy(
    { models: { m: { backend: "b", model: "m" } }, backends: { b: { base_url: backend.url } } },
    { plugins: [await use(retry, { base: 0 })], level: "silent" },
  )
  closing.push(proxy.close, backend.close)
  for (let n = 0; n < 8; n++) {
    const some = Array.from({ length: 25 }, () => proxy.send({ model: "m" }))
    for (const response of await Promise.all(some)) {
      expect([response.status, response.headers.get("retry-after")]).toEqual([529, "0"])
      await response.text()
    }
  }
  expect(backend.asked.length).toBe(200 + 10 + 20)
})
