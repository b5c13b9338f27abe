import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import balance from "../../plugins/balance.ts"
import fallback from "../../plugins/fallback.ts"
import retry from "../../plugins/retry.ts"
import { ProxyError } from "../../src/error.ts"
import { createGlobs } from "../../src/text/glob.ts"
import { createLog } from "../../src/log.ts"
import { validateOptions, type PluginTools } from "../../src/plugin/plugin.ts"
import { toStageList } from "../../src/plugin/setup.ts"
import { toStages, type Parsed, type Target } from "../../src/stage.ts"
import { flowOf } from "../../src/stream/flow.ts"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled, error } from "../_backend.ts"
import { delta, eventsIn, startProxy } from "../_proxy.ts"
import { fails, says, startModels, use, type Models } from "./_models.ts"

let models: Models
afterEach(() => models?.close())

describe("a chain", () => {
  const CHAINS = { a: ["b", "c"] }
  const start = async (scripts: Parameters<typeof startModels>[0], options: object = {}) => {
    models = await startModels({ a: [], b: [], c: [], ...scripts }, [[fallback, { chains: CHAINS, ...options }]])
  }
  const lines = () => models.proxy.lines.filter((line) => line.includes(" warn ")).map(plain)

  test("is not looked at while the first model answers", async () => {
    await start({ a: [says("from a")] })
    expect(await models.ask({ model: "a" })).toEqual({ status: 200, said: "from a", head: {} })
    expect(models.counts()).toEqual({ a: 1, b: 0, c: 0 })
  })

  test("is walked until one answers, and the answer says which, under the name the client asked for", async () => {
    await start({ a: fails(529), b: fails(500), c: [says("from c")] })
    const response = await models.proxy.send({ model: "a" })
    expect(await response.json()).toMatchObject({ model: "a", content: [{ text: "from c" }] })
    expect(response.headers.get("x-llm-proxy-fallback")).toBe("c")
    expect(models.counts()).toEqual({ a: 1, b: 1, c: 1 })
    expect(models.backends["c"]?.asked[0]?.body).toMatchObject({ model: "c-there" })
    expect(lines()).toEqual([
      'warn  answered by another plugin=fallback request=req asked=a tried="a 529, b 500" model=c',
    ])
  })

  test("ends with the last one's error, and the log has them all", async () => {
    await start({ a: fails(529), b: fails(500), c: fails(429, 1, { "retry-after": "7" }) })
    const told = { status: 429, said: 'backend "c": not now', head: { "retry-after": "7" } }
    expect(await models.ask({ model: "a" })).toEqual(told)
    expect(models.counts()).toEqual({ a: 1, b: 1, c: 1 })
    expect(lines()).toContain('warn  nobody answered plugin=fallback request=req asked=a tried="a 529, b 500, c 429"')
  })

  test("is its own model's alone", async () => {
    await start({ b: fails(529) })
    expect((await models.ask({ model: "b" })).status).toBe(529)
    expect(models.counts()).toEqual({ a: 0, b: 1, c: 0 })
  })

  test("may be a pattern's, whose models are not asked twice", async () => {
    await start({ b: fails(529), c: fails(500) }, { chains: { "*": ["b", "c"] } })
    expect((await models.ask({ model: "b" })).status).toBe(500)
    expect(models.counts()).toEqual({ a: 0, b: 1, c: 1 })
    expect(lines()).toEqual(['warn  nobody answered plugin=fallback request=req asked=b tried="b 529, c 500"'])
  })

  test("is found by the name under which Claude Code discovers a model", async () => {
    await start({ a: fails(529), b: [says("from b")] })
    expect((await models.ask({ model: "anthropic/a" })).said).toBe("from b")
  })

  test.each([401, 402, 403, 404, 408, 409, 429, 500, 501, 502, 503, 504, 529])("goes on after %i", async (status) => {
    await start({ a: fails(status), b: [says("from b")] })
    expect((await models.ask({ model: "a" })).said).toBe("from b")
  })

  test.each([400, 413, 422])("ends at %i, which is the request's own fault", async (status) => {
    await start({ a: fails(status), b: [says("from b")] })
    expect(await models.ask({ model: "a" })).toEqual({ status, said: 'backend "a": not now', head: {} })
    expect(models.counts()).toEqual({ a: 1, b: 0, c: 0 })
  })

  test("goes on where a prompt is too long, if the options say so", async () => {
    const long = "This model's maximum context length is 10 tokens. However, your messages resulted in 90 tokens."
    await start({ a: [error(400, long)], b: [says("from b")] }, { on: ["too_long"] })
    expect((await models.ask({ model: "a" })).said).toBe("from b")
    models.backends["a"]?.play(...fails(529))
    const other = { model: "a", messages: [{ role: "user", content: "Another, as the first is known to be too long" }] }
    expect((await models.ask(other)).status).toBe(529)
  })

  test("goes on where the connection breaks", async () => {
    await start({ a: [{ answer: (response) => void response.destroy() }], b: [says("from b")] })
    expect((await models.ask({ model: "a" })).said).toBe("from b")
  })

  test("ends with an answer that has begun: half of one is not told twice", async () => {
    await start({ a: [chunks([delta({ content: "half" })], { done: false })] })
    const events = eventsIn(await (await models.proxy.send({ model: "a", stream: true })).text())
    expect(events.at(-1)?.type).toBe("error")
    expect(models.counts()).toEqual({ a: 1, b: 0, c: 0 })
  })

  test("ends when the client leaves", async () => {
    const busy = controlled()
    await start({ a: [busy] })
    const leaving = new AbortController()
    const response = models.proxy.send({ model: "a" }, undefined, leaving.signal)
    response.catch(() => {})
    await busy.opened
    leaving.abort()
    expect(await busy.closed).toBe(true)
    await expect(response).rejects.toThrow("aborted")
    expect(models.counts()).toEqual({ a: 1, b: 0, c: 0 })
  })

  test("does not lead round a key's limits", async () => {
    await start({ b: [says("from b")] })
    const proxy = await startProxy(
      {
        models: { a: { backend: "x", model: "a" }, b: { backend: "x", model: "b" } },
        backends: { x: { base_url: models.backends["b"]?.url ?? "" } },
        keys: [{ name: "narrow", key: "key-of-the-narrow", models: ["b"] }],
      },
      { plugins: [await use(fallback, { chains: { a: ["b"] } })] },
    )
    const response = await proxy.send({ model: "a" }, { "x-api-key": "key-of-the-narrow" })
    await proxy.close()
    expect([response.status, models.counts()]).toEqual([403, { a: 0, b: 0, c: 0 }])
  })
})

