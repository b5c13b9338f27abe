/**
 * | Fault | What is held |
 * | --- | --- |
 * | 21 keys that are none (CVE-2026-42208 SQL in a key, CVE-2026-21710 a header named `__proto__`) | 401 in Anthropic's shape on every route that needs a key, before the body is read and with no backend asked; all keys are compared, whole, by digest; names of every object's properties are no keys, models or headers |
 *
 * Which header decides, and keys sent twice, are in test/http/auth.test.ts; which routes need no key, in
 * test/http/endpoints.test.ts.
 */
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import metrics from "../../plugins/metrics.ts"
import { SILENT } from "../../src/log.ts"
import { createAuth } from "../../src/stages/auth.ts"
import type { Received } from "../../src/stage.ts"
import { KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { startAnyBackend, type AnyBackend } from "./_any-backend.ts"

let backend: AnyBackend
let proxy: TestProxy

beforeAll(async () => {
  backend = await startAnyBackend()
  proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "m" }, "claude-*": { backend: "b", model: "m" } },
      backends: { b: { base_url: backend.url, profile: "vllm" } },
      keys: [
        { name: "one", key: KEY },
        { name: "odd", key: `"'\\;--%00` },
        { name: "__proto__", key: "sk-of-a-name-of-every-object" },
      ],
    },
    { plugins: [{ plugin: metrics, options: {} }] },
  )
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})
let before = 0
beforeEach(() => {
  before = backend.asked.length
})

const BODY = JSON.stringify({ model: "m", max_tokens: 5, messages: [{ role: "user", content: "x" }] })

/** Every route that needs a key, with a request that would be answered. */
const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ["POST", "/v1/messages"],
  ["POST", "/v1/messages/count_tokens"],
  ["POST", "/v1/v1/messages"],
  ["GET", "/v1/models"],
  ["GET", "/v1/models/m"],
  ["GET", "/metrics"],
]

/** What a socket is answered, byte for byte as it is asked. */
async function raw(method: string, path: string, ...headers: readonly string[]): Promise<{ status: number; body: string }> {
  const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1")
  const body = method === "POST" ? BODY : ""
  const lines = [`${method} ${path} HTTP/1.1`, "Host: 127.0.0.1", "Connection: close", `Content-Length: ${body.length}`, ...headers]
  socket.on("error", () => {}) // it may be closed before all of a large head is written
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`, "latin1")
  const answer = await text(socket).catch(() => "")
  const [head = "", ...rest] = answer.split("\r\n\r\n")
  return { status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]), body: rest.join("") }
}

const utf8 = (words: string): string => Buffer.from(words).toString("latin1")

describe("a key that is none is refused on every route, and no backend hears of it", () => {
  test.each<[string, readonly string[]]>([
    ["nothing", []],
    ["empty", ["x-api-key:"]],
    ["empty Bearer", ["Authorization: Bearer"]],
    ["wrong", ["x-api-key: sk-wrong"]],
    ["one letter short", [`x-api-key: ${KEY.slice(0, -1)}`]],
    ["one letter long", [`x-api-key: ${KEY}a`]],
    ["in capitals", [`x-api-key: ${KEY.toUpperCase()}`]],
    ["with Bearer in x-api-key", [`x-api-key: Bearer ${KEY}`]],
    ["without Bearer in Authorization", [`Authorization: ${KEY}`]],
    ["two schemes", [`Authorization: Bearer Bearer ${KEY}`]],
    ["Basic", [`Authorization: Basic ${Buffer.from(`user:${KEY}`).toString("base64")}`]],
    ["a list", [`x-api-key: ["${KEY}"]`]],
    ["an object", [`x-api-key: {"key":"${KEY}"}`]],
    ["twice", [`x-api-key: ${KEY}`, `x-api-key: ${KEY}`]],
    ["twice, once wrong", ["x-api-key: sk-wrong", `x-api-key: ${KEY}`]],
    ["wrong beside a right Authorization", ["x-api-key: sk-wrong", `Authorization: Bearer ${KEY}`]],
    ["empty beside a right Authorization", ["x-api-key:", `Authorization: Bearer ${KEY}`]],
    ["in a cookie", [`Cookie: x-api-key=${KEY}; key=${KEY}`]],
    ["under another name", [`api-key: ${KEY}`, `x-goog-api-key: ${KEY}`, `proxy-authorization: Bearer ${KEY}`]],
    ["under a name with an underscore", [`x_api_key: ${KEY}`]],
    ["SQL", ["x-api-key: ' OR '1'='1"]],
    ["SQL as Bearer", ["Authorization: Bearer ' OR '1'='1"]],
    ["a template", ["x-api-key: {{config.key}}${KEY}#{7*7}"]],
    ["a pattern", ["x-api-key: .*"]],
    ["a glob", ["x-api-key: *"]],
    ["a name of a key", ["x-api-key: one"]],
    ["__proto__", ["x-api-key: __proto__"]],
    ["constructor", ["Authorization: Bearer constructor"]],
    ["toString", ["x-api-key: toString"]],
    ["undefined", ["x-api-key: undefined"]],
    ["null", ["x-api-key: null"]],
    ["true", ["x-api-key: true"]],
    ["in other letters that look alike", [utf8(`x-api-key: ${KEY.replace("s", "ѕ")}`)]],
    ["in full-width letters", [utf8(`x-api-key: ${KEY.replace("k", "ｋ")}`)]],
    ["with a blank that has no width", [utf8(`x-api-key: ${KEY}\u200b`)]],
    ["with a blank that does not break", [utf8(`x-api-key: ${KEY}\u00a0`)]],
    ["in bytes that are no UTF-8", [`x-api-key: ${KEY}\xff\xfe`]],
    ["beside a name of every object", [`__proto__: ${KEY}`, "constructor: x", `x-api-key: sk-wrong`]],
    ["12 KB", [`x-api-key: ${KEY.repeat(700)}`]],
  ])("%s", async (_, headers) => {
    for (const [method, path] of ROUTES) {
      const { status, body } = await raw(method, path, ...headers)
      expect([path, status]).toEqual([path, 401])
      const said: unknown = JSON.parse(body.replace(/^[0-9a-f]+\r\n|\r\n0?$/g, ""))
      const message = expect.stringMatching(/^(?:invalid x-api-key|a key is needed: send x-api-key or Authorization: Bearer)$/)
      expect(said).toEqual({ type: "error", error: { type: "authentication_error", message }, request_id: expect.stringMatching(/^req_/) })
    }
    expect(backend.asked.length).toBe(before)
  })

  test("of two megabytes, by the server itself", async () => {
    for (const [method, path] of ROUTES) {
      const { status } = await raw(method, path, `x-api-key: ${KEY.repeat(125_000)}`)
      expect(status || 431).toBe(431) // or nothing: the connection may be closed while it is still being sent
    }
    expect(backend.asked.length).toBe(before)
    expect((await proxy.ask("/health")).status).toBe(200)
  })

  test.each([
    "http://127.0.0.1/v1/models", // srvx had it that a whole URL went past what looks at paths (CVE-2026-33732)
    "http://127.0.0.1/health/../v1/models",
    "/health/../v1/models",
    "/health/%2e%2e/v1/models",
    "/health/..;/v1/models",
    "/health//v1/models",
    "//v1/models",
    "/./v1/models",
    "/v1//models",
    "/V1/Models",
    "/%76%31/models",
    "/v1%2fmodels",
    "/v1/models%00",
    "/v1/models/",
    "/v1/models?/health",
    "/v1/models#/health",
    "/v1/models/../models/m",
    "/v1/v1/models",
    "/api/hello/../../v1/models",
    "/api/event_logging/batch/../../../v1/models",
    "/metrics/",
    "/%6detrics",
  ])("no way of writing a path leads past it: %s", async (path) => {
    const { status, body } = await raw("GET", path)
    expect([400, 401, 404]).toContain(status)
    expect(body).not.toContain("llm_proxy_")
    expect(body).not.toContain('"data"')
  })

  test.each([["in the query", `/v1/models?key=${KEY}&api_key=${KEY}&x-api-key=${KEY}`], ["in the path", `/${KEY}@/v1/models`]])("%s", async (_, path) => {
    expect([401, 404]).toContain((await raw("GET", path)).status)
  })
})

test("a key may be as odd as a header allows, and have blanks around it, which HTTP leaves out", async () => {
  const odd = `"'\\;--%00`
  for (const line of [`x-api-key:   ${KEY}  \t `, `X-API-KEY:${odd}`, `AUTHORIZATION: bEARER   ${odd}  `, "x-api-key: sk-of-a-name-of-every-object"]) {
    expect([line, (await raw("GET", "/v1/models", line)).status]).toEqual([line, 200])
  }
})

