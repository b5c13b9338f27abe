/** limit: who may ask how much, what a refusal says, and what an answer gives back when it is over. */
import { createHash } from "node:crypto"
import { createStorage, type Storage } from "unstorage"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import limit from "../../plugins/limit.ts"
import { createCounters } from "../../src/state/counters.ts"
import { SILENT } from "../../src/log.ts"
import { openStorage } from "../../src/node/storage.ts"
import { validateOptions, type Plugin } from "../../src/plugin/plugin.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { controlled, error, json, startBackend, type Controlled, type ScriptedBackend, type Script } from "../_backend.ts"
import { delta, KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { hasRedis, startRedis, type TestRedis } from "../_redis.ts"

const NOON = Date.parse("2026-11-23T12:00:37Z")
const OTHER = "sk-other-test-key"

let backend: ScriptedBackend
const proxies: TestProxy[] = []
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"], now: NOON })
  backend = await startBackend()
})
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
  await backend.close()
  vi.useRealTimers()
})

async function start(options: object, storage?: Storage): Promise<TestProxy> {
  const checked = await validateOptions(limit as Plugin, options)
  if (!("options" in checked)) throw new Error(JSON.stringify(checked.issues))
  const proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "one" }, "big-*": { backend: "b", model: "two" }, a: { backend: "a", model: "x" } },
      backends: { b: { base_url: backend.url, api: "chat" }, a: { base_url: backend.url, api: "anthropic" } },
      keys: [
        { name: "test", key: KEY },
        { name: "other", key: OTHER },
      ],
    },
    { plugins: [{ plugin: limit as Plugin, options: checked.options }], ...(storage && { storage }) },
  )
  proxies.push(proxy)
  return proxy
}

function answer(prompt_tokens = 12, completion_tokens = 3): Script {
  const choices = [{ message: { content: "the answer" }, finish_reason: "stop" }]
  return json(200, { choices, usage: { prompt_tokens, completion_tokens } })
}

/** What an answer says of limits, and why it was refused. */
async function told(response: Response): Promise<object> {
  const headers = [...response.headers].filter(([name]) => /^(anthropic-ratelimit-|retry-after|x-should)/.test(name))
  const body = (await response.json()) as { error?: { type: string; message: string } }
  return { status: response.status, ...Object.fromEntries(headers), ...(body.error && { [body.error.type]: body.error.message }) }
}

const RESET = "2026-11-23T12:01:00Z"
function left(kind: string, limit: number, remaining: number, reset = RESET): object {
  const name = `anthropic-ratelimit-${kind}`
  return { [`${name}-limit`]: String(limit), [`${name}-remaining`]: String(remaining), [`${name}-reset`]: reset }
}

