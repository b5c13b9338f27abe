import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import balance from "../../plugins/balance.ts"
import fallback from "../../plugins/fallback.ts"
import { ProxyError } from "../../src/error.ts"
import { createGlobs } from "../../src/text/glob.ts"
import { validateOptions, type PluginTools } from "../../src/plugin/plugin.ts"
import { toStageList } from "../../src/plugin/setup.ts"
import { toStages, type Parsed, type Target } from "../../src/stage.ts"
import { flowOf } from "../../src/stream/flow.ts"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled } from "../_backend.ts"
import { delta, eventsIn, startProxy } from "../_proxy.ts"
import { fails, says, startModels, use, type Models } from "./_models.ts"

const PAIR = { pool: [{ model: "a" }, { model: "b" }] }

describe("in front of backends", () => {
  let models: Models
  afterEach(() => models.close())
  const start = async (scripts: Parameters<typeof startModels>[0], options: object = { models: PAIR }) => {
    models = await startModels({ pool: [], a: [], b: [], ...scripts }, [[balance, options]])
  }

  test("requests for one model are answered by several, under its name", async () => {
    await start({ a: [says("from a")], b: [says("from b")] })
    const answers = [await models.proxy.send({ model: "pool" }), await models.proxy.send({ model: "pool" })]
    const told = await Promise.all(answers.map((answer) => answer.json()))
    expect(told).toMatchObject([
      { model: "pool", content: [{ text: "from a" }] },
      { model: "pool", content: [{ text: "from b" }] },
    ])
    expect(models.counts()).toEqual({ pool: 0, a: 1, b: 1 })
  })

  test("other models are let through", async () => {
    await start({ b: [says("from b"), says("from b")] })
    await models.ask({ model: "b" })
    await models.ask({ model: "b" })
    expect(models.counts()).toEqual({ pool: 0, a: 0, b: 2 })
  })

  test("a model may be among those that answer for it, also by the name of discovery and by pattern", async () => {
    const pool = [{ model: "a", weight: 2 }, { model: "b" }]
    await start({ a: [says("1"), says("2")], b: [says("3")] }, { models: { "a*": pool } })
    for (let n = 0; n < 3; n++) await models.ask({ model: "anthropic/a" })
    expect(models.counts()).toEqual({ pool: 0, a: 2, b: 1 })
  })

  test("one that fails is the client's failure, and is left out from then on", async () => {
    await start({ a: fails(529), b: [says("1"), says("2"), says("3")] })
    expect(await models.ask({ model: "pool" })).toEqual({ status: 529, said: 'backend "a": not now', head: {} })
    for (let n = 0; n < 3; n++) await models.ask({ model: "pool" })
    expect(models.counts()).toEqual({ pool: 0, a: 1, b: 3 })
  })

  test("one that lacks a setting is left out", async () => {
    await start({ b: [says("1"), says("2")] })
    const at = (name: string) => ({ base_url: models.backends[name]?.url ?? "" })
    const backends = { x: at("a"), y: at("b") }
    const proxy = await startProxy(
      { models: { pool: { backend: "x", model: "m" }, b: { backend: "y", model: "m" } }, backends },
      {
        plugins: [await use(balance, { models: { pool: [{ model: "pool" }, { model: "b" }] } })],
        missing: new Map([["x", ["X_KEY"]]]),
      },
    )
    const statuses = [(await proxy.send({ model: "pool" })).status, (await proxy.send({ model: "pool" })).status]
    await proxy.close()
    expect([statuses, models.counts()]).toEqual([[200, 200], { pool: 0, a: 0, b: 2 }])
  })

  test("who has the fewest answers running is next, until they are over or nobody wants them", async () => {
    const [first, second] = [controlled(), controlled()]
    await start({ a: [first, says("1"), says("2")], b: [second, says("3")] }, { models: PAIR, by: "least_busy" })
    const leaving = new AbortController()
    const stays = models.proxy.send({ model: "pool", stream: true })
    await first.opened
    const goes = models.proxy.send({ model: "pool", stream: true }, undefined, leaving.signal)
    await second.opened
    first.push(delta({ content: "hi" }, "stop"))
    first.push("data: [DONE]\n\n")
    first.end()
    expect(eventsIn(await (await stays).text()).at(-1)).toEqual({ type: "message_stop" })
    await models.ask({ model: "pool" })
    await models.ask({ model: "pool" })
    expect(models.counts()).toEqual({ pool: 0, a: 3, b: 1 })

    second.push(delta({ content: "hi" }))
    await goes
    leaving.abort()
    expect(await second.closed).toBe(true)
    // Even again: whose turn it is decides.
    models.backends["a"]?.play(says("4"))
    await models.ask({ model: "pool" })
    await models.ask({ model: "pool" })
    expect(models.counts()).toEqual({ pool: 0, a: 4, b: 2 })
  })

  test("an answer that fails, before or after it has begun, is over", async () => {
    const broken = chunks([delta({ content: "half" })], { done: false })
    await start({ a: [broken, says("1")], b: [...fails(400), says("2")] }, { models: PAIR, by: "least_busy" })
    await (await models.proxy.send({ model: "pool", stream: true })).text()
    await models.ask({ model: "pool" })
    await models.ask({ model: "pool", temperature: 0.5 })
    await models.ask({ model: "pool", temperature: 0.5 })
    expect(models.counts()).toEqual({ pool: 0, a: 2, b: 2 })
  })

  test("who has failed is not busy while another answers instead", async () => {
    const spare = controlled()
    models = await startModels({ pool: [], a: [...fails(500), says("1")], b: [says("2")], spare: [spare] }, [
      [fallback, { chains: { pool: ["spare"] } }],
      [balance, { models: PAIR, by: "least_busy" }],
    ])
    const running = models.proxy.send({ model: "pool", stream: true })
    await spare.opened
    await models.ask({ model: "pool" })
    await models.ask({ model: "pool" })
    expect(models.counts()).toEqual({ pool: 0, a: 2, b: 1, spare: 1 })
    spare.push(delta({ content: "hi" }, "stop"))
    spare.end()
    await (await running).text()
  })

  test("a session that Claude Code names stays where it is, however it is told", async () => {
    const many = Array.from({ length: 40 }, () => says("hi"))
    await start({ a: many, b: many }, { models: PAIR, by: "sticky" })
    const session = (id: number) =>
      JSON.stringify({ device_id: `${Math.random()}`, account_uuid: "", session_id: `s-${id}` })
    const total = (): number => models.backends["a"]?.asked.length ?? 0
    for (let id = 0; id < 8; id++) {
      const before = total()
      await models.ask({ model: "pool", metadata: { user_id: session(id) } })
      await models.ask({ model: "pool", metadata: { user_id: session(id) } })
      await models.ask({ model: "pool" }, { "x-api-key": "sk-proxy-test-key", "x-claude-code-session-id": `s-${id}` })
      expect([0, 3]).toContain(total() - before)
    }
    const { a = 0, b = 0 } = models.counts()
    expect([a > 0, b > 0, a + b]).toEqual([true, true, 24])
  })
})

