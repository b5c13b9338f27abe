import { afterEach, describe, expect, test, vi } from "vitest"
import dedupe from "../../plugins/dedupe.ts"
import rewrite from "../../plugins/rewrite.ts"
import type { AssistantMessage, MessageEvent } from "../../src/anthropic/events.ts"
import { fold } from "../../src/anthropic/fold.ts"
import { createLog, SILENT } from "../../src/log.ts"
import { definePlugin, validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { createProxy } from "../../src/proxy.ts"
import { defineStage, type Events, type Parsed, type Stage } from "../../src/stage.ts"
import { Flow } from "../../src/stream/flow.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled, error, json, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { toolsWith } from "../_tools.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) await close()
})

interface Started {
  readonly proxy: TestProxy
  readonly backend: ScriptedBackend
}

async function use(plugin: Plugin, raw: unknown): Promise<PluginUse> {
  const checked = await validateOptions(plugin, raw)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin, options: checked.options }
}

interface Others {
  readonly before?: readonly PluginUse[]
  readonly after?: readonly PluginUse[]
}

async function start(scripts: readonly Script[], { before = [], after = [] }: Others = {}): Promise<Started> {
  const backend = await startBackend(...scripts)
  const proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "one" }, n: { backend: "b", model: "two" } },
      backends: { b: { base_url: backend.url } },
      keys: [
        { name: "test", key: KEY, explain: true },
        { name: "other", key: "sk-of-another-key" },
        { name: "few", key: "sk-of-a-key-for-n", models: ["n"] },
      ],
    },
    { plugins: [...before, await use(dedupe, {}), ...after] },
  )
  closing.push(proxy.close, backend.close)
  return { proxy, backend }
}

const STREAM = { stream: true }

interface Asking {
  readonly request?: object
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

/** A request that is on its way, and known to be a leader or a follower. */
async function ask({ proxy }: Started, { request = STREAM, headers, signal }: Asking = {}): Promise<{ response: Promise<Response> }> {
  const seen = (): number => proxy.lines.filter((line) => / dedupe .*role=/.test(line)).length
  const before = seen()
  const response = proxy.send({ model: "m", ...request }, { "x-api-key": KEY, ...headers }, signal)
  response.catch(() => {}) // a client that leaves
  await vi.waitFor(() => expect(seen()).toBe(before + 1))
  return { response }
}

interface Told {
  readonly role: string | null
  readonly id: string | undefined
  readonly text: string | undefined
}

async function told(response: Response | Promise<Response>): Promise<Told> {
  const { headers } = await response
  const body = await (await response).text()
  const message = headers.get("content-type")?.startsWith("text/event-stream") ? fold(eventsIn(body)) : (JSON.parse(body) as AssistantMessage)
  const text = message?.content.map((block) => ("text" in block ? block.text : block.type)).join()
  return { role: headers.get("x-llm-proxy-dedupe"), id: message?.id, text }
}

async function roleOf({ response }: { readonly response: Promise<Response> }): Promise<string | null> {
  return (await response).headers.get("x-llm-proxy-dedupe")
}

/** Reads until a text has come, and leaves the rest. */
async function until(response: Response, text: string): Promise<void> {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const decoder = new TextDecoder()
  for (let seen = ""; !seen.includes(text); ) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`ended without ${text}: ${seen}`)
    seen += decoder.decode(value)
  }
}

const says = (content: string): Script => json(200, { choices: [{ message: { content }, finish_reason: "stop" }] })