describe("requests a minute", () => {
  test("those beyond are refused until the minute is over, and no backend is asked", async () => {
    const proxy = await start({ default: { requests: 2 } })
    backend.play(answer(), answer(), answer())
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200, ...left("requests", 2, 1) })
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200, ...left("requests", 2, 0) })
    const refusal = { status: 429, "retry-after": "23", rate_limit_error: "this key has reached its limit of requests a minute (2)" }
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ ...refusal, ...left("requests", 2, 0) })
    expect(backend.asked).toHaveLength(2)
    vi.setSystemTime(Date.parse(RESET))
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200, ...left("requests", 2, 1, "2026-11-23T12:02:00Z") })
  })

  test("each key has its own, and a key that is named has its own limits", async () => {
    const proxy = await start({ default: { requests: 1, concurrent: 5 }, keys: { other: { requests: 3 } } })
    backend.play(answer(), answer())
    await proxy.send({ model: "m" })
    expect(await told(await proxy.send({ model: "m" }, { "x-api-key": OTHER }))).toEqual({ status: 200, ...left("requests", 3, 2) })
    expect((await proxy.send({ model: "m" })).status).toBe(429)
  })

  test("a model's are counted beside the key's; the tighter one is told, and the refused request costs neither", async () => {
    const proxy = await start({ default: { requests: 9, models: { "big-*": { requests: 1 } } } })
    backend.play(answer(), answer())
    expect(await told(await proxy.send({ model: "big-1" }))).toEqual({ status: 200, ...left("requests", 1, 0) })
    expect(await told(await proxy.send({ model: "big-2" }))).toEqual({
      status: 429,
      "retry-after": "23",
      rate_limit_error: "this key has reached its limit of requests a minute for big-* (1)",
      ...left("requests", 1, 0),
    })
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200, ...left("requests", 9, 7) })
    const narrow = await start({ default: { requests: 2, models: { "big-*": { requests: 5 } } } })
    backend.play(answer())
    expect(await told(await narrow.send({ model: "big-1" }))).toEqual({ status: 200, ...left("requests", 2, 1) })
  })

  test("models and counts are asked for without limit", async () => {
    const proxy = await start({ default: { requests: 1 } })
    const count = { method: "POST", body: { model: "m", messages: [{ role: "user", content: "Hi" }] } }
    for (const response of [await proxy.ask("/v1/messages/count_tokens", count), await proxy.ask("/v1/models")]) {
      expect([response.status, response.headers.get("anthropic-ratelimit-requests-limit")]).toEqual([200, null])
    }
    backend.play(answer())
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200, ...left("requests", 1, 0) })
  })

  test("what a backend of Anthropic's tells of the same limit is not the client's affair", async () => {
    const proxy = await start({ default: { requests: 5 } })
    const usage = { input_tokens: 1, output_tokens: 1 }
    const body = { id: "msg_1", type: "message", role: "assistant", model: "x", content: [], stop_reason: "end_turn", usage }
    backend.play(json(200, body, { "anthropic-ratelimit-requests-remaining": "4000" }))
    expect(await told(await proxy.send({ model: "a" }))).toEqual({ status: 200, ...left("requests", 5, 4) })
  })
})

describe("tokens a minute", () => {
  test("are taken by estimate, and put right by what the backend counted", async () => {
    const proxy = await start({ default: { input_tokens: 1000, tokens: 2000 } })
    backend.play(answer(900, 50), answer(1, 1))
    // 40 characters and framing: 14
    const messages = [{ role: "user", content: "x".repeat(40) }]
    expect(await told(await proxy.send({ model: "m", messages }))).toEqual({
      status: 200,
      ...left("input-tokens", 1000, 986),
      ...left("tokens", 2000, 1986),
    })
    expect(await told(await proxy.send({ model: "m", messages }))).toEqual({
      status: 200,
      ...left("input-tokens", 1000, 86),
      ...left("tokens", 2000, 1036),
    })
    const long = [{ role: "user", content: "x".repeat(400) }]
    expect(await told(await proxy.send({ model: "m", messages: long }))).toEqual({
      status: 429,
      "retry-after": "23",
      rate_limit_error: "this key has reached its limit of input tokens a minute (1000): 99 are left, and this request takes about 104",
      ...left("input-tokens", 1000, 99),
      ...left("tokens", 2000, 944),
    })
    expect(backend.asked).toHaveLength(2)
  })

  test("a request that is larger than the limit is told not to come again", async () => {
    const proxy = await start({ default: { tokens: 50 } })
    const messages = [{ role: "user", content: "x".repeat(400) }]
    expect(await told(await proxy.send({ model: "m", messages }))).toEqual({
      status: 429,
      "x-should-retry": "false",
      rate_limit_error: "this key has reached its limit of tokens a minute (50): 50 are left, and this request takes about 104",
      ...left("tokens", 50, 50),
    })
  })

  test("an answer's count when it is over, in the minute in which it ends", async () => {
    const proxy = await start({ default: { output_tokens: 40 } })
    backend.play(answer(5, 60), answer(5, 1))
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200, ...left("output-tokens", 40, 40) })
    const refusal = { status: 429, "retry-after": "23", rate_limit_error: "this key has reached its limit of output tokens a minute (40)" }
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ ...refusal, ...left("output-tokens", 40, 0) })
    vi.setSystemTime(Date.parse(RESET))
    expect((await proxy.send({ model: "m" })).status).toBe(200)
  })

  test("what was taken too much of a minute that is over is no credit for the next", async () => {
    const proxy = await start({ default: { input_tokens: 1000 } })
    const slow = controlled()
    backend.play(slow, answer(5, 1))
    const running = proxy.send({ model: "m", stream: true, messages: [{ role: "user", content: "x".repeat(2000) }] })
    await slow.opened
    vi.setSystemTime(Date.parse(RESET))
    slow.push({ ...delta({ content: "end" }, "stop"), usage: { prompt_tokens: 1, completion_tokens: 1 } })
    slow.end()
    await (await running).text()
    expect(await told(await proxy.send({ model: "m" }))).toMatchObject({ "anthropic-ratelimit-input-tokens-remaining": "994" })
  })

  test("a request that fails before its answer gives them back", async () => {
    const proxy = await start({ default: { input_tokens: 1000, requests: 10 } })
    backend.play(error(500, "no"), answer())
    await proxy.send({ model: "m" })
    expect(await told(await proxy.send({ model: "m" }))).toEqual({
      status: 200,
      ...left("input-tokens", 1000, 994),
      ...left("requests", 10, 8),
    })
  })

  test("an answer whose client leaves counts as far as it came", async () => {
    const proxy = await start({ default: { output_tokens: 100 } })
    const stream = controlled()
    backend.play(stream, answer())
    const leave = new AbortController()
    const response = await Promise.all([
      proxy.send({ model: "m", stream: true }, undefined, leave.signal),
      stream.opened.then(() => stream.push(delta({ content: "x".repeat(120) }))),
    ])
    await response[0].body?.getReader().read()
    leave.abort()
    await stream.closed
    await vi.waitFor(async () => expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200, ...left("output-tokens", 100, 70) }))
  })
})

