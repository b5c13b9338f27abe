import { EventEmitter } from "node:events"
import { afterEach, describe, expect, test, vi } from "vitest"
import { DEMO_CONFIG, HELLO, KEY } from "./_mounted.ts"
import { createProxy, type Proxy } from "../src/proxy.ts"
import { defineProxyHandler } from "../src/embed/nitro.ts"

afterEach(() => vi.restoreAllMocks())

describe("defineProxyHandler of llm-proxy/nitro", () => {
  const at = (path: string, init?: RequestInit) => ({ req: new Request(`http://localhost${path}`, init) })

  test("takes the path it is mounted at off, with and without a slash at its end", async () => {
    const told = ["/llm", "/llm/", "/", ""].map(async (base) => {
      const answer = defineProxyHandler(base, () => ({ fetch: ({ url }) => new Response(url) }))
      return (await answer(at("/llm/v1/models?limit=1"))).text()
    })
    expect(await Promise.all(told)).toEqual([
      "http://localhost/v1/models?limit=1",
      "http://localhost/v1/models?limit=1",
      "http://localhost/llm/v1/models?limit=1",
      "http://localhost/llm/v1/models?limit=1",
    ])
  })

  test("a proxy answers below it, and its errors are its own", async () => {
    const answer = defineProxyHandler("/llm", () => createProxy(DEMO_CONFIG))
    const answers = [
      await answer(at("/llm/v1/messages", { method: "POST", body: HELLO, headers: { "x-api-key": KEY } })),
      await answer(at("/llm/v1/nothing")),
      await answer(at("/elsewhere")),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 404])
    expect(await answers[2]?.json()).toMatchObject({ error: { message: "there is no /elsewhere here" } })
  })

  test("requests that come together share one proxy", async () => {
    const open = vi.fn<(event: { req: Request }) => Promise<Proxy>>(async () => createProxy(DEMO_CONFIG))
    const answer = defineProxyHandler("/llm", open)
    const first = at("/llm/health")
    await Promise.all([answer(first), answer(at("/llm/health"))])
    await answer(at("/llm/health"))
    expect(open.mock.calls).toEqual([[first]])
  })

  test("a proxy that cannot be opened is told in Anthropic's shape, and opened by the next request", async () => {
    const complain = vi.spyOn(console, "error").mockReturnValue()
    let config = {}
    const answer = defineProxyHandler("/llm", () => createProxy({ ...DEMO_CONFIG, ...config }))
    config = { keys: [{ name: "app", key: "" }] }
    const refused = await answer(at("/llm/health"))
    const id = refused.headers.get("request-id")
    const error = { type: "api_error", message: "the proxy cannot be opened; the server's log says why" }
    expect([refused.status, await refused.json()]).toEqual([500, { type: "error", error, request_id: id }])
    expect(String(complain.mock.calls[0])).toMatch(/^llm-proxy: the proxy cannot be opened.*\n.*keys\.0\.key/)
    config = {}
    expect((await answer(at("/llm/health"))).status).toBe(200)
  })

  describe("on Node, where srvx 0.8 aborts a request that has been read,", () => {
    const askWith = async (writableEnded: boolean) => {
      const res = Object.assign(new EventEmitter(), { writableEnded, destroyed: false })
      const read = new Request("http://localhost/llm/", { method: "POST", body: "read", signal: AbortSignal.abort() })
      const told = Promise.withResolvers<Request>()
      const fetch = async (request: Request) => (told.resolve(request), new Response())
      const answer = defineProxyHandler("/llm", () => ({ fetch }))
      await answer({ req: Object.assign(read, { runtime: { node: { res } }, ip: "127.0.0.1" }) })
      return { res, request: await told.promise }
    }

    test("the signal is the answer's", async () => {
      const { res, request } = await askWith(false)
      expect(request.signal.aborted).toBe(false)
      res.emit("close")
      expect(request.signal.reason).toMatchObject({ name: "AbortError" })
    })

    test("an answer that is over aborts nothing", async () => {
      const { res, request } = await askWith(true)
      res.emit("close")
      expect(request.signal.aborted).toBe(false)
    })

    test("all else of the request is as it was", async () => {
      const { request } = await askWith(false)
      expect([request.method, Reflect.get(request, "ip"), await request.text()]).toEqual(["POST", "127.0.0.1", "read"])
    })
  })
})