describe("identical requests at once", () => {
  test("are one to the backend, and each is a message of its own", async () => {
    const script = controlled()
    const started = await start([script])
    const [leader, one, other] = [await ask(started), await ask(started), await ask(started)]
    await script.opened
    script.push(delta({ content: "Hel" }))
    script.push(delta({ content: "lo" }, "stop"))
    script.push("data: [DONE]\n\n")
    script.end()
    const answers = await Promise.all([leader, one, other].map(({ response }) => told(response)))
    expect(answers.map(({ role, text }) => [role, text])).toEqual([["leader", "Hello"], ["follower", "Hello"], ["follower", "Hello"]])
    expect(new Set(answers.map(({ id }) => id)).size).toBe(3)
    for (const { id } of answers) expect(id).toMatch(/^msg_[0-9a-f]{32}$/)
    expect(started.backend.asked.length).toBe(1)
  })

  test("are told from the start, also when they come late, and then as it comes", async () => {
    const script = controlled()
    const started = await start([script])
    const leader = await ask(started)
    await script.opened
    script.push(delta({ content: "Hel" }))
    await until((await leader.response).clone(), "Hel")
    const follower = await ask(started)
    await until((await follower.response).clone(), "Hel")
    script.push(delta({ content: "lo" }, "stop"))
    script.push("data: [DONE]\n\n")
    script.end()
    const [first, second] = [await (await leader.response).text(), await (await follower.response).text()]
    expect(eventsIn(second).slice(1)).toEqual(eventsIn(first).slice(1))
    expect(fold(eventsIn(second))?.content).toEqual([{ type: "text", text: "Hello", citations: null }])
  })

  test("get the headers that were set for the first one, but its id", async () => {
    const script = controlled()
    const inner = definePlugin({
      name: "inner",
      setup: () =>
        defineStage({
          name: "inner",
          before: "route",
          run(context, next) {
            context.head.set("x-inner", "1")
            return next(context)
          },
        }),
    })
    const started = await start([script], { after: [await use(inner, undefined)] })
    const [leader, follower] = [await ask(started), await ask(started)]
    await script.opened
    script.push(delta({ content: "Hello" }, "stop"))
    script.end()
    const [first, second] = [await leader.response, await follower.response]
    await Promise.all([first.text(), second.text()])
    expect(second.headers.get("x-inner")).toBe("1")
    expect(second.headers.get("request-id")).not.toBe(first.headers.get("request-id"))
  })

  test("that wait longer than a stage may take are no failure", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
    const answer = Promise.withResolvers<Response>()
    let asked = 0
    const lines: string[] = []
    const log = createLog({ level: "debug", write: (line) => lines.push(line), mask: (text) => text })
    const proxy = await createProxy(
      { models: { m: { backend: "b", model: "one" } }, backends: { b: { base_url: "http://b" } }, keys: [{ name: "test", key: KEY }] },
      { plugins: [await use(dedupe, {})], log, fetch: () => (asked++, answer.promise) },
    )
    closing.push(proxy.close)
    const body = JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hello" }] })
    const send = async (): Promise<Response> =>
      proxy.fetch(new Request("http://p/v1/messages", { method: "POST", headers: { "x-api-key": KEY }, body }))
    const both = [send(), send()]
    while (!lines.some((line) => line.includes("role=follower"))) await new Promise((resolve) => setImmediate(resolve))
    await vi.advanceTimersByTimeAsync(60_000)
    answer.resolve(Response.json({ choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] }))
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200])
    expect(asked).toBe(1)
  })
})

