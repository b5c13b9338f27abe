import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { KEY, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy

beforeAll(async () => {
  proxy = await startProxy({
    models: {
      demo: { backend: "demo", model: "demo" },
      "claude-a": { backend: "demo", model: "demo" },
      "openai/gpt-5": { backend: "demo", model: "demo" },
      "claude-*": { backend: "demo", model: "demo" },
    },
    backends: { demo: { base_url: "demo:" } },
    keys: [
      { name: "all", key: KEY },
      { name: "narrow", key: "sk-narrow", models: ["claude-*"] },
    ],
  })
})
afterAll(() => proxy.close())

const body = { model: "demo", max_tokens: 50, messages: [{ role: "user", content: "Hello" }] }

describe("what is there", () => {
  const table: readonly [string, string, unknown, number][] = [
    ["POST", "/v1/messages", body, 200],
    ["POST", "/v1/messages?beta=true", body, 200],
    ["POST", "/v1/v1/messages", body, 200],
    ["POST", "/v1/messages/count_tokens?beta=true", body, 200],
    ["POST", "/v1/v1/messages/count_tokens", body, 200],
    ["GET", "/v1/models", undefined, 200],
    ["GET", "/v1/models?limit=1000", undefined, 200],
    ["GET", "/v1/models/claude-a", undefined, 200],
    ["GET", "/v1/v1/models/claude-a", undefined, 200],
    ["HEAD", "/v1/models", undefined, 200],
    ["POST", "/api/event_logging/batch", { events: [] }, 200],
    ["GET", "/health", undefined, 200],
    ["GET", "/health/ready", undefined, 200],
    ["HEAD", "/", undefined, 200],
    ["GET", "/", undefined, 200],
    ["HEAD", "/api/hello", undefined, 200],
    ["GET", "/nothing/here", undefined, 404],
    ["POST", "/v1/complete", body, 404],
    ["GET", "/v1/messages", undefined, 405],
    ["DELETE", "/v1/messages", undefined, 405],
    ["POST", "/v1/models", body, 405],
    ["PUT", "/health", body, 405],
    ["GET", "/v1/messages/count_tokens", undefined, 405],
  ]
  test.each(table)("%s %s", async (method, path, sent, status) => {
    const response = await proxy.ask(path, { method, ...(sent !== undefined && { body: sent }) })
    expect(response.status).toBe(status)
    expect(response.headers.get("request-id")).toMatch(/^req_[0-9a-f]{32}$/)
    if (method !== "HEAD") expect(response.headers.get("content-type")).toMatch(/^application\/json/)
    if (status >= 400) {
      expect(await response.json()).toEqual({
        type: "error",
        error: { type: status === 404 ? "not_found_error" : "invalid_request_error", message: expect.any(String) },
        request_id: response.headers.get("request-id"),
      })
    }
    if (status === 405) expect(response.headers.get("allow")).toMatch(/GET|POST/)
  })
})

describe("without a key", () => {
  const open: readonly [string, string][] = [
    ["GET", "/health"],
    ["GET", "/health/ready"],
    ["GET", "/"],
    ["HEAD", "/"],
    ["HEAD", "/api/hello"],
    ["POST", "/api/event_logging/batch"],
  ]
  test.each(open)("%s %s answers", async (method, path) => {
    const response = await proxy.ask(path, { method, headers: {}, ...(method === "POST" && { body: {} }) })
    expect(response.status).toBe(200)
  })

  const closed: readonly [string, string][] = [
    ["POST", "/v1/messages"],
    ["POST", "/v1/messages/count_tokens"],
    ["GET", "/v1/models"],
    ["GET", "/v1/models/demo"],
  ]
  test.each(closed)("%s %s is refused", async (method, path) => {
    const response = await proxy.ask(path, { method, headers: {}, ...(method === "POST" && { body }) })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ type: "error", error: { type: "authentication_error" } })
  })

  test("health says ok and nothing else, and readiness names no backend", async () => {
    expect(await (await proxy.ask("/health", { headers: {} })).json()).toEqual({ status: "ok" })
    expect(await (await proxy.ask("/health/ready", { headers: {} })).json()).toEqual({ status: "ready", generation: 1 })
  })
})

