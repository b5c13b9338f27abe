/** budget: what answers cost, what is refused when it is spent, and when that is over. */
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createStorage, type Storage } from "unstorage"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import budget from "../../plugins/budget.ts"
import { openStorage } from "../../src/node/storage.ts"
import { validateOptions, type Plugin } from "../../src/plugin/plugin.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled, error, json, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { hasRedis, startRedis } from "../_redis.ts"
import { use } from "./_models.ts"

const OTHER = "sk-other-test-key"
/** A token in costs 3 millionths of a dollar, a token out 15. */
const PRICES = { m: { input: 3, output: 15, cache_read: 0.3 } }

let backend: ScriptedBackend
const proxies: TestProxy[] = []
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-29T23:00:00Z") })
  backend = await startBackend()
})
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
  await backend.close()
  vi.useRealTimers()
})

async function start(options: object, storage: Storage = createStorage()): Promise<TestProxy> {
  const proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "one" }, "big-*": { backend: "b", model: "two" } },
      backends: { b: { base_url: backend.url, api: "chat" } },
      keys: [
        { name: "test", key: KEY },
        { name: "other", key: OTHER },
      ],
    },
    { plugins: [await use(budget as Plugin, options)], storage },
  )
  proxies.push(proxy)
  return proxy
}

function answer(prompt_tokens: number, completion_tokens: number, cached_tokens = 0): Script {
  const choices = [{ message: { content: "the answer" }, finish_reason: "stop" }]
  return json(200, { choices, usage: { prompt_tokens, completion_tokens, prompt_tokens_details: { cached_tokens } } })
}

/** What an answer says of the budget, and why it was refused. */
async function told(response: Response): Promise<object> {
  const headers = [...response.headers].filter(([name]) => /^(x-llm-proxy-budget|retry-after|x-should)/.test(name))
  const { error } = (await response.json()) as { error?: { type: string; message: string } }
  const names = headers.map(([name, value]) => [name.replace("x-llm-proxy-budget-", ""), value])
  return { status: response.status, ...Object.fromEntries(names), ...(error && { [error.type]: error.message }) }
}
const ask = async (proxy: TestProxy, model = "m", key = KEY): Promise<object> => told(await proxy.send({ model }, { "x-api-key": key }))

describe("a budget", () => {
  test("is spent by what answers cost, and nothing is asked when it is spent, until the day is over", async () => {
    const proxy = await start({ prices: PRICES, default: { daily_usd: 0.01 } })
    backend.play(answer(1000, 100), answer(1000, 300, 500), answer(1, 1))
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_usd=0.01" })
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_usd=0.0055" }) // less 3000 and 1500
    expect(await ask(proxy)).toEqual({
      status: 402, // less 1500, 150 and 4500
      remaining: "daily_usd=0.00",
      "x-should-retry": "false",
      billing_error: 'the budget daily_usd of key "test" ($0.01) is spent; it is renewed at 2026-11-30T00:00:00Z',
    })
    expect(backend.asked).toHaveLength(2)
    vi.setSystemTime(Date.parse("2026-11-30T00:00:00Z"))
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_usd=0.01" })
  })

  test("of a month is over with the month; of two that are spent the longer one is told", async () => {
    const proxy = await start({ prices: PRICES, status: 429, default: { daily_usd: 0.00001, monthly_usd: 0.00001 } })
    backend.play(answer(9, 9), answer(1, 1))
    await ask(proxy)
    const refusal = {
      status: 429,
      remaining: "daily_usd=0.00, monthly_usd=0.00",
      rate_limit_error: 'the budget monthly_usd of key "test" ($0.00001) is spent; it is renewed at 2026-12-01T00:00:00Z',
    }
    expect(await ask(proxy)).toEqual({ ...refusal, "retry-after": String(25 * 3600) })
    vi.setSystemTime(Date.parse("2026-11-30T12:00:00Z"))
    const remaining = "daily_usd=0.00001, monthly_usd=0.00"
    expect(await ask(proxy)).toEqual({ ...refusal, remaining, "retry-after": String(12 * 3600) })
    vi.setSystemTime(Date.parse("2026-12-01T00:00:00Z"))
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_usd=0.00001, monthly_usd=0.00001" })
  })

  test("of tokens needs no price, and cached tokens are tokens", async () => {
    const proxy = await start({ default: { daily_tokens: 100, monthly_tokens: 1000 } })
    backend.play(answer(60, 30, 40), answer(5, 5))
    await ask(proxy)
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_tokens=10, monthly_tokens=910" })
    expect(await ask(proxy)).toMatchObject({ status: 402, remaining: "daily_tokens=0, monthly_tokens=900" })
  })

  test("is each key's own, and a key that is named has its own budgets", async () => {
    const proxy = await start({ default: { daily_tokens: 10 }, keys: { other: { daily_tokens: 500 } } })
    backend.play(answer(8, 8), answer(8, 8))
    await ask(proxy)
    await ask(proxy, "m", OTHER)
    expect(await ask(proxy, "m", OTHER)).toMatchObject({ remaining: "daily_tokens=484" })
    expect(await ask(proxy)).toMatchObject({ status: 402 })
  })

  test("that is spent keeps nobody from looking at models and from counting", async () => {
    const proxy = await start({ default: { daily_tokens: 1 } })
    backend.play(answer(8, 8))
    await ask(proxy)
    const count = { method: "POST", body: { model: "m", messages: [{ role: "user", content: "Hi" }] } }
    const statuses = [(await proxy.ask("/v1/models")).status, (await proxy.ask("/v1/messages/count_tokens", count)).status]
    expect([...statuses, (await proxy.send({ model: "m" })).status]).toEqual([200, 200, 402])
  })
})