test("a model that a chain names twice has failed once", async () => {
  const options = { chains: { a: ["a", "a"] }, breaker: { failures: 2 } }
  models = await startModels({ a: fails(529, 2) }, [[fallback, options]])
  const lines = () => models.proxy.lines.filter((line) => line.includes("plugin=fallback")).map(plain)
  await models.ask({ model: "a" })
  expect([models.counts(), lines()]).toEqual([
    { a: 1 },
    ['warn  nobody answered plugin=fallback request=req asked=a tried="a 529"'],
  ])
})

describe("two names of one model", () => {
  const start = async (y: Parameters<typeof startModels>[0][string], chain: string[]) => {
    models = await startModels({ x: fails(529), y }, [])
    const at = (name: string) => ({ base_url: models.backends[name]?.url ?? "" })
    const a = { backend: "x", model: "m" }
    const config = { models: { a, alias: a, y: { backend: "y", model: "m" } }, backends: { x: at("x"), y: at("y") } }
    const proxy = await startProxy(config, { plugins: [await use(fallback, { chains: { a: chain } })] })
    const answer = await (await proxy.send({ model: "a" })).json()
    await proxy.close()
    return answer
  }

  test("are one model", async () => {
    expect(await start([says("from y")], ["alias", "y"])).toMatchObject({ content: [{ text: "from y" }] })
    expect(models.counts()).toEqual({ x: 1, y: 1 })
  })

  test("fail once", async () => {
    expect(await start(fails(500), ["y", "alias"])).toMatchObject({ error: { message: 'backend "y": not now' } })
    expect(models.counts()).toEqual({ x: 1, y: 1 })
  })
})