describe("answers at the same time", () => {
  /** A stream that runs, and what it takes to end it. */
  async function open(proxy: TestProxy, signal?: AbortSignal): Promise<{ stream: Controlled; response: Response }> {
    const stream = controlled()
    backend.play(stream)
    const asking = proxy.send({ model: "m", stream: true }, undefined, signal)
    await stream.opened
    stream.push(delta({ content: "a" }))
    return { stream, response: await asking }
  }

  test("those beyond are refused until one has ended", async () => {
    const proxy = await start({ default: { concurrent: 1 } })
    const { stream, response } = await open(proxy)
    const rate_limit_error = "this key has reached its limit of answers running at the same time (1)"
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 429, "retry-after": "5", rate_limit_error })
    stream.push(delta({}, "stop"))
    stream.end()
    await response.text()
    backend.play(answer())
    expect(await told(await proxy.send({ model: "m" }))).toEqual({ status: 200 })
  })

  test("whatever ends a request gives its place back", async () => {
    const proxy = await start({ default: { concurrent: 1 } })
    backend.play(error(500, "no"), json(200, {}), answer(), answer())
    const sent = [
      () => proxy.send({ model: "m" }), // the backend fails
      () => proxy.send({ model: "m" }), // the backend says nothing
      () => proxy.send({ model: "gone" }), // no such model
      () => proxy.send({ model: "m", messages: 7 }), // no request
      () => proxy.ask("/v1/messages", { body: "{" }), // no JSON
      () => proxy.send({ model: "m" }),
      () => proxy.send({ model: "m" }),
    ]
    const statuses: number[] = []
    for (const send of sent) {
      const response = await send()
      await response.text()
      statuses.push(response.status)
    }
    expect(statuses).toEqual([500, 502, 404, 400, 400, 200, 200])
  })

  test("a hundred clients that leave, half of them before the first event, leave nothing behind", async () => {
    const storage = createStorage()
    const proxy = await start({ default: { concurrent: 100 } }, storage)
    const leave = new AbortController()
    const silent = Array.from({ length: 50 }, () => controlled())
    backend.play(...silent)
    const gone = silent.map(() => proxy.send({ model: "m", stream: true }, undefined, leave.signal).catch(() => "left"))
    await Promise.all(silent.map(({ opened }) => opened))
    for (let n = 0; n < 50; n++) await open(proxy, leave.signal)
    const id = createHash("sha256").update(JSON.stringify(["test", ""])).digest("hex")
    const counters = createCounters(storage, "plugin:limit", SILENT)
    const slot = Math.floor(NOON / 30_000)
    const running = () => Promise.all([slot, slot + 1].map((at) => counters.get(`${id}-running-${at}`)))
    expect(await running()).toEqual([100, 100])
    leave.abort()
    expect(await Promise.all(gone)).toEqual(silent.map(() => "left"))
    await vi.waitFor(async () => expect(await running()).toEqual([0, 0]))
  })

  test("an answer that runs for minutes keeps its place", async () => {
    const proxy = await start({ default: { concurrent: 1 } })
    const { stream, response } = await open(proxy)
    for (let n = 0; n < 10; n++) await vi.advanceTimersByTimeAsync(30_000)
    expect((await proxy.send({ model: "m" })).status).toBe(429)
    stream.push(delta({}, "stop"))
    stream.end()
    await response.text()
    backend.play(answer())
    expect((await proxy.send({ model: "m" })).status).toBe(200)
  })
})