describe("a name of every object's properties", () => {
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "prototype"])("%s is no model", async (model) => {
    const answers = [
      await proxy.send({ model }),
      await proxy.ask("/v1/messages/count_tokens", { body: { model, messages: [{ role: "user", content: "x" }] } }),
      await proxy.ask(`/v1/models/${model}`),
    ]
    for (const answer of answers) {
      expect([answer.status, await answer.json()]).toMatchObject([404, { error: { type: "not_found_error", message: `model: ${model}` } }])
    }
    expect(backend.asked.length).toBe(before)
  })

  test("is a header like others", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    const { status } = await raw("POST", "/v1/messages", `x-api-key: ${KEY}`, ...names.map((name) => `${name}: x`))
    expect(status).toBe(200)
    expect(Object.keys(backend.asked.at(-1)?.headers ?? {}).filter((name) => names.includes(name))).toEqual([])
  })
})

test("every key is compared, to its last byte, with one digest of what was given, be it right or wrong", async () => {
  let digests = 0
  let compared = 0
  /** Counts the bytes that are read of it. */
  class Counted extends Uint8Array {
    override entries(): ArrayIterator<[number, number]> {
      compared += this.length
      return super.entries()
    }
  }
  const digest = async (words: string): Promise<Uint8Array> => {
    digests++
    return new Counted(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(words)))
  }
  const names = ["a", "b", "c"]
  const auth = await createAuth(names.map((name) => ({ key: `key-${name}`, client: { name, explain: false, may: () => true, sees: () => true } })), digest)
  for (const key of ["key-a", "key-c", "key-", "", "x".repeat(9000)]) {
    digests = 0
    compared = 0
    const req = new Request("http://p/", { headers: { "x-api-key": key } })
    const context = { id: "req_1", req, log: SILENT, head: new Headers(), signal: req.signal } as unknown as Received
    await auth(context).catch(() => {})
    expect([key, digests, compared]).toEqual([key, 1, 3 * 32])
  }
})
