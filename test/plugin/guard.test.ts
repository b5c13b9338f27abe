import { describe, expect, test } from "vitest"
import { ProxyError } from "../../src/error.ts"
import { guard, type Guard } from "../../src/plugin/guard.ts"
import { SILENT } from "../../src/log.ts"
import { around, defineStage, type Parsed, type Received, type Stage } from "../../src/stage.ts"
import { flowOf } from "../../src/stream/flow.ts"
import type { MessageEvent } from "../../src/anthropic/events.ts"

const PING: MessageEvent = { type: "ping" }
const context = { req: new Request("http://proxy.test") } as Parsed

/** What a client gets through a stage, and how often the rest of the line was asked. */
async function through(
  run: Stage<"route">["run"],
  { onError = "fail", timeLimit = 30 }: Partial<Guard> = {},
  rest: () => Promise<ReturnType<typeof flowOf<MessageEvent>>> = async () => flowOf([PING]),
): Promise<{ readonly got: unknown; readonly asked: number }> {
  let asked = 0
  const stage = guard(defineStage({ name: "own", before: "route", run }), { onError, timeLimit }, SILENT)
  const next = () => {
    asked++
    return rest()
  }
  try {
    const events: MessageEvent[] = []
    for await (const list of await stage.run(context, next)) events.push(...list)
    return { got: events, asked }
  } catch (thrown) {
    return { got: thrown instanceof ProxyError ? [thrown.status, thrown.message] : thrown, asked }
  }
}

const failure = [500, 'plugin "own" failed on this request']
const boom = new Error("boom")

describe("a stage that throws", () => {
  test("before it asks the rest of the line costs its request, or nothing", async () => {
    const run = () => Promise.reject(boom)
    expect(await through(run)).toEqual({ got: failure, asked: 0 })
    expect(await through(run, { onError: "skip" })).toEqual({ got: [PING], asked: 1 })
  })

  test("after the rest has answered is left out, and nobody is asked again", async () => {
    const run: Stage<"route">["run"] = async (c, next) => {
      await next(c)
      throw boom
    }
    expect(await through(run)).toEqual({ got: failure, asked: 1 })
    expect(await through(run, { onError: "skip" })).toEqual({ got: [PING], asked: 1 })
  })

  test("after it has begun to read the reply cannot be left out", async () => {
    const run: Stage<"route">["run"] = async (c, next) => {
      await (await next(c)).getReader().read()
      throw boom
    }
    expect(await through(run, { onError: "skip" })).toEqual({ got: failure, asked: 1 })
  })

  test("a ProxyError answers on purpose, whatever onError says", async () => {
    const run = () => Promise.reject(new ProxyError(429, "too much"))
    expect(await through(run, { onError: "skip" })).toEqual({ got: [429, "too much"], asked: 0 })
  })
})

test("a failure of the rest of the line is told as it is", async () => {
  const rest = () => Promise.reject(boom)
  expect(await through((c, next) => next(c), { onError: "skip" }, rest)).toEqual({ got: boom, asked: 1 })
})

test("a stage that fails over the failure of the rest does not have it asked again", async () => {
  const run: Stage<"route">["run"] = async (c, next) => {
    await next(c).catch(() => {})
    throw new Error("own")
  }
  expect(await through(run, { onError: "skip" }, () => Promise.reject(boom))).toEqual({ got: boom, asked: 1 })
})

describe("a stage that hangs", () => {
  test("is over after its time, and asks for nothing later", async () => {
    let later: Promise<unknown> | undefined
    const run: Stage<"route">["run"] = (c, next) =>
      new Promise((resolve) => {
        setTimeout(() => {
          later = next(c)
          later.then(resolve as () => void, () => {})
        }, 60)
      })
    expect(await through(run, { timeLimit: 0.02 })).toEqual({ got: failure, asked: 0 })
    expect(await through(run, { timeLimit: 0.02, onError: "skip" })).toEqual({ got: [PING], asked: 1 })
    await new Promise((resolve) => setTimeout(resolve, 80))
    await expect(later).rejects.toThrow("went on after its time was over")
  })

  test("the time it waits for the rest of the line is not its own", async () => {
    const slow = () => new Promise<ReturnType<typeof flowOf<MessageEvent>>>((resolve) => setTimeout(() => resolve(flowOf([PING])), 60))
    expect(await through((c, next) => next(c), { timeLimit: 0.02 }, slow)).toEqual({ got: [PING], asked: 1 })
  })
})

describe("stages of one request", () => {
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  /** What comes of stages with these limits in seconds, outermost first, of which the last one takes so many ms. */
  const answer = async (limits: readonly number[], took: number): Promise<unknown> => {
    const own: Parsed = { ...context, req: new Request("http://proxy.test") }
    const slow: Stage<"route">["run"] = async (c, next) => (await sleep(took), next(c))
    const stages = limits.map((timeLimit, n) => {
      const run: Stage<"route">["run"] = n === limits.length - 1 ? slow : async (c, next) => await next(c)
      return guard(defineStage({ name: `own-${n}`, before: "route", run }), { onError: "fail", timeLimit }, SILENT)
    })
    const line = around<"route">(stages, async () => flowOf([PING]))
    return line(own).then(() => "answered", (thrown: Error) => thrown.message)
  }

  test("each have the time that is theirs, whichever was there first", async () => {
    const words = 'plugin "own-1" failed on this request'
    expect(await Promise.all([answer([30, 0.02], 60), answer([0.02, 30], 60), answer([0.02, 0.04], 80)])).toEqual([
      words,
      "answered",
      words,
    ])
  })

  test("leave no timer behind", async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
    const before = timers()
    expect(await answer([30, 30, 30], 1)).toBe("answered")
    expect(timers()).toBe(before)
  })
})

test("a stage that forgets to return its reply has failed", async () => {
  const run: Stage<"route">["run"] = async (c, next) => (await next(c), undefined as never)
  expect(await through(run)).toEqual({ got: failure, asked: 1 })
  expect(await through(run, { onError: "skip" })).toEqual({ got: [PING], asked: 1 })
})

test("a stage before auth or parse answers with a Response, and nothing else is one", async () => {
  const answer = (reply: unknown) => {
    const stage = defineStage({ name: "own", before: "auth", run: async () => reply as Response })
    return guard(stage, { onError: "fail", timeLimit: 30 }, SILENT).run(context as Received, async () => new Response("rest"))
  }
  expect(await (await answer(new Response("own"))).text()).toBe("own")
  await expect(answer(undefined)).rejects.toMatchObject({ status: 500, message: failure[1] })
  await expect(answer({ text: "own" })).rejects.toMatchObject({ status: 500, message: failure[1] })
})