describe.runIf(hasRedis)("two processes on one Redis", () => {
  let redis: TestRedis
  const storages: Storage[] = []
  const openRedis = async (): Promise<Storage> => {
    const storage = await openStorage({ limit: { driver: "redis", url: redis.url } }, "/nowhere", ({ message }) => message)
    storages.push(storage)
    return storage
  }
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
    for (const storage of storages.splice(0)) await storage.dispose()
    await redis.close()
  })

  test("hold one limit exactly, of 200 requests at once", async () => {
    const both = [await start({ default: { requests: 60 } }, await openRedis()), await start({ default: { requests: 60 } }, await openRedis())]
    backend.play(...Array.from({ length: 200 }, () => answer()))
    const statuses = Array.from({ length: 200 }, async (_, n) => (await both[n % 2]?.send({ model: "m" }))?.status)
    const passed = (await Promise.all(statuses)).filter((status) => status === 200)
    expect([passed.length, backend.asked.length]).toEqual([60, 60])
  })

  test("share the places of running answers, also with a process that takes over after half minutes", async () => {
    const options = { default: { concurrent: 10 } }
    const [one, two] = [await start(options, await openRedis()), await start(options, await openRedis())]
    const streams = Array.from({ length: 40 }, () => controlled())
    backend.play(...streams)
    const asking = Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).send({ model: "m", stream: true }))
    for (const stream of streams.slice(0, 10)) {
      await stream.opened
      stream.push(delta({ content: "a" }))
    }
    const responses = await Promise.all(asking)
    const running = responses.filter(({ status }) => status === 200)
    expect([running.length, backend.asked.length]).toEqual([10, 10])
    await vi.advanceTimersByTimeAsync(90_000)
    expect((await two.send({ model: "m" })).status).toBe(429)
    for (const stream of streams.slice(0, 10)) {
      stream.push(delta({}, "stop"))
      stream.end()
    }
    await Promise.all(running.map((response) => response.text()))
    const late = two.send({ model: "m", stream: true })
    await streams[10]?.opened
    streams[10]?.push(delta({}, "stop"))
    streams[10]?.end()
    expect((await late).status).toBe(200)
  })

  test("one that does not answer any more holds nobody back for long", async () => {
    const proxy = await start({ default: { requests: 5, concurrent: 5 } }, await openRedis())
    backend.play(answer(), answer())
    expect((await proxy.send({ model: "m" })).status).toBe(200)
    redis.hang()
    expect((await proxy.send({ model: "m" })).status).toBe(200)
    expect(proxy.lines.join("\n")).toContain("counting in this process alone")
  })
})

describe("mistakes", () => {
  test("a model that the config does not have", async () => {
    await expect(start({ keys: { test: { models: { "huge-*": { requests: 1 } } } } })).rejects.toThrow(
      'plugin limit: keys.test.models: the config has no model "huge-*"; it has m, big-*, a',
    )
  })

  test("a key that the config does not have is warned of", async () => {
    const { lines } = await start({ keys: { tset: { requests: 1 } } })
    expect(lines).toContainEqual(expect.stringMatching(/warn  limits for a key that the config has not plugin=limit key=tset$/))
  })

  test("a limit that is no number", async () => {
    expect(await validateOptions(limit as Plugin, { default: { requests: 0 } })).toEqual({
      issues: [{ path: ["default", "requests"], message: "must be a whole number above 0" }],
    })
  })
})

test("it keeps to what stages promise", async () => {
  vi.useRealTimers()
  const limits = { requests: 900, tokens: 900_000, concurrent: 90 }
  expect(await testPlugin(limit, { default: { ...limits, models: { m: limits } } }, ["m"])).toEqual([])
})
