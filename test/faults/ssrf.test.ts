/**
 * | Fault | What is held |
 * | --- | --- |
 * | 19 SSRF (one-api#2387, litellm#24952 #26996, CVE-2025-66405, langchain CVE-2026-26013) | no word of a request makes the proxy open a connection or look up a name, on any route, over any API; a redirect of a backend is not followed |
 *
 * What the plugin `web-search` dials is in test/plugins/web-search-engines.test.ts, what a `base_url` may be in
 * test/address.test.ts.
 */
import { once } from "node:events"
import { createServer, connect, type AddressInfo, type Server } from "node:net"
import { text } from "node:stream/consumers"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import metrics from "../../plugins/metrics.ts"
import { resolveConfig } from "../../src/config/config.ts"
import { undiciFetch } from "../../src/node/undici.ts"
import { createProxy, type Proxy } from "../../src/proxy.ts"
import { json, type ScriptedBackend } from "../_backend.ts"
import { KEY, startProxy } from "../_proxy.ts"
import { configFor, MODELS, startAnyBackend } from "./_any-backend.ts"
import { watchDials, type Dials } from "./_dials.ts"

const BACKEND_KEY = "sk-backend-of-the-ssrf-test"

let canary: Server
let touched = 0 // connections to the canary
let port = 0
let backend: ScriptedBackend
let proxy: Proxy
let dials: Dials

beforeAll(async () => {
  canary = createServer((socket) => {
    touched++
    socket.destroy()
  })
  canary.listen(0, "127.0.0.1")
  await once(canary, "listening")
  port = (canary.address() as AddressInfo).port
  backend = await startAnyBackend()
  const settings = resolveConfig({ ...configFor(backend.url, BACKEND_KEY), keys: [{ name: "test", key: KEY, explain: true }] })
  proxy = await createProxy(settings, { fetch: undiciFetch, plugins: [{ plugin: metrics, options: {} }] })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
  canary.close()
})
beforeEach(() => {
  touched = 0
  dials = watchDials()
  dials.allow(backend.url)
})
afterEach(() => dials.stop())

/** Ways to write an address that nobody outside should reach, `PORT` being the canary's. */
const URLS = [
  "http://127.0.0.1:PORT/",
  "http://localhost:PORT/",
  "http://localhost.:PORT/",
  "http://127.1:PORT/",
  "http://127.0.1:PORT/",
  "http://2130706433:PORT/",
  "http://0x7f000001:PORT/",
  "http://0x7f.0.0.1:PORT/",
  "http://0177.0.0.1:PORT/",
  "http://017700000001:PORT/",
  "http://0.0.0.0:PORT/",
  "http://0:PORT/",
  "http://[::1]:PORT/",
  "http://[::]:PORT/",
  "http://[::ffff:127.0.0.1]:PORT/",
  "http://[::ffff:7f00:1]:PORT/",
  "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
  "http://[64:ff9b::7f00:1]:PORT/",
  "http://①②⑦.⓪.⓪.①:PORT/",
  "http://127。0。0。1:PORT/",
  "http://api.openai.com@127.0.0.1:PORT/",
  "http://user:password@127.0.0.1:PORT/",
  "http://127.0.0.1:PORT#@api.openai.com/",
  "http://127.0.0.1:PORT\\@api.openai.com/",
  "http:/\\127.0.0.1:PORT/",
  "//127.0.0.1:PORT/",
  "HTTP://127.0.0.1:PORT/a.png?b=http://127.0.0.1:PORT/",
  "https://127.0.0.1:PORT/",
  "http://127.0.0.1.nip.io:PORT/",
  "http://localtest.me:PORT/",
  "http://7f000001.c0a80001.rbndr.us:PORT/",
  "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
  "http://2852039166/latest/meta-data/",
  "http://0xa9fea9fe/latest/meta-data/",
  "http://[fd00:ec2::254]/latest/meta-data/",
  "http://metadata.google.internal/computeMetadata/v1/",
  "http://100.100.100.200/latest/meta-data/",
  "http://10.0.0.1/",
  "http://172.16.0.1/",
  "http://192.168.0.1/",
  "file:///etc/passwd",
  "ftp://127.0.0.1:PORT/",
  "gopher://127.0.0.1:PORT/_GET",
  "ws://127.0.0.1:PORT/",
  "unix:/var/run/docker.sock",
  "data:text/html,x",
  "demo:",
]

const urls = (): readonly string[] => URLS.map((url) => url.replaceAll("PORT", String(port)))

const user = (...content: unknown[]): object => ({ messages: [{ role: "user", content }] })
const image = (url: string): object => ({ type: "image", source: { type: "url", url } })