describe("what an answer costs that is not complete", () => {
  const tokens = { default: { daily_tokens: 1000 } }

  test("one that breaks off: what had come, by estimate where nothing was told", async () => {
    const proxy = await start(tokens)
    backend.play(chunks([delta({ content: "x".repeat(400) })], { done: false }), answer(1, 1))
    await (await proxy.send({ model: "m", stream: true })).text()
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_tokens=894" }) // 6 in, 100 out
  })

  test("one whose client leaves in the middle: the same", async () => {
    const proxy = await start(tokens)
    const stream = controlled()
    backend.play(stream)
    const leave = new AbortController()
    const asking = proxy.send({ model: "m", stream: true }, undefined, leave.signal)
    await stream.opened
    stream.push(delta({ content: "x".repeat(400) }))
    await (await asking).body?.getReader().read()
    leave.abort()
    await stream.closed
    backend.play(answer(0, 0), answer(0, 0), answer(0, 0))
    await vi.waitFor(async () => expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_tokens=894" }))
  })

  test("one whose client leaves before it begins: the prompt", async () => {
    const proxy = await start(tokens)
    const stream = controlled()
    backend.play(stream)
    const leave = new AbortController()
    const asking = proxy.send({ model: "m", stream: true }, undefined, leave.signal).catch(() => "left")
    await stream.opened
    leave.abort()
    expect(await asking).toBe("left")
    await stream.closed
    backend.play(answer(0, 0), answer(0, 0), answer(0, 0))
    await vi.waitFor(async () => expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_tokens=994" }))
  })

  test("a request that the backend refuses costs nothing", async () => {
    const proxy = await start(tokens)
    backend.play(error(500, "no"), answer(1, 1))
    await ask(proxy)
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_tokens=1000" })
  })

  test("one that begins within the budget is let finish, and costs the day on which it ends", async () => {
    const proxy = await start({ default: { daily_tokens: 10 } })
    const stream = controlled()
    backend.play(stream, answer(20, 20))
    const running = proxy.send({ model: "m", stream: true })
    await stream.opened
    stream.push(delta({ content: "a" }))
    const response = await running
    await ask(proxy)
    expect(await ask(proxy)).toMatchObject({ status: 402 })
    vi.setSystemTime(Date.parse("2026-11-30T00:00:00Z"))
    stream.push({ ...delta({}, "stop"), usage: { prompt_tokens: 30, completion_tokens: 1 } })
    stream.end()
    expect(await response.text()).toContain("message_stop")
    expect(await ask(proxy)).toMatchObject({ status: 402, remaining: "daily_tokens=0" })
  })
})

describe("prices", () => {
  const cost = async (prices: object, model: string): Promise<number> => {
    const proxy = await start({ prices, default: { daily_usd: 1 } })
    backend.play(answer(1, 0), answer(1, 0))
    await ask(proxy, model)
    const { remaining } = (await ask(proxy, model)) as { remaining: string }
    return Math.round((1 - Number(remaining.replace("daily_usd=", ""))) * 1e6)
  }
  const of = (input: number) => ({ input, output: 0 })

  test.each([
    ["the name in the config", { m: of(7), "b/*": of(5), "*": of(3) }, "m", 7],
    ["backend and model there", { "b/one": of(5), m: of(7) }, "m", 5],
    ["a pattern of a backend before a shorter one", { "*": of(3), "b/*": of(5) }, "m", 5],
    ["a longer pattern of names before one of a backend", { "big-*": of(7), "b/*": of(5) }, "big-1", 7],
    ["every model's", { "*": of(3) }, "m", 3],
    ["less than a millionth is one", { "*": of(0.1) }, "m", 1],
    ["nothing is nothing", { "*": of(0) }, "m", 0],
  ])("%s", async (_, prices, model, expected) => {
    expect(await cost(prices, model)).toBe(expected)
  })

  test("a model without one is refused to keys with a budget in dollars, before a backend is asked", async () => {
    const proxy = await start({ prices: PRICES, default: { daily_tokens: 9 }, keys: { test: { daily_usd: 1 } } })
    backend.play(answer(1, 1))
    expect(await ask(proxy, "big-1")).toEqual({
      status: 403,
      remaining: "daily_usd=1.00, daily_tokens=9",
      permission_error: "model: big-1 has no price, and this key has a budget",
    })
    expect(backend.asked).toEqual([])
    expect(await ask(proxy, "big-1", OTHER)).toMatchObject({ status: 200 })
  })

  test("or is free, which is said once", async () => {
    const proxy = await start({ unpriced: "free", default: { daily_usd: 1 } })
    backend.play(answer(9, 9), answer(9, 9))
    await ask(proxy)
    expect(await ask(proxy)).toEqual({ status: 200, remaining: "daily_usd=1.00" })
    expect(proxy.lines.filter((line) => line.includes("a model without a price is free"))).toEqual([
      expect.stringMatching(/warn .* model=b\/one$/),
    ])
  })
})

describe("what is spent outlives", () => {
  const options = { prices: PRICES, default: { daily_usd: 0.01 } }

  test("a restart, where the storage does", async () => {
    const base = await mkdtemp(join(tmpdir(), "llm-proxy-budget-"))
    const open = () => openStorage({ default: { driver: "fs-lite", base } }, "/nowhere", ({ message }) => message)
    const before = await start(options, await open())
    backend.play(answer(1000, 100), answer(1, 1))
    await ask(before)
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
    expect(await ask(await start(options, await open()))).toEqual({ status: 200, remaining: "daily_usd=0.0055" })
  })

  test.runIf(hasRedis)("and is one budget for two processes on one Redis, with answers that end at once", async () => {
    const redis = await startRedis()
    const open = () => openStorage({ budget: { driver: "redis", url: redis.url } }, "/nowhere", ({ message }) => message)
    const storages = [await open(), await open()]
    const both = [await start(options, storages[0]), await start(options, storages[1])]
    backend.play(...Array.from({ length: 41 }, () => answer(10, 10)))
    await Promise.all(Array.from({ length: 40 }, (_, n) => both[n % 2]?.send({ model: "m" }).then((response) => response.text())))
    expect(await told(await both[0]?.send({ model: "m" }) ?? new Response())).toEqual({ status: 200, remaining: "daily_usd=0.0028" })
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
    for (const storage of storages) await storage.dispose()
    await redis.close()
  })
})

describe("mistakes", () => {
  test("a price for a model that the config does not have", async () => {
    await expect(start({ prices: { "gpt-*": { input: 1, output: 1 } } })).rejects.toThrow(
      'plugin budget: prices: the config has no model "gpt-*"; it has m, big-*, b/one, b/two',
    )
  })

  test("a key that the config does not have is warned of", async () => {
    const { lines } = await start({ keys: { tset: { daily_tokens: 1 } } })
    expect(lines).toContainEqual(expect.stringMatching(/warn  a budget for a key that the config has not plugin=budget key=tset$/))
  })

  test.each([
    [{ prices: { m: { input: -1, output: 1 } } }, ["prices", "m", "input"], "must be a number of dollars, 0 or more"],
    [{ default: { daily_usd: 0 } }, ["default", "daily_usd"], "must be a number above 0"],
    [{ status: 403 }, ["status"], "must be 402 or 429"],
    [{ unpriced: "warn" }, ["unpriced"], "must be refuse or free"],
  ])("%j", async (options, path, message) => {
    expect(await validateOptions(budget as Plugin, options)).toEqual({ issues: [{ path, message }] })
  })
})

test("it keeps to what stages promise", async () => {
  vi.useRealTimers()
  const options = { prices: { "*": { input: 1, output: 1 } }, default: { daily_usd: 50, daily_tokens: 1e9 } }
  expect(await testPlugin(budget, options, ["m"])).toEqual([])
})
