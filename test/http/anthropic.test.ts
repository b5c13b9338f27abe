/** Backends that speak the Messages API themselves, through a proxy that listens: what they get, and what comes back. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { fold } from "../../src/anthropic/fold.ts"
import { json, raw, startBackend, type ScriptedBackend } from "../_backend.ts"
import { eventsIn, KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { event, hello, message, usage, whole } from "./_messages.ts"

const BACKEND_KEY = "sk-backend-canary-7f3a"
const backends = (url: string) => ({
  b: { base_url: url, api: "anthropic" as const, api_key: BACKEND_KEY },
  slash: { base_url: `${url}/`, api: "anthropic" as const },
  path: { base_url: `${url.replace(/v1$/, "ai-gateway/anthropic")}/`, profile: "anthropic", api_key: BACKEND_KEY },
  version: {
    base_url: url,
    api: "anthropic" as const,
    headers: { "Anthropic-Version": "of-the-config", "anthropic-beta": "" },
  },
})

let proxy: TestProxy
let backend: ScriptedBackend

beforeEach(async () => {
  backend = await startBackend()
  const named = backends(backend.url)
  const models = Object.fromEntries(
    Object.keys(named).map((name) => [name, { backend: name, model: `model-of-${name}` }]),
  )
  proxy = await startProxy({ models, backends: named })
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

describe("a request (bifrost#2446)", () => {
  test("arrives with another model's name, and else with the bytes the client sent", async () => {
    backend.play(whole)
    const sent =
      '{ "thread": {"type":"continue"}, "max_tokens" : 100,\n "model":"b", "temperature": 1.0, "shiny": 12345678901234567890,' +
      ' "tools": [ {"type":"of_tomorrow","x":1e3} ], "messages":[{"role":"user","content":[{"type":"of_tomorrow","n":1.0}]}] }'
    const response = await proxy.ask("/v1/messages", { body: sent })
    expect(response.status).toBe(200)
    expect(backend.asked.at(-1)?.text).toBe(sent.replace('"b"', '"model-of-b"'))
  })

  test("that is damaged is refused with its path, and nobody is asked", async () => {
    const asked = backend.asked.length
    const response = await proxy.send({ model: "b", max_tokens: "100" })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { message: "max_tokens: Input should be a valid integer" } },
    ])
    expect(backend.asked.length).toBe(asked)
  })

  test("carries the proxy's key, the client's versions, and nothing else of the client", async () => {
    backend.play(whole)
    const client = {
      "x-api-key": KEY,
      authorization: "Bearer of-the-client",
      cookie: "a=b",
      "anthropic-version": "2026-10-21",
      "anthropic-beta": "x-1,y-2",
    }
    await proxy.send({ model: "b" }, client)
    const {
      host: _host,
      connection: _connection,
      "content-length": _length,
      ...headers
    } = backend.asked.at(-1)?.headers ?? {}
    expect(headers).toEqual({
      accept: "application/json, text/event-stream",
      "accept-encoding": "identity",
      "anthropic-beta": "x-1,y-2",
      "anthropic-version": "2026-10-21",
      authorization: `Bearer ${BACKEND_KEY}`,
      "content-type": "application/json",
      "user-agent": "llm-proxy",
      "x-llm-proxy-hops": expect.stringMatching(/^[0-9a-f]{32}$/),
    })
  })

  test("without a version says the one that every server knows, unless the config says another (claude-code#21767)", async () => {
    backend.play(whole, whole)
    await proxy.send({ model: "b" }, { "x-api-key": KEY })
    expect(backend.asked.at(-1)?.headers).toMatchObject({ "anthropic-version": "2023-06-01" })
    expect(backend.asked.at(-1)?.headers).not.toHaveProperty("anthropic-beta")
    await proxy.send(
      { model: "version" },
      { "x-api-key": KEY, "anthropic-version": "2026-10-21", "anthropic-beta": "x-1" },
    )
    expect(backend.asked.at(-1)?.headers).toMatchObject({
      "anthropic-version": "of-the-config",
      "anthropic-beta": "",
    })
  })

  test.each([
    ["b", "/v1/messages"],
    ["slash", "/v1/messages"],
    ["path", "/ai-gateway/anthropic/v1/messages"],
  ])("of %s goes to %s", async (model, path) => {
    backend.play(whole)
    expect((await proxy.send({ model })).status).toBe(200)
    expect(backend.asked.at(-1)?.path).toBe(path)
    expect(backend.asked.at(-1)?.body).toMatchObject({ model: `model-of-${model}` })
  })

  test("for no tokens at all is asked: it warms the backend's cache", async () => {
    backend.play(json(200, { ...message, stop_reason: "max_tokens" }))
    expect(await (await proxy.send({ model: "b", max_tokens: 0 })).json()).toMatchObject({
      stop_reason: "max_tokens",
    })
    expect(backend.asked.at(-1)?.body).toMatchObject({ max_tokens: 0 })
  })
})

describe("an answer", () => {
  test("that is whole keeps everything but the model's name", async () => {
    const content = [
      { type: "thinking", thinking: "hm", signature: "sig" },
      { type: "text", text: "a", citations: [{ type: "char_location", cited_text: "b" }] },
      { type: "of_tomorrow", n: 1 },
      { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 }, caller: { type: "direct" } },
    ]
    const said = {
      ...message,
      content,
      stop_reason: "tool_use",
      context_management: { applied_edits: [] },
      container: { id: "c" },
    }
    backend.play(
      json(200, said, { "anthropic-ratelimit-requests-remaining": "7", "request-id": "req_theirs", "x-other": "1" }),
    )
    const response = await proxy.send({ model: "b" })
    expect(await response.json()).toEqual({ ...said, model: "b" })
    expect(response.headers.get("anthropic-ratelimit-requests-remaining")).toBe("7")
    expect(response.headers.get("x-other")).toBeNull()
    expect(response.headers.get("request-id")).toMatch(/^req_(?!theirs)/)
    expect(proxy.lines.some((line) => line.includes("upstream") && line.includes("id=req_theirs"))).toBe(true)
  })

  test("that streams keeps its events, but for pings and the model's name", async () => {
    backend.play(raw(...(hello.match(/[^]{1,40}/g) ?? [])))
    const response = await proxy.send({ model: "b", stream: true })
    expect(await response.text()).toBe(
      hello.replace(event("ping"), "").replace('"model":"model-of-b"', '"model":"b"'),
    )
  })

  test("that streams to a client that does not is one Message", async () => {
    backend.play(raw(hello))
    expect(await (await proxy.send({ model: "b" })).json()).toEqual({
      ...message,
      model: "b",
      content: [{ type: "text", text: "Hello!" }],
      stop_reason: "end_turn",
      context_management: { applied_edits: [] },
      usage: { ...usage, output_tokens: 9 },
    })
  })

  test("that is whole for a client that streams is streamed", async () => {
    backend.play(whole)
    const events = eventsIn(await (await proxy.send({ model: "b", stream: true })).text())
    expect(fold(events)).toMatchObject({
      content: [{ type: "text", text: "Hello!" }],
      stop_reason: "end_turn",
      container: { id: "c" },
    })
  })
})
