import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, test, vi } from "vitest"
import { defineProxyHandler } from "../src/embed/nuxt.ts"

type Fetch = (request: Request) => Response | Promise<Response>

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** What a real IncomingMessage has beside Node's own. */
type Extra = Readonly<Record<PropertyKey, unknown>>

/** A server of Node's whose events are as h3 1 makes them, and whose answers go out as it sends them. */
async function serve(fetch: Fetch, extra: Extra = {}): Promise<string> {
  const answer = defineProxyHandler("/api/llm", () => ({ fetch }))
  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    const event = { method: req.method ?? "", path: req.url ?? "", node: { req: Object.assign(req, extra), res } }
    const response = await answer(event)
    res.writeHead(response.status, Object.fromEntries(response.headers))
    await response.body?.pipeTo(new WritableStream({ write: (chunk) => void res.write(chunk) }))
    res.end()
  })
  servers.push(server)
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/llm`
}

const echo: Fetch = async ({ method, url, headers, body }) =>
  Response.json(
    { method, url, key: headers.get("x-api-key"), text: body && (await new Response(body).text()) },
    { status: 201 },
  )

describe("defineProxyHandler of llm-proxy/nuxt", () => {
  test("hands on method, path, headers and body, and answers with what the proxy says", async () => {
    const url = await serve(echo)
    const text = "ü".repeat(300_000)
    const answers = [
      await fetch(`${url}/v1/messages?beta=true`, { method: "POST", body: text, headers: { "x-api-key": "k" } }),
      await fetch(`${url}/v1/models`),
    ]
    expect(await Promise.all(answers.map(async (answer) => [answer.status, await answer.json()]))).toEqual([
      [201, { method: "POST", url: "http://localhost/v1/messages?beta=true", key: "k", text }],
      [201, { method: "GET", url: "http://localhost/v1/models", key: null, text: null }],
    ])
  })

  test.each<[string, Extra, string]>([
    ["h3's readBody has read", { [Symbol.for("h3RawBody")]: Promise.resolve(Buffer.from("read")) }, "read"],
    ["a platform hands over as bytes", { rawBody: new TextEncoder().encode("bytes") }, "bytes"],
    ["a platform hands over as text", { body: "text" }, "text"],
    ["a platform has parsed", { body: { parsed: true } }, '{"parsed":true}'],
  ])("a body that %s arrives", async (_, extra, text) => {
    const url = await serve(echo, extra)
    const answer = await fetch(url, { method: "POST", body: "unread" })
    expect(await answer.json()).toMatchObject({ text })
  })

  test("a platform that is not Node has no body but what it hands over", async () => {
    const url = await serve(echo, { __unenv__: true })
    const answer = await fetch(url, { method: "POST", body: "unread" })
    expect(await answer.json()).toMatchObject({ text: null })
  })

  test("where the platform has the request itself, that is what arrives", async () => {
    const request = new Request("http://example.org/api/llm/v1/messages", { method: "POST", body: "its own" })
    const answer = defineProxyHandler("/api/llm", () => ({ fetch: echo }))
    const res = { writableEnded: false, destroyed: false, writableNeedDrain: false, once: () => {}, off: () => {} }
    const response = await answer({ method: "POST", path: "/", web: { request }, node: { req: { headers: {} }, res } })
    expect(await response.json()).toMatchObject({ url: "http://example.org/v1/messages", text: "its own" })
  })

  test("a client that leaves aborts the request and cancels the answer", async () => {
    const seen: string[] = []
    const url = await serve(({ signal }) => {
      signal.addEventListener("abort", () => seen.push("aborted"))
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("begun")),
        cancel: () => void seen.push("cancelled"),
      })
      return new Response(body)
    })
    const leave = new AbortController()
    const { body } = await fetch(url, { signal: leave.signal })
    await body?.getReader().read()
    leave.abort()
    await vi.waitUntil(() => seen.length === 2)
    expect(seen.toSorted()).toEqual(["aborted", "cancelled"])
  })

  test("an answer is made no faster than its client reads", async () => {
    let made = 0
    const url = await serve(() => {
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
        if (++made > 400) return controller.close()
        controller.enqueue(new Uint8Array(65_536))
      }
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
    })
    const { body } = await fetch(url)
    let before = -1
    await vi.waitUntil(() => {
      const rests = before === made
      before = made
      return rests && made > 0
    }, { interval: 100 })
    expect(made).toBeLessThan(400)
    const { byteLength } = await new Response(body).arrayBuffer()
    expect([byteLength, made]).toEqual([400 * 65_536, 401])
  })
})