/** Where in a request a URL may stand. */
const PLACES: Readonly<Record<string, (url: string) => object>> = {
  "an image": (url) => user({ type: "text", text: "What is this?" }, image(url)),
  "a document": (url) => user({ type: "document", source: { type: "url", url }, title: url, context: url }),
  "an image of a document, or of a tool": (url) => ({
    messages: [
      { role: "user", content: [{ type: "document", source: { type: "content", content: [image(url)] } }] },
      { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: { url } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: [image(url)] }] },
    ],
  }),
  "what Anthropic's servers fetched": (url) => ({
    tools: [{ type: "web_fetch_20250910", name: "web_fetch", allowed_domains: [url] }],
    messages: [
      { role: "user", content: url },
      {
        role: "assistant",
        content: [
          { type: "server_tool_use", id: "srvtoolu_1", name: "web_fetch", input: { url } },
          { type: "web_fetch_tool_result", tool_use_id: "srvtoolu_1", content: { type: "web_fetch_result", url } },
        ],
      },
      { role: "user", content: "And now?" },
    ],
  }),
  "MCP servers": (url) => ({ ...user({ type: "text", text: "x" }), mcp_servers: [{ type: "url", url, name: "s" }] }),
  "schemas": (url) => ({
    ...user({ type: "text", text: "x" }),
    tools: [{ name: "f", description: url, input_schema: { type: "object", $schema: url, $id: url, properties: { a: { $ref: url } } } }],
    output_config: { format: { type: "json_schema", schema: { type: "object", $ref: url, additionalProperties: false } } },
  }),
  "fields that other proxies know": (url) => ({ ...user({ type: "text", text: "x" }), ...everyField(url) }),
}

/** The names under which other gateways take a backend's address or a caller's own. */
const FIELDS = [
  "api_base", "apiBase", "base_url", "baseUrl", "baseURL", "api_url", "endpoint", "azure_endpoint", "custom_host", "host",
  "hostname", "url", "uri", "target", "upstream", "backend", "proxy", "http_proxy", "callback", "callback_url", "webhook",
  "success_callback", "langfuse_host", "aws_bedrock_runtime_endpoint", "vertex_api_base", "redirect_uri", "server_url",
]

/** Each of them, at the top, nested, in lists, and below the fields that LiteLLM and the SDKs pass along. */
function everyField(url: string): object {
  const all = Object.fromEntries(FIELDS.map((name) => [name, url]))
  const nested = { litellm_params: all, extra_body: all, optional_params: { deeper: [{ ...all, all }] }, config: { targets: [all] } }
  return { ...all, ...nested, metadata: { user_id: "u", ...all, nested }, custom_llm_provider: "openai", fallbacks: [{ ...all, model: "chat" }] }
}

const HEADERS = [
  "x-portkey-custom-host", "x-portkey-config", "x-api-base", "x-base-url", "x-openai-base-url", "x-anthropic-base-url",
  "x-target-url", "x-target-host", "x-upstream", "x-upstream-host", "x-backend", "x-backend-host", "x-host",
  "x-forwarded-host", "x-forwarded-server", "x-forwarded-proto", "x-forwarded-for", "x-original-url", "x-rewrite-url",
  "x-envoy-original-dst-host", "x-http-destinationurl", "x-proxy-url", "x-wap-profile", "forwarded", "origin", "referer",
  "helicone-target-url", "helicone-openai-api-base", "true-client-ip", "destination", "profile",
]

async function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const init = { method: "POST", headers: { "x-api-key": KEY, ...headers }, body: JSON.stringify(body) }
  const response = await proxy.app.request(path, init)
  await response.text()
  return response.status
}

/** Taken, or refused as the client's fault. */
const FINE: ReadonlySet<number> = new Set([200, 400])

describe.each(MODELS)("for %s", (model) => {
  test.each(Object.entries(PLACES))("%s: nothing is dialled but the backend", async (_, place) => {
    const odd: unknown[] = []
    for (const url of urls()) {
      const request = { model, max_tokens: 50, ...place(url) }
      const paths = model === "counts" ? ["/v1/messages/count_tokens"] : ["/v1/messages"]
      for (const path of paths) {
        const status = await post(path, request)
        if (!FINE.has(status)) odd.push([path, url, status])
      }
    }
    expect({ odd, dialled: dials.seen, touched }).toEqual({ odd: [], dialled: [], touched: 0 })
  })
})