test("readiness names the backends to a key", async () => {
  const response = await proxy.ask("/health/ready")
  expect(await response.json()).toEqual({ status: "ready", generation: 1, backends: { demo: { ready: true, reason: null } } })
})

test("a key for some models sees the backends these can lead to, and whether one of them is ready", async () => {
  const some = await startProxy(
    {
      models: {
        "claude-opus-*": { backend: "cloud", model: "x" },
        "claude-sonnet-4": { backend: "demo", model: "x" },
        "claude-*": { backend: "other", model: "x" },
      },
      backends: { cloud: { base_url: "https://cloud.example" }, demo: { base_url: "demo:" }, other: { base_url: "demo:" } },
      keys: [
        { name: "opus", key: "k-opus", models: ["claude-opus-4-*"] },
        { name: "sonnet", key: "k-sonnet", models: ["claude-sonnet-4"] },
        { name: "none", key: "k-none", models: ["gpt-*"] },
      ],
    },
    { missing: new Map([["cloud", ["CLOUD_TOKEN"]]]) },
  )
  const seenBy = async (key: string): Promise<unknown> => {
    const response = await some.ask("/health/ready", { headers: { "x-api-key": key } })
    const { status, backends } = (await response.json()) as { status: string; backends?: object }
    return [response.status, status, Object.keys(backends ?? {})]
  }
  expect(await seenBy("k-opus")).toEqual([200, "ready", ["cloud", "other"]])
  expect(await seenBy("k-sonnet")).toEqual([200, "ready", ["demo"]])
  expect(await seenBy("k-none")).toEqual([503, "not_ready", []])
  expect(await seenBy("wrong")).toEqual([200, "ready", []])
  await some.close()
})

test("a backend whose variable is not set is not ready, and a request for it is told which one", async () => {
  const unready = await startProxy(
    { models: { m: { backend: "cloud", model: "x" } }, backends: { cloud: { base_url: "https://cloud.example" } } },
    { missing: new Map([["cloud", ["CLOUD_TOKEN"]]]) },
  )
  const ready = await unready.ask("/health/ready")
  expect(ready.status).toBe(503)
  expect(await ready.json()).toEqual({
    status: "not_ready",
    generation: 1,
    backends: { cloud: { ready: false, reason: "CLOUD_TOKEN not set" } },
  })
  const response = await unready.send({ model: "m" })
  expect(response.status).toBe(502)
  expect(response.headers.get("x-should-retry")).toBe("false")
  expect(await response.json()).toMatchObject({
    error: { type: "api_error", message: 'backend "cloud" is not ready: CLOUD_TOKEN is not set' },
  })
  await unready.close()
})

