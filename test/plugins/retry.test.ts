import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import retry from "../../plugins/retry.ts"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { ProxyError } from "../../src/error.ts"
import { FAILURE_KINDS } from "../../src/failure-kind.ts"
import { createLog } from "../../src/log.ts"
import { validateOptions, type PluginTools } from "../../src/plugin/plugin.ts"
import type { Routed, Stage } from "../../src/stage.ts"
import { flowOf } from "../../src/stream/flow.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled, error, raw } from "../_backend.ts"
import { delta, eventsIn } from "../_proxy.ts"
import { fails, says, startModels, use, type Models } from "./_models.ts"

describe("in front of a backend", () => {
  let models: Models
  afterEach(() => models.close())
  const start = async (options: object, ...scripts: Parameters<typeof startModels>[0][string]) => {
    models = await startModels({ m: scripts }, [[retry, { base: 0.001, ...options }]])
  }
  const ask = () => models.ask({ model: "m" })
  const asked = () => models.counts()["m"]

  test("a failure that passes is not seen by the client", async () => {
    await start({}, ...fails(529), ...fails(503), says("hi"))
    expect([await ask(), asked()]).toEqual([{ status: 200, said: "hi", head: { attempts: "3" } }, 3])
  })

  test("one that lasts is told when the attempts are used up", async () => {
    await start({ attempts: 2 }, ...fails(500, 3))
    const told = { status: 500, said: 'backend "m": not now', head: { attempts: "2" } }
    expect([await ask(), asked()]).toEqual([told, 2])
  })

  test.each([408, 409, 429, 500, 502, 504, 529])("%i is tried again", async (status) => {
    await start({}, ...fails(status), says("hi"))
    expect([(await ask()).status, asked()]).toEqual([200, 2])
  })

  test.each([400, 401, 402, 403, 404, 413, 422, 501])("%i is not", async (status) => {
    await start({}, ...fails(status), says("hi"))
    expect([(await ask()).said === "hi", asked()]).toEqual([false, 1])
  })

  test("only the kinds that the options name are", async () => {
    await start({ on: ["denied", "rate_limit"] }, ...fails(404), ...fails(429), ...fails(500))
    expect([(await ask()).status, asked()]).toEqual([500, 3])
  })

  test("a failure inside of an answer that had not begun is one as any other", async () => {
    await start({}, raw('data: {"error":{"message":"overloaded"}}\n\n'), chunks([delta({ content: "hi" }, "stop")]))
    expect([await ask(), asked()]).toEqual([{ status: 200, said: "hi", head: { attempts: "2" } }, 2])
  })

  test("an answer that has begun is never asked for again", async () => {
    await start({}, chunks([delta({ content: "half" })], { done: false }), says("whole"))
    const events = eventsIn(await (await models.proxy.send({ model: "m", stream: true })).text())
    expect([events.at(-1)?.type, asked()]).toEqual(["error", 1])
  })

  test("a backend that says it is of no use is not asked again", async () => {
    await start({}, error(429, "You exceeded your current quota"), says("hi"))
    expect([(await ask()).status, asked()]).toEqual([429, 1])
  })

  test("a client that leaves while the backend is busy ends it all", async () => {
    const busy = controlled()
    await start({}, busy, says("hi"))
    const leaving = new AbortController()
    const response = models.proxy.send({ model: "m" }, undefined, leaving.signal)
    await busy.opened
    leaving.abort()
    await expect(response).rejects.toThrow("aborted")
    expect([await busy.closed, asked()]).toEqual([true, 1])
  })
})