/** Every path that the app answers, with a value for what is open in it. */
function paths(): readonly string[] {
  const own = proxy.app["~routes"].map(({ route = "" }) => route).filter((route) => route !== "/**")
  return [...own, "/v1/chat/completions", "/proxy/x", "/v1/proxy/x"]
}

test("every route is tried", () => {
  expect(paths()).toEqual(expect.arrayContaining(["/v1/messages", "/v1/messages/count_tokens", "/v1/models/**:id", "/metrics"]))
  expect(URLS.length).toBeGreaterThan(30)
})

test("no path, query, header or field of any route makes the proxy dial", async () => {
  const odd: unknown[] = []
  for (const url of urls()) {
    const headers = Object.fromEntries(HEADERS.map((name) => [name, encodeURI(url)]))
    const query = FIELDS.map((name) => `${name}=${encodeURIComponent(url)}`).join("&")
    const body = JSON.stringify({ model: url, max_tokens: 5, ...user({ type: "text", text: url }), ...everyField(url) })
    for (const path of paths()) {
      for (const method of ["GET", "POST", "PUT", "OPTIONS"]) {
        const init = { method, headers: { "x-api-key": KEY, ...headers }, ...(method !== "GET" && { body }) }
        const response = await proxy.app.request(`${path.replace("**:id", encodeURIComponent(url))}?${query}`, init)
        if (![200, 400, 404, 405].includes(response.status)) odd.push([method, path, url, response.status])
        await response.text()
      }
    }
  }
  expect({ odd, dialled: dials.seen, touched }).toEqual({ odd: [], dialled: [], touched: 0 })
})

test("what becomes of a request is explained without a connection", async () => {
  const before = backend.asked.length
  for (const url of urls()) {
    await post("/v1/messages", { model: "chat", max_tokens: 5, ...user(image(url)) }, { "x-llm-proxy-explain": "1" })
  }
  expect({ dialled: dials.seen, touched, asked: backend.asked.length }).toEqual({ dialled: [], touched: 0, asked: before })
})

describe.each([["Node's server", undiciFetch], ["any platform", globalThis.fetch]])("with the fetch of %s, a backend that sends elsewhere", (_, fetch) => {
  const ways = [301, 302, 303, 307, 308].flatMap((status) => ["chat", "responses", "anthropic"].map((api) => [status, api] as const))
  test.each(ways)("%i over %s is an error that says nothing of the address, and nobody is asked there", async (status, api) => {
    const other = await startAnyBackend()
    const aim = `http://127.0.0.1:${port}/secret-place`
    other.now(json(status, {}, { location: aim, refresh: `0; url=${aim}`, "content-location": aim }))
    dials.allow(other.url)
    const own = await createProxy({ ...configFor(other.url, BACKEND_KEY), keys: [{ name: "k", key: KEY }] }, { fetch })
    const body = JSON.stringify({ model: api, max_tokens: 5, messages: [{ role: "user", content: "x" }] })
    const response = await own.app.request("/v1/messages", { method: "POST", body, headers: { "x-api-key": KEY } })
    const said = JSON.stringify([[...response.headers], await response.text()])
    await other.close()
    expect(response.status).toBe(502)
    expect(said).toContain("redirect")
    expect(said).not.toContain("secret-place")
    expect({ dialled: dials.seen, touched, asked: other.asked.length }).toEqual({ dialled: [], touched: 0, asked: 1 })
  })
})

describe("the proxy is no proxy of HTTP's own kind", () => {
  test.each([
    ["a whole URL for a path", () => `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}`],
    ["CONNECT", () => `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}`],
    ["another host's name", () => `GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1:${port}`],
    ["a path that looks like one", () => `GET //127.0.0.1:${port}/ HTTP/1.1\r\nHost: x`],
  ])("%s leads nowhere", async (_, head) => {
    const running = await startProxy(configFor(backend.url, BACKEND_KEY))
    dials.allow(running.url)
    const socket = connect(Number(new URL(running.url).port), "127.0.0.1")
    socket.write(`${head()}\r\nx-api-key: ${KEY}\r\nConnection: close\r\n\r\n`)
    await text(socket).catch(() => "")
    await running.close()
    expect({ dialled: dials.seen, touched }).toEqual({ dialled: [], touched: 0 })
  })
})

test("the watch sees what there is to see", async () => {
  await fetch(`http://127.0.0.1:${port}/`).catch(() => {})
  await undiciFetch(`http://localhost:${port}/`).catch(() => {})
  await fetch("http://metadata.google.internal/").catch(() => {})
  expect(dials.seen).toEqual(expect.arrayContaining([`127.0.0.1:${port}`, "localhost", "metadata.google.internal"]))
  expect(touched).toBeGreaterThan(0)
})