describe("who is chosen", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** The stages alone, over the models a to e. */
  async function choosing(options: object) {
    const { options: checked } = await use(balance, options)
    const backend = { name: "x", missing: [] }
    const targetOf = (model: string): Target => ({ model, backend }) as unknown as Target
    const routes = createGlobs(["pool", ..."abcde"].map((model) => [model, targetOf(model)] as const))
    const made = await balance.setup(checked as never, { models: routes } as unknown as PluginTools)
    const { route: [pick], toOpenAI: [watch] } = toStages(toStageList(made))
    if (!pick || !watch) throw new Error("there are no stages")
    const signal = new AbortController().signal
    const down = new Map<string, ProxyError>()
    return {
      down,
      /** Who is asked by these users, one after the other. */
      async ask(users: readonly (string | undefined)[], given = signal): Promise<string[]> {
        const asked: string[] = []
        for (const user_id of users) {
          const request = { model: "pool", ...(user_id && { metadata: { user_id } }) }
          const client = { name: "key" }
          const context = { signal: given, req: new Request("http://x"), client, request } as unknown as Parsed
          const next = async (c: Parsed) => {
            return watch.run({ ...c, target: targetOf(c.request.model) }, async () => {
              asked.push(c.request.model)
              const failure = down.get(c.request.model)
              if (failure) throw failure
              return flowOf<MessageEvent>([])
            })
          }
          await pick.run(context, next).catch(() => {})
        }
        return asked
      },
    }
  }
  const times = (n: number): undefined[] => Array.from({ length: n }, () => undefined)
  const users = Array.from({ length: 3000 }, (_, n) => `user-${n}`)

  test("by weight, evenly", async () => {
    const pool = [{ model: "a", weight: 3 }, { model: "b", weight: 2 }, { model: "c" }]
    const { ask } = await choosing({ models: { pool } })
    expect((await ask(times(12))).join("")).toBe("abacbaabacba")
  })

  test("whoever has failed is left out for ten seconds, unless all have", async () => {
    const { ask, down } = await choosing({ models: PAIR })
    down.set("a", new ProxyError(504, "no"))
    expect((await ask(times(4))).join("")).toBe("abbb")
    down.set("b", new ProxyError(429, "no"))
    expect((await ask(times(5))).toSorted().join("")).toBe("aabbb") // b alone, then both in turn
  })

  test("a failure is forgotten with an answer", async () => {
    const { ask, down } = await choosing({ models: PAIR })
    down.set("a", new ProxyError(504, "no")).set("b", new ProxyError(504, "no"))
    await ask(times(2))
    down.delete("a")
    expect((await ask(times(6))).slice(-4)).toEqual(["a", "a", "a", "a"])
  })

  test("a failure is forgotten after ten seconds", async () => {
    const { ask, down } = await choosing({ models: PAIR })
    down.set("a", new ProxyError(502, "no"))
    expect((await ask(times(2))).join("")).toBe("ab")
    vi.advanceTimersByTime(9999)
    expect(await ask(times(1))).toEqual(["b"])
    vi.advanceTimersByTime(1)
    down.clear()
    expect((await ask(times(4))).toSorted().join("")).toBe("aabb")
  })

  test.each([400, 403, 413, 422, 500])("a %i says nothing of the model", async (status) => {
    const { ask, down } = await choosing({ models: PAIR })
    down.set("a", new ProxyError(status, "no"))
    expect((await ask(times(4))).join("")).toBe("abab")
  })

  test("nor does a client that has left", async () => {
    const { ask, down } = await choosing({ models: PAIR })
    down.set("a", new ProxyError(502, "no"))
    expect((await ask(times(4), AbortSignal.abort())).join("")).toBe("abab")
  })

  test("sessions are spread by weight", async () => {
    const { ask } = await choosing({ by: "sticky", models: { pool: [{ model: "a", weight: 2 }, { model: "b" }] } })
    const share = (await ask(users)).filter((model) => model === "a").length / users.length
    expect(share).toBeGreaterThan(0.63)
    expect(share).toBeLessThan(0.7)
  })

  test("a model more takes its share of the sessions, and moves no others", async () => {
    const pool = (names: string) => ({ by: "sticky", models: { pool: [...names].map((model) => ({ model })) } })
    const before = await (await choosing(pool("abcd"))).ask(users)
    const after = await (await choosing(pool("abcde"))).ask(users)
    const moved = after.filter((model, n) => model !== before[n])
    expect(new Set(moved)).toEqual(new Set(["e"]))
    expect(moved.length / users.length).toBeGreaterThan(0.17)
    expect(moved.length / users.length).toBeLessThan(0.23)
  })

  test("a session moves while its model is failing, and comes back", async () => {
    const { ask, down } = await choosing({ by: "sticky", models: PAIR })
    const [home = ""] = await ask(["me"])
    const other = home === "a" ? "b" : "a"
    down.set(home, new ProxyError(529, "no"))
    expect(await ask(["me", "me"])).toEqual([home, other])
    down.clear()
    vi.advanceTimersByTime(10_001)
    expect(await ask(["me"])).toEqual([home])
  })

  test("who names no session and no user stays where the key is", async () => {
    const { ask } = await choosing({ by: "sticky", models: PAIR })
    expect(new Set(await ask(times(9))).size).toBe(1)
  })

  test("what only looks like a session of Claude Code's is a user's name", async () => {
    const { ask } = await choosing({ by: "sticky", models: PAIR })
    for (const user of ["{", '{"session_id":1}']) {
      expect(new Set(await ask([user, user])).size).toBe(1)
    }
    expect(new Set(await ask(users.map((user) => `{${user}`))).size).toBe(2)
  })
})