describe("a client that leaves", () => {
  test.each([
    ["the first one", 0],
    ["one that follows", 1],
  ])("%s takes nothing from the others", async (_, leaving) => {
    const script = controlled()
    const started = await start([script])
    const leave = new AbortController()
    const signals = [0, 1, 2].map((place) => (place === leaving ? { signal: leave.signal } : {}))
    const asked = [await ask(started, signals[0]), await ask(started, signals[1]), await ask(started, signals[2])]
    await script.opened
    script.push(delta({ content: "Hel" }))
    await Promise.all(asked.map(async ({ response }) => until((await response).clone(), "Hel")))
    leave.abort()
    await expect(asked[leaving]?.response.then((response) => response.text())).rejects.toThrow("abort")
    script.push(delta({ content: "lo" }, "stop"))
    script.push("data: [DONE]\n\n")
    script.end()
    const others = await Promise.all(asked.filter((_, place) => place !== leaving).map(({ response }) => told(response)))
    expect(others.map(({ text }) => text)).toEqual(["Hello", "Hello"])
    expect(await script.closed).toBe(false)
  })

  test("before the answer has begun takes nothing from the others either", async () => {
    const script = controlled()
    const started = await start([script])
    const leave = new AbortController()
    const leader = await ask(started, { signal: leave.signal })
    const follower = await ask(started)
    await script.opened
    leave.abort()
    await expect(leader.response).rejects.toThrow("abort")
    await vi.waitFor(() => expect(started.proxy.lines.join("\n")).toMatch(/ over .*broke|status=499/))
    script.push(delta({ content: "Hello" }, "stop"))
    script.end()
    expect(await told(follower.response)).toMatchObject({ role: "follower", text: "Hello" })
  })

  test("last is told to the backend, before the answer has begun", async () => {
    const script = controlled()
    const started = await start([script, says("again")])
    const leave = new AbortController()
    await ask(started, { signal: leave.signal })
    await ask(started, { signal: leave.signal })
    await script.opened
    leave.abort()
    expect(await script.closed).toBe(true)
    expect(await told((await ask(started, { request: {} })).response)).toMatchObject({ role: "leader", text: "again" })
  })

  test("last is told to the backend, in the middle of the answer", async () => {
    const script = controlled()
    const started = await start([script])
    const [one, other] = [new AbortController(), new AbortController()]
    const leader = await ask(started, { signal: one.signal })
    const follower = await ask(started, { signal: other.signal })
    await script.opened
    script.push(delta({ content: "Hel" }))
    await Promise.all([leader, follower].map(async ({ response }) => until(await response, "Hel")))
    one.abort()
    script.push(delta({ content: "lo" }))
    other.abort()
    expect(await script.closed).toBe(true)
  })
})

describe("a failure", () => {
  test("before the answer has begun is everybody's, with its status and headers", async () => {
    const gate = Promise.withResolvers<void>()
    const late: Script = { answer: (response) => void gate.promise.then(() => error(429, "slow down", { "retry-after": "7" }).answer(response)) }
    const started = await start([late, says("again")])
    const both = [await ask(started), await ask(started)]
    gate.resolve()
    const answers = await Promise.all(both.map(({ response }) => response))
    expect(answers.map(({ status, headers }) => [status, headers.get("retry-after")])).toEqual([[429, "7"], [429, "7"]])
    expect(await told((await ask(started, { request: {} })).response)).toMatchObject({ role: "leader", text: "again" })
  })

  test("after that is everybody's, and nobody joins it", async () => {
    const script = controlled()
    const started = await start([script, says("again")])
    const both = [await ask(started), await ask(started)]
    await script.opened
    script.push(delta({ content: "Hel" }))
    await Promise.all(both.map(async ({ response }) => until((await response).clone(), "Hel")))
    script.cut()
    const ends = await Promise.all(both.map(async ({ response }) => eventsIn(await (await response).text()).at(-1)))
    const failure = { type: "error", error: { type: "api_error", message: expect.stringContaining("closed the connection") }, request_id: expect.any(String) }
    expect(ends).toEqual([failure, failure])
    expect(await told((await ask(started, { request: {} })).response)).toMatchObject({ role: "leader", text: "again" })
  })
})

describe("streams and whole answers", () => {
  test("a client that does not stream follows one that does", async () => {
    const script = controlled()
    const started = await start([script])
    const [, follower] = [await ask(started), await ask(started, { request: {} })]
    await script.opened
    script.push(delta({ content: "Hello" }, "stop"))
    script.end()
    expect(await told(follower.response)).toEqual({ role: "follower", id: expect.any(String), text: "Hello" })
  })

  test("one that streams does not wait for one that does not", async () => {
    const gate = Promise.withResolvers<void>()
    const late: Script = { answer: (response) => void gate.promise.then(() => says("whole").answer(response)) }
    const started = await start([late, chunks([delta({ content: "streamed" }, "stop")])])
    const whole = await ask(started, { request: {} })
    const streamed = await ask(started)
    expect(await told(streamed.response)).toMatchObject({ role: "leader", text: "streamed" })
    gate.resolve()
    expect(await told(whole.response)).toMatchObject({ role: "leader", text: "whole" })
  })
})