describe("waiting", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  /** A stage with these options, and the lines it logs. */
  async function stageWith(options: object = {}) {
    const lines: string[] = []
    const log = createLog({ write: (line) => lines.push(line.replace(/^\S+ /, "")), mask: (text) => text })
    const { options: checked } = await use(retry, options)
    const stage = (await retry.setup(checked as never, { log } as PluginTools)) as Stage<"toOpenAI">
    return { stage, lines }
  }

  function contextOf(backend = "b", signal = new AbortController().signal): Routed {
    return { id: "req_1", head: new Headers(), signal, target: { backend: { name: backend }, model: "one" } } as Routed
  }

  /** After how many ms each attempt was made, the first one at 0, of a line that always fails so. */
  async function times(options: object, failure: () => ProxyError): Promise<number[]> {
    const { stage } = await stageWith(options)
    const began = performance.now()
    const at: number[] = []
    const reply = stage.run(contextOf(), async () => {
      at.push(performance.now() - began)
      throw failure()
    })
    const over = reply.catch(String)
    await vi.runAllTimersAsync()
    expect(await over).toBe("ProxyError: no")
    return at
  }

  const failing = (headers: Record<string, string> = {}) => () => new ProxyError(529, "no", { headers })

  test("is anything up to twice as long as the last time, and never longer than max", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1)
    expect(await times({ attempts: 6, base: 1, max: 5 }, failing())).toEqual([0, 1000, 3000, 7000, 12_000, 17_000])
    vi.spyOn(Math, "random").mockReturnValue(0.25)
    expect(await times({ attempts: 4 }, failing())).toEqual([0, 125, 375, 875])
  })

  test.each<[string, Record<string, string>, number[]]>([
    ["seconds", { "retry-after": "7" }, [0, 7000]],
    ["a date", { "retry-after": "Thu, 01 Jan 2026 00:00:20 GMT" }, [0, 20_000]],
    ["milliseconds, which are more precise", { "retry-after-ms": "1500", "retry-after": "2" }, [0, 1500]],
    ["a date that is over", { "retry-after": "Wed, 31 Dec 2025 23:59:00 GMT" }, [0, 0]],
    ["nothing that can be read", { "retry-after": "soon" }, [0, 0]],
    ["30 seconds", { "retry-after": "30" }, [0, 30_000]],
    ["more than 30 seconds, which is given up", { "retry-after": "31" }, [0]],
  ])("is as long as the backend asks for: %s", async (_, headers, expected) => {
    vi.setSystemTime("2026-01-01T00:00:00Z")
    vi.spyOn(Math, "random").mockReturnValue(0)
    expect(await times({ attempts: 2 }, failing(headers))).toEqual(expected)
  })

  test("a little is put on top of what the backend asks for, or all come back at once", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5)
    expect(await times({ attempts: 2, base: 1 }, failing({ "retry-after": "7" }))).toEqual([0, 7500])
  })

  test("x-should-retry: false is the end, whatever the status", async () => {
    expect(await times({}, failing({ "x-should-retry": "false" }))).toEqual([0])
  })

  test("ends when the client leaves", async () => {
    const { stage } = await stageWith()
    const leaving = new AbortController()
    let asked = 0
    const reply = stage.run(contextOf("b", leaving.signal), async () => {
      asked++
      throw new ProxyError(529, "no", { headers: { "retry-after": "20" } })
    })
    const over = reply.catch(String)
    await vi.advanceTimersByTimeAsync(1000)
    expect(vi.getTimerCount()).toBe(1)
    leaving.abort()
    expect(await over).toBe("ProxyError: no")
    expect([asked, vi.getTimerCount()]).toEqual([1, 0])
  })

  test("is for nobody who has left before the failure", async () => {
    const { stage, lines } = await stageWith()
    const failure = new ProxyError(502, "no")
    await expect(stage.run(contextOf("b", AbortSignal.abort()), () => Promise.reject(failure))).rejects.toBe(failure)
    expect(lines).toEqual([])
  })

  test("an outage is not multiplied: beside ten a minute, so many requests of a backend are asked again", async () => {
    const { stage, lines } = await stageWith({ attempts: 2, budget: 0.25 })
    let asked = 0
    /** How often the backend is asked in so many requests. */
    const outage = async (requests: number, backend = "b"): Promise<number> => {
      asked = 0
      for (let n = 0; n < requests; n++) {
        const reply = stage.run(contextOf(backend), async () => {
          asked++
          throw new ProxyError(529, "no")
        })
        reply.catch(() => {})
        await vi.advanceTimersByTimeAsync(500)
      }
      return asked
    }
    expect(await outage(100)).toBe(100 + 10 + 25)
    expect(lines.at(-1)).toBe(
      'warn  not asked again: too many of this backend\'s requests are repeats request=req_1 backend=b model=one',
    )
    expect(await outage(4, "c")).toBe(8) // another backend has a budget of its own
    await vi.advanceTimersByTimeAsync(130_000)
    expect(await outage(40)).toBe(40 + 10 + 10)
  })

  test("each repeat has a line", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5)
    const { stage, lines } = await stageWith()
    let asked = 0
    const reply = stage.run(contextOf(), async () => {
      if (asked++ === 0) throw new ProxyError(529, "no")
      return flowOf<MessageEvent>([])
    })
    await vi.runAllTimersAsync()
    await reply
    expect(lines).toEqual([
      'warn  asking again request=req_1 backend=b model=one attempt=2 after_ms=250 error="ProxyError: no"',
    ])
  })
})

test("is a plugin as it should be", async () => {
  expect(await testPlugin(retry)).toEqual([])
})

describe("options that make no sense are refused", () => {
  test.each<[unknown, readonly (string | number)[], string]>([
    [{ attempts: 0 }, ["attempts"], "must be a number from 1 to 10"],
    [{ attempts: 1.5 }, ["attempts"], "must be a whole number"],
    [{ on: ["overload"] }, ["on", 0], `must be some of ${FAILURE_KINDS.join(", ")}`],
    [{ base: -1 }, ["base"], "must be a number from 0 to 60"],
    [{ budget: "20%" }, ["budget"], "must be a number from 0 to 10"],
    [{ maxWait: 1 }, ["maxWait"], expect.any(String) as string],
  ])("%j", async (options, path, message) => {
    expect(await validateOptions(retry, options)).toEqual({ issues: [{ path, message }] })
  })
})