describe("with retry and balance", () => {
  const LINE = (options: { chains: object; pool: object }) =>
    [
      [fallback, { chains: options.chains }],
      [balance, { models: options.pool }],
      [retry, { attempts: 2, base: 0.001 }],
    ] as const

  test("a model that fails is tried again, then the pool's next is asked, each as often as it should be", async () => {
    models = await startModels(
      { a: fails(529, 9), b: [...fails(500), says("from b")], spare: [] },
      LINE({ chains: { a: ["b", "spare"] }, pool: { a: [{ model: "a", weight: 9 }, { model: "b" }] } }),
    )
    const head = { attempts: "2", fallback: "b" }
    expect(await models.ask({ model: "a" })).toEqual({ status: 200, said: "from b", head })
    expect(models.counts()).toEqual({ a: 2, b: 2, spare: 0 })
  })

  test("a member that the pool has just asked is not asked again by its own name", async () => {
    models = await startModels(
      { pool: [], a: fails(529, 9), b: fails(504, 9), c: [says("from c")] },
      LINE({ chains: { pool: ["a", "b", "c"] }, pool: { pool: [{ model: "a" }, { model: "b" }] } }),
    )
    const head = { attempts: "1", fallback: "c" }
    expect(await models.ask({ model: "pool" })).toEqual({ status: 200, said: "from c", head })
    expect(models.counts()).toEqual({ pool: 0, a: 2, b: 2, c: 1 })
  })

  test("a pool that comes twice gives the request to two members", async () => {
    models = await startModels(
      { a: [says("from a")], b: fails(529, 9), spare: [] },
      LINE({ chains: { a: ["a", "spare"] }, pool: { a: [{ model: "a" }, { model: "b", weight: 2 }] } }),
    )
    const head = { attempts: "1" }
    expect(await models.ask({ model: "a" })).toEqual({ status: 200, said: "from a", head })
    expect(models.counts()).toEqual({ a: 1, b: 2, spare: 0 })
  })

  test("a pool that comes after one of its members gives the request to another", async () => {
    models = await startModels(
      { pool: [], a: fails(529, 9), b: [says("from b")] },
      LINE({ chains: { a: ["pool"] }, pool: { pool: [{ model: "a" }, { model: "b" }] } }),
    )
    const head = { attempts: "1", fallback: "pool" }
    expect(await models.ask({ model: "a" })).toEqual({ status: 200, said: "from b", head })
    expect(models.counts()).toEqual({ pool: 0, a: 2, b: 1 })
  })

  test("retry may stand outside as well", async () => {
    models = await startModels({ a: fails(529, 9), b: [...fails(500), says("from b")] }, [
      [retry, { attempts: 2, base: 0.001 }],
      [fallback, { chains: { a: ["b"] } }],
    ])
    const head = { attempts: "2", fallback: "b" }
    expect(await models.ask({ model: "a" })).toEqual({ status: 200, said: "from b", head })
    expect(models.counts()).toEqual({ a: 2, b: 2 })
  })
})