describe("what is not shared", () => {
  const other = { "x-api-key": "sk-of-another-key" }
  test.each<[string, Asking, string | null]>([
    ["another key's request", { headers: other }, "leader"],
    ["a request with another beta", { headers: { "anthropic-beta": "files-api-2025-04-14" } }, "leader"],
    ["another request", { request: { stream: true, temperature: 0 } }, "leader"],
  ])("%s", async (_, asking, role) => {
    const script = controlled()
    const started = await start([script, says("own")])
    await ask(started)
    await script.opened
    const own = await ask(started, asking)
    expect(await roleOf(own)).toBe(role)
    expect(started.backend.asked.length).toBe(2)
  })

  test.each(["no-cache", "max-age=0, No-Store"])("a request with cache-control: %s", async (wish) => {
    const script = controlled()
    const started = await start([script, says("own")])
    await ask(started)
    await script.opened
    const own = await started.proxy.send({ model: "m", ...STREAM }, { "x-api-key": KEY, "cache-control": wish })
    expect(await told(own)).toEqual({ role: null, id: expect.any(String), text: "own" })
  })

  test("an explanation of the same request", async () => {
    const script = controlled()
    const started = await start([script])
    await ask(started)
    await script.opened
    const headers = { "x-api-key": KEY, "x-llm-proxy-explain": "1" }
    const explained = await started.proxy.send({ model: "m", ...STREAM }, headers)
    expect(await explained.json()).toMatchObject({ type: "explanation", target: { backend: "b", model: "one" } })
  })

  test("an answer that is over", async () => {
    const started = await start([says("first"), says("second")])
    const answers = [await told((await ask(started, { request: {} })).response), await told((await ask(started, { request: {} })).response)]
    expect(answers).toMatchObject([{ role: "leader", text: "first" }, { role: "leader", text: "second" }])
  })

  test("a model that the key may not use, whatever a rule has made of it", async () => {
    const script = controlled()
    const rules = { rules: [{ model: "m", to: "n" }] }
    const started = await start([script], { before: [await use(rewrite, rules)] })
    const few = { "x-api-key": "sk-of-a-key-for-n" }
    await ask(started, { request: { ...STREAM, model: "n" }, headers: few })
    await script.opened
    const response = await started.proxy.send({ model: "m", ...STREAM }, few)
    expect([response.status, response.headers.get("x-llm-proxy-dedupe")]).toEqual([403, null])
  })
})