describe("models", () => {
  const ids = async (path: string, key = KEY): Promise<unknown> => {
    const list = (await (await proxy.ask(path, { headers: { "x-api-key": key } })).json()) as {
      data: { id: string }[]
      has_more: boolean
      first_id: string | null
      last_id: string | null
    }
    return { ids: list.data.map(({ id }) => id), more: list.has_more, first: list.first_id, last: list.last_id }
  }

  test("lists the names that are spelled out, in their order, and no patterns", async () => {
    const all = ["demo", "claude-a", "openai/gpt-5"]
    expect(await ids("/v1/models")).toEqual({ ids: all, more: false, first: "demo", last: "openai/gpt-5" })
  })

  test("lists what the key may use", async () => {
    expect(await ids("/v1/models", "sk-narrow")).toEqual({ ids: ["claude-a"], more: false, first: "claude-a", last: "claude-a" })
  })

  test("pages forwards and backwards", async () => {
    expect(await ids("/v1/models?limit=1")).toEqual({ ids: ["demo"], more: true, first: "demo", last: "demo" })
    expect(await ids("/v1/models?limit=1&after_id=demo")).toEqual({ ids: ["claude-a"], more: true, first: "claude-a", last: "claude-a" })
    expect(await ids("/v1/models?after_id=openai%2Fgpt-5")).toEqual({ ids: [], more: false, first: null, last: null })
    expect(await ids("/v1/models?limit=1&before_id=openai/gpt-5")).toEqual({ ids: ["claude-a"], more: true, first: "claude-a", last: "claude-a" })
    expect(await ids("/v1/models?before_id=demo")).toEqual({ ids: [], more: false, first: null, last: null })
  })

  test("Claude Code's discovery sees names it keeps, and may ask by them", async () => {
    const headers = { "x-api-key": KEY, "user-agent": "claude-code/2.1.330" }
    const page = await (await proxy.ask("/v1/models?limit=1000", { headers })).json()
    const seen = page.data.map(({ id, display_name }: { id: string; display_name: string }) => [id, display_name])
    expect(seen).toEqual([
      ["anthropic/demo", "demo"],
      ["claude-a", "claude-a"],
      ["anthropic/openai/gpt-5", "openai/gpt-5"],
    ])
    expect([page.first_id, page.last_id]).toEqual(["anthropic/demo", "anthropic/openai/gpt-5"])
    const one = await (await proxy.ask("/v1/models/anthropic%2Fdemo", { headers })).json()
    expect([one.id, one.display_name]).toEqual(["anthropic/demo", "demo"])
    const answer = await (await proxy.send({ model: "anthropic/demo" })).json()
    expect([answer.type, answer.model]).toEqual(["message", "anthropic/demo"])
    expect((await proxy.send({ model: "anthropic/none" })).status).toBe(404)
    expect((await proxy.send({ model: "anthropic/claude-a" })).status, "another's own name").toBe(404)
    expect((await proxy.send({ model: "anthropic/demo" }, { "x-api-key": "sk-narrow" })).status).toBe(403)
  })

  test.each(["limit=0", "limit=1001", "limit=x", "after_id=nope"])("%s is refused with its name", async (query) => {
    const response = await proxy.ask(`/v1/models?${query}`)
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: { message: string } }
    expect(error.message).toMatch(new RegExp(`^${query.split("=")[0]}: `))
  })

  test.each([
    ["openai%2Fgpt-5", "openai/gpt-5"],
    ["openai/gpt-5", "openai/gpt-5"],
    ["claude-anything%3Alatest", "claude-anything:latest"],
  ])("%s is the id %s", async (path, id) => {
    expect(await (await proxy.ask(`/v1/models/${path}`)).json()).toMatchObject({ type: "model", id, display_name: id })
  })

  test.each([
    ["unknown", 404, "not_found_error"],
    ["%E0%A4%A", 400, "invalid_request_error"],
  ])("%s is not there", async (path, status, type) => {
    const response = await proxy.ask(`/v1/models/${path}`)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ type: "error", error: { type } })
  })

  test("a key sees no model it may not use, and may not ask one", async () => {
    const headers = { "x-api-key": "sk-narrow" }
    expect((await proxy.ask("/v1/models/demo", { headers })).status).toBe(404)
    const asked = await proxy.send({ model: "demo" }, headers)
    expect(asked.status).toBe(403)
    expect(await asked.json()).toMatchObject({ error: { type: "permission_error" } })
    expect((await proxy.send({ model: "claude-zzz" }, headers)).status).toBe(200)
  })
})

test("count_tokens needs no max_tokens and asks no backend (litellm#13252)", async () => {
  const { max_tokens: _, ...counted } = body
  const response = await proxy.ask("/v1/messages/count_tokens", { body: counted })
  expect(await response.json()).toEqual({ input_tokens: expect.any(Number) })
  expect((await proxy.ask("/v1/messages/count_tokens", { body: { ...counted, model: "nope" } })).status).toBe(404)
  expect(proxy.lines.some((line) => line.includes("upstream") && line.includes("count"))).toBe(false)
})