test("is a plugin as it should be", async () => {
  for (const by of ["weighted", "least_busy", "sticky"]) {
    expect(await testPlugin(balance, { by, models: { "*": [{ model: "a" }] } }, ["a"])).toEqual([])
  }
})

describe("options that make no sense are refused", () => {
  test.each<[unknown, readonly (string | number)[]]>([
    [{}, ["models"]],
    [{ models: { a: [] } }, ["models", "a"]],
    [{ models: { a: ["b"] } }, ["models", "a", 0]],
    [{ models: { a: [{ model: "b", weight: 0 }] } }, ["models", "a", 0, "weight"]],
    [{ models: PAIR, by: "random" }, ["by"]],
  ])("%j", async (options, path) => {
    expect(await validateOptions(balance, options)).toEqual({ issues: [{ path, message: expect.any(String) }] })
  })

  test.each<[object, string]>([
    [{ a: [{ model: "bb" }] }, 'plugin balance: models.a: the config has no model "bb"; it has a, b'],
    [{ aa: [{ model: "b" }] }, 'plugin balance: models.aa: the config has no model "aa"; it has a, b'],
  ])("%j, where the config has a and b", async (pools, message) => {
    await expect(startModels({ a: [], b: [] }, [[balance, { models: pools }]])).rejects.toThrow(message)
  })
})