describe("one that reads slowly", () => {
  const text = (letter: string): MessageEvent => {
    return { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: letter.repeat(400) } }
  }
  const message = { id: "msg_1", content: [] } as unknown as AssistantMessage
  const start: MessageEvent = { type: "message_start", message }
  const stop: MessageEvent = { type: "message_stop" }

  /** The stage with a buffer of 2000 bytes, each text being some 500, before a line that answers with these lists. */
  async function stageBefore(lists: readonly (readonly MessageEvent[] | Promise<readonly MessageEvent[]>)[]) {
    const { plugin, options } = await use(dedupe, { buffer: 2000 })
    const { run } = (await plugin.setup(options, toolsWith())) as Stage<"route">
    const asked = { times: 0, reads: 0, cancelled: false }
    const next = async (): Promise<Events> => {
      asked.times++
      const left = [...lists]
      const read = async (): Promise<readonly MessageEvent[] | undefined> => (asked.reads++, left.shift())
      return new Flow<readonly MessageEvent[]>({ read, cancel: () => void (asked.cancelled = true) })
    }
    const request = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] }
    const join = async () => {
      const context = { req: new Request("http://p"), signal: new AbortController().signal, head: new Headers(), log: SILENT, client: { name: "c" }, request }
      return (await run(context as unknown as Parsed, next)).getReader()
    }
    return { asked, join }
  }

  async function rest(reader: ReadableStreamDefaultReader<readonly MessageEvent[]>): Promise<readonly MessageEvent[]> {
    const seen: MessageEvent[] = []
    for (let read = await reader.read(); !read.done; read = await reader.read()) seen.push(...read.value)
    return seen
  }

  const error = { type: "api_error", message: "this answer is shared with another request, and was read too slowly" }
  const renamed = { ...start, message: { ...message, id: expect.stringMatching(/^msg_[0-9a-f]{32}$/) } }

  test("is told so when it falls back too far, and nobody waits for it", async () => {
    const events = [start, ...["a", "b", "c", "d", "e", "f"].map(text), stop]
    const { asked, join } = await stageBefore(events.map((event) => [event]))
    const [leader, slow, follower] = [await join(), await join(), await join()]
    expect(await slow.read()).toEqual({ done: false, value: [renamed] })
    for (const event of events.slice(0, -1)) expect((await leader.read()).value).toEqual([event])
    expect(await rest(slow)).toEqual([{ type: "error", error }])
    expect(asked).toEqual({ times: 1, reads: 7, cancelled: false })
    await follower.cancel()
    expect(await rest(leader)).toEqual([stop])
  })

  test("gets everything when the faster one has left", async () => {
    const events = [start, ...["a", "b", "c", "d", "e", "f"].map(text), stop]
    const gate = Promise.withResolvers<void>()
    const { asked, join } = await stageBefore(events.map((event, n) => (n === 5 ? gate.promise.then(() => [event]) : [event])))
    const [leader, slow] = [await join(), await join()]
    for (const event of events.slice(0, 5)) expect((await leader.read()).value).toEqual([event])
    void leader.read()
    await vi.waitFor(() => expect(asked.reads).toBe(6))
    await leader.cancel()
    gate.resolve()
    await new Promise((resolve) => setImmediate(resolve)) // it has been read, for nobody
    expect(await rest(slow)).toEqual([renamed, ...events.slice(1)])
  })

  test("gets everything as long as it is held", async () => {
    const events = [start, text("a"), text("b"), stop]
    const { join } = await stageBefore(events.map((event) => [event]))
    const [leader, slow] = [await join(), await join()]
    expect(await rest(leader)).toEqual(events)
    expect(await rest(slow)).toEqual([renamed, ...events.slice(1)])
  })

  test("is not the one that is given a whole answer at once, however long", async () => {
    const events = [start, ...["a", "b", "c", "d", "e", "f"].map(text), stop]
    const { join } = await stageBefore([events])
    const [leader, slow] = [await join(), await join()]
    expect([await rest(leader), await rest(slow)]).toEqual([events, [renamed, ...events.slice(1)]])
  })

  test("has no company by those who come when half of the buffer has been told", async () => {
    const { asked, join } = await stageBefore([[start], [text("a")], [text("b")], [stop]])
    const leader = await join()
    await leader.read()
    await leader.read()
    await join()
    expect(asked.times).toBe(1)
    await leader.read()
    await join()
    expect(asked.times).toBe(2)
  })

  test.each([stop, { type: "error", error: { type: "api_error", message: "no" } } as const])("has no company by those who come after $type", async (last) => {
    const { asked, join } = await stageBefore([[start], [last]])
    const leader = await join()
    expect([await leader.read(), await leader.read()].map(({ value }) => value)).toEqual([[start], [last]])
    await join()
    expect(asked.times).toBe(2)
  })

  test("lets the line go when all have left", async () => {
    const { asked, join } = await stageBefore([[start], [text("a")], [stop]])
    const [leader, slow] = [await join(), await join()]
    await leader.read()
    await leader.cancel()
    expect(asked.cancelled).toBe(false)
    await slow.cancel()
    expect(asked.cancelled).toBe(true)
  })
})

describe("options that make no sense are refused", () => {
  test.each<[unknown, object]>([
    [{ buffer: 1 }, { path: ["buffer"], message: "must be a whole number of bytes, 1024 at least" }],
    [{ buffer: "1 MB" }, { path: ["buffer"], message: "must be a whole number of bytes, 1024 at least" }],
  ])("%j", async (options, issue) => {
    expect(await validateOptions(dedupe, options)).toEqual({ issues: [issue] })
  })
})

test("the stage leaves the line as it should be", async () => {
  expect(await testPlugin(dedupe, {})).toEqual([])
})
