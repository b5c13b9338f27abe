import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { KEY, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy

beforeAll(async () => {
  proxy = await startProxy({
    models: { demo: { backend: "demo", model: "demo" } },
    backends: { demo: { base_url: "demo:" } },
    keys: [
      { name: "one", key: KEY },
      { name: "two", key: "sk-second" },
    ],
  })
})
afterAll(() => proxy.close())

describe("which key decides", () => {
  test.each<[string, Record<string, string>, number]>([
    ["x-api-key", { "x-api-key": KEY }, 200],
    ["a second key", { "x-api-key": "sk-second" }, 200],
    ["Bearer", { authorization: `Bearer ${KEY}` }, 200],
    ["bearer in small letters", { authorization: `bearer ${KEY}` }, 200],
    ["both, the same", { "x-api-key": KEY, authorization: `Bearer ${KEY}` }, 200],
    ["both, x-api-key right", { "x-api-key": KEY, authorization: "Bearer wrong" }, 200],
    ["both, x-api-key wrong", { "x-api-key": "wrong", authorization: `Bearer ${KEY}` }, 401],
    ["none", {}, 401],
    ["an empty one", { "x-api-key": "" }, 401],
    ["a wrong one", { "x-api-key": `${KEY}x` }, 401],
    ["the beginning of one", { "x-api-key": KEY.slice(0, -1) }, 401],
    ["another scheme", { authorization: `Basic ${KEY}` }, 401],
    ["a list", { "x-api-key": `${KEY}, ${KEY}` }, 401],
    ["a list with a comma alone", { "x-api-key": `${KEY},` }, 401],
    ["SQL (CVE-2026-42208)", { "x-api-key": "' OR '1'='1" }, 401],
    ["a name every object has", { "x-api-key": "__proto__" }, 401],
    ["another", { "x-api-key": "constructor" }, 401],
  ])("%s", async (_, headers, status) => {
    const response = await proxy.ask("/v1/models", { headers })
    expect(response.status).toBe(status)
    if (status === 401) {
      expect(await response.json()).toEqual({
        type: "error",
        error: { type: "authentication_error", message: expect.stringMatching(/key/) },
        request_id: response.headers.get("request-id"),
      })
    }
  })
})

/** What a raw socket is answered: fetch would join or refuse such headers itself. */
async function raw(...lines: readonly string[]): Promise<string> {
  const { port } = new URL(proxy.url)
  const socket = connect(Number(port), "127.0.0.1")
  socket.write(`${lines.join("\r\n")}\r\n\r\n`)
  return text(socket)
}

const head = ["GET /v1/models HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]

test.each([
  ["x-api-key", `x-api-key: ${KEY}`],
  ["Authorization", `Authorization: Bearer ${KEY}`],
])("%s sent twice is refused, even if both are right", async (_, line) => {
  expect(await raw(...head, line)).toMatch(/^HTTP\/1.1 200 /)
  expect(await raw(...head, line, line)).toMatch(/^HTTP\/1.1 401 /)
})

test("a wrong key is refused before the body has come", async () => {
  const { port } = new URL(proxy.url)
  const socket = connect(Number(port), "127.0.0.1")
  // 1000 bytes are announced and none is sent.
  socket.write(`POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: wrong\r\nContent-Length: 1000\r\n\r\n`)
  const answer = await new Promise<string>((resolve) => {
    socket.once("data", (data) => resolve(String(data)))
  })
  socket.destroy()
  expect(answer).toMatch(/^HTTP\/1.1 401 /)
})

test("a key is told by its name in the log and never by its value", async () => {
  await proxy.send({ model: "demo" })
  const log = proxy.lines.join("\n")
  expect(log).toContain("client=one")
  expect(log).not.toContain(KEY)
})