describe("the breaker", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** The stage before route alone, over models that fail while they are in `down`. */
  async function breaking(breaker: object = {}, on?: readonly string[]) {
    const lines: string[] = []
    const log = createLog({ write: (line) => lines.push(line.replace(/^\S+ /, "")), mask: (text) => text })
    const routes = createGlobs(["a", "b"].map((model): [string, Target] => [model, { model } as Target]))
    const { options } = await use(fallback, { chains: { a: ["b"], "*": ["a"] }, breaker, ...(on && { on }) })
    const made = await fallback.setup(options as never, { log, models: routes } as unknown as PluginTools)
    const [stage] = toStages(toStageList(made)).route
    if (!stage) throw new Error("there is no stage")
    const down = new Map<string, ProxyError>()
    const asked: string[] = []
    const leave = new AbortController()
    const contextOf = (model: string, signal: AbortSignal): Parsed =>
      ({ id: "req", head: new Headers(), signal, req: new Request("http://x"), request: { model } }) as Parsed
    const next = async ({ request: { model } }: Parsed) => {
      asked.push(model)
      const failure = down.get(model)
      if (failure) throw failure
      return flowOf<MessageEvent>([])
    }
    return {
      down,
      lines,
      leave,
      stage,
      contextOf,
      /** Who is asked in so many requests, one after the other, a second each. */
      async ask(times: number, model = "a", signal = new AbortController().signal): Promise<string> {
        asked.length = 0
        for (let n = 0; n < times; n++) {
          await stage.run(contextOf(model, signal), next).catch(() => {})
          vi.advanceTimersByTime(1000)
        }
        return asked.join("")
      },
    }
  }
  const overloaded = new ProxyError(529, "no")

  test("skips a model that keeps failing, lets one request try it, and takes it back when it answers", async () => {
    const { down, ask } = await breaking()
    down.set("a", overloaded)
    expect(await ask(7)).toBe("ab".repeat(5) + "bb")
    vi.advanceTimersByTime(28_000)
    expect(await ask(3)).toBe("abbb") // 30 s after the last failure
    down.clear()
    vi.advanceTimersByTime(27_000)
    expect(await ask(3)).toBe("aaa")
    down.set("a", overloaded)
    expect(await ask(6)).toBe("ab".repeat(5) + "b")
  })

  test("lets no second request through while the first one tries", async () => {
    const { down, ask, stage, contextOf } = await breaking({ failures: 1, skip: 10 })
    down.set("a", overloaded)
    await ask(1)
    down.clear()
    vi.advanceTimersByTime(10_000)
    const trying = Promise.withResolvers<never>()
    const first = stage.run(contextOf("a", new AbortController().signal), () => trying.promise)
    expect(await ask(2)).toBe("bb")
    trying.reject(new ProxyError(400, "no"))
    await expect(first).rejects.toThrow("no")
    expect(await ask(2)).toBe("aa") // nothing was learned, and the next may try
  })

  test("forgets failures that are long ago, and all of them with an answer", async () => {
    const { down, ask } = await breaking({ failures: 2, within: 10 })
    down.set("a", overloaded)
    expect(await ask(1)).toBe("ab")
    vi.advanceTimersByTime(9000)
    expect(await ask(1)).toBe("ab")
    down.clear()
    expect(await ask(1)).toBe("a")
    down.set("a", overloaded)
    expect(await ask(3)).toBe("ababb")
  })

  test("does not count what is the request's own fault, nor a client that has left", async () => {
    const { down, ask } = await breaking({ failures: 1 })
    down.set("a", new ProxyError(400, "no"))
    expect(await ask(2)).toBe("aa")
    down.set("a", overloaded)
    expect(await ask(2, "a", AbortSignal.abort())).toBe("aa")
    expect(await ask(2)).toBe("abb")
  })

  test("does not count it either where the options go on after it", async () => {
    const { down, ask } = await breaking({ failures: 1 }, ["refused", "too_long"])
    down.set("a", new ProxyError(400, "no"))
    expect(await ask(2)).toBe("abab")
    down.set("a", new ProxyError(413, "no"))
    expect(await ask(2)).toBe("abab")
  })

  test("needs one failure alone to skip again what has just been tried", async () => {
    const { down, ask } = await breaking({ failures: 2, within: 5 })
    down.set("a", overloaded)
    expect(await ask(3)).toBe("ababb")
    vi.advanceTimersByTime(28_000)
    expect(await ask(2)).toBe("abb")
  })

  test("asks the first when all are skipped", async () => {
    const { down, ask, lines } = await breaking({ failures: 1 })
    down.set("a", overloaded).set("b", overloaded)
    expect(await ask(3)).toBe("abaa")
    expect(lines.slice(0, 4)).toEqual([
      "warn  skipped for a while model=a",
      "warn  skipped for a while model=b",
      'warn  nobody answered request=req asked=a tried="a 529, b 529"',
      'warn  nobody answered request=req asked=a tried="a 529"',
    ])
    down.delete("b")
    vi.advanceTimersByTime(28_000)
    expect(await ask(1)).toBe("b")
  })

  test("keeps no state for names that clients make up", async () => {
    const { down, ask } = await breaking({ failures: 1 })
    down.set("made-up", overloaded)
    expect(await ask(2, "made-up")).toBe("made-upamade-upa")
  })
})

test("is a plugin as it should be", async () => {
  expect(await testPlugin(fallback, { chains: { "*": ["a"] } }, ["a"])).toEqual([])
})

describe("options that make no sense are refused", () => {
  test.each<[unknown, readonly (string | number)[]]>([
    [{}, ["chains"]],
    [{ chains: { a: [] } }, ["chains", "a"]],
    [{ chains: { a: "b" } }, ["chains", "a"]],
    [{ chains: { a: [""] } }, ["chains", "a", 0]],
    [{ chains: { a: ["b"] }, on: ["5xx"] }, ["on", 0]],
    [{ chains: { a: ["b"] }, breaker: { failures: 0 } }, ["breaker", "failures"]],
    [{ chains: { a: ["b"] }, breaker: { pause: 1 } }, ["breaker", "pause"]],
  ])("%j", async (options, path) => {
    expect(await validateOptions(fallback, options)).toEqual({ issues: [{ path, message: expect.any(String) }] })
  })

  test.each<[Record<string, string[]>, string]>([
    [{ a: ["bb"] }, 'plugin fallback: chains.a: the config has no model "bb"; it has a, b'],
    [{ aa: ["b"] }, 'plugin fallback: chains.aa: the config has no model "aa"; it has a, b'],
  ])("%j, where the config has a and b", async (chains, message) => {
    const starting = startModels({ a: [], b: [] }, [[fallback, { chains }]])
    await expect(starting).rejects.toThrow(message)
  })
})

test("a name that no header may hold is told in one all the same", async () => {
  models = await startModels({ a: fails(529), 模型: [says("hi")] }, [[fallback, { chains: { a: ["模型"] } }]])
  expect((await models.ask({ model: "a" })).head).toEqual({ fallback: encodeURIComponent("模型") })
})

/** A line without its time and the request's id. */
function plain(line: string): string {
  return line.replace(/^\S+ /, "").replace(/req_\w+/g, "req")
}
