import { createStorage, type Driver, type Storage } from "unstorage"
import { afterEach, describe, expect, test, vi } from "vitest"
import cache from "../../plugins/cache.ts"
import rewrite from "../../plugins/rewrite.ts"
import { fold } from "../../src/anthropic/fold.ts"
import type { AssistantMessage } from "../../src/anthropic/events.ts"
import { validateOptions, type PluginUse } from "../../src/plugin/plugin.ts"
import { createProxy } from "../../src/proxy.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled, error, json, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, KEY, startProxy, type TestProxy } from "../_proxy.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) await close()
})

interface Started {
  readonly proxy: TestProxy
  readonly backend: ScriptedBackend
}

const NO_STORAGE = { storage: undefined, before: [] as readonly PluginUse[] }

async function start(
  options: unknown,
  scripts: readonly Script[],
  { storage, before }: { storage: Storage | undefined; before: readonly PluginUse[] } = NO_STORAGE,
): Promise<Started> {
  const checked = await validateOptions(cache, options)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  const backend = await startBackend(...scripts)
  const proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "one" }, n: { backend: "b", model: "two" } },
      backends: { b: { base_url: backend.url } },
      keys: [
        { name: "test", key: KEY },
        { name: "other", key: "sk-of-another-key" },
        { name: "few", key: "sk-of-a-key-for-n", models: ["n"] },
      ],
    },
    { plugins: [...before, { plugin: cache, options: checked.options }], ...(storage && { storage }) },
  )
  closing.push(proxy.close, backend.close)
  return { proxy, backend }
}

const says = (content: string, finish_reason = "stop"): Script => json(200, { choices: [{ message: { content }, finish_reason }] })
const FIRST = says("first")
const SECOND = says("second")
const BOTH = [FIRST, SECOND]

const streamed = (...texts: string[]): Script => chunks([...texts.map((content) => delta({ content })), delta({}, "stop")])

interface Answered {
  readonly cache: string | null
  readonly message: AssistantMessage
}

async function ask({ proxy }: Started, request: object = {}, headers: Record<string, string> = {}): Promise<Answered> {
  const response = await proxy.send({ model: "m", ...request }, { "x-api-key": KEY, ...headers })
  const text = await response.text()
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream")
  const message = isStream ? fold(eventsIn(text)) : (JSON.parse(text) as AssistantMessage)
  if (!message) throw new Error(text)
  return { cache: response.headers.get("x-llm-proxy-cache"), message }
}

/** What became of each, and the text of the answers. */
function told(answers: readonly Answered[]): unknown {
  return answers.map(({ cache, message }) => [cache, message.content.map((block) => ("text" in block ? block.text : block.type)).join()])
}

/** Asks twice. */
async function twice(started: Started, first: Parameters<typeof ask>[1], second = first, headers = {}): Promise<unknown> {
  return told([await ask(started, first), await ask(started, second, headers)])
}

describe("the same request is answered from storage, as a message of its own", () => {
  const kinds = [{ stream: true }, { stream: false }]
  test.each(kinds.flatMap((first) => kinds.map((second) => [first, second] as const)))("%j, then %j", async (first, second) => {
    const started = await start({}, [first.stream ? streamed("fi", "rst") : FIRST])
    const asked = await ask(started, first)
    const again = await ask(started, second)
    expect([asked.cache, again.cache]).toEqual(["miss", "hit"])
    expect(again.message.id).toMatch(/^msg_[0-9a-f]{32}$/)
    expect(again.message.id).not.toBe(asked.message.id)
    expect(again.message).toEqual({ ...asked.message, id: again.message.id })
    expect(started.backend.asked.length).toBe(1)
  })

  test("with its thinking, its calls and a key that storage would drop", async () => {
    const call = { id: "call_1", type: "function", function: { name: "look", arguments: '{"constructor":{"a":1},"__proto__":2}' } }
    const message = { content: "", reasoning_content: "Hm.", tool_calls: [call] }
    const started = await start({}, [json(200, { choices: [{ message, finish_reason: "tool_calls" }] })])
    const tools = [{ name: "look", input_schema: { type: "object" } }]
    const request = { tools, thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2000 }
    const asked = await ask(started, request)
    const again = await ask(started, request)
    expect(again).toEqual({ cache: "hit", message: { ...asked.message, id: again.message.id } })
    expect(JSON.stringify(again.message.content)).toContain('"input":{"constructor":{"a":1},"__proto__":2}')
    expect(again.message.content.map(({ type }) => type)).toEqual(["thinking", "tool_use"])
  })
})

describe("what makes it another request", () => {
  const user = (content: unknown): object => ({ messages: [{ role: "user", content }] })
  test.each<[string, object, object, Record<string, string>]>([
    ["another key", {}, {}, { "x-api-key": "sk-of-another-key" }],
    ["another beta", {}, {}, { "anthropic-beta": "files-api-2025-04-14" }],
    ["another version", {}, {}, { "anthropic-version": "2023-01-01" }],
    ["another model", {}, { model: "n" }, {}],
    ["another parameter", {}, { temperature: 0.5 }, {}],
    ["upper case", user("Hello"), user("hello"), {}],
    ["a text and a block", user("a"), user([{ type: "text", text: "a" }]), {}],
    ["what storage takes for separators", user("a:b"), user("a/b"), {}],
    ["what storage cuts off", user("a?b"), user("a?c"), {}],
    ["the order of messages", user([{ type: "text", text: "a" }, { type: "text", text: "b" }]), user([{ type: "text", text: "b" }, { type: "text", text: "a" }]), {}],
  ])("%s", async (_, first, second, headers) => {
    expect(await twice(await start({}, BOTH), first, second, headers)).toEqual([["miss", "first"], ["miss", "second"]])
  })
})

describe("what leaves it the same", () => {
  test.each<[string, object, object]>([
    ["who the user is", { metadata: { user_id: "a" } }, { metadata: { user_id: "b" } }],
    ["the order of keys", { temperature: 0, top_k: 1 }, { top_k: 1, temperature: 0 }],
  ])("%s", async (_, first, second) => {
    expect(await twice(await start({}, BOTH), first, second)).toEqual([["miss", "first"], ["hit", "first"]])
  })
})

describe("answers for everybody", () => {
  test("one key's answer is another's", async () => {
    const started = await start({ per: "all" }, BOTH)
    expect(await twice(started, {}, {}, { "x-api-key": "sk-of-another-key" })).toEqual([["miss", "first"], ["hit", "first"]])
  })

  test("but not of one that may not use the model", async () => {
    const started = await start({ per: "all" }, BOTH)
    await ask(started)
    const response = await started.proxy.send({ model: "m" }, { "x-api-key": "sk-of-a-key-for-n" })
    expect([response.status, response.headers.get("x-llm-proxy-cache")]).toEqual([403, "bypass"])
  })

  test("nor of one that may use what a rule has made of its model, and not the model", async () => {
    const { options } = (await validateOptions(rewrite, { rules: [{ model: "m", to: "n" }] })) as { options: unknown }
    const started = await start({ per: "all" }, BOTH, { storage: undefined, before: [{ plugin: rewrite, options }] })
    expect(await twice(started, { model: "m" }, { model: "n" })).toEqual([["miss", "first"], ["hit", "first"]])
    const response = await started.proxy.send({ model: "m" }, { "x-api-key": "sk-of-a-key-for-n" })
    expect([response.status, response.headers.get("x-llm-proxy-cache")]).toEqual([403, "bypass"])
  })
})

describe("an answer that is no success is not kept", () => {
  test.each<[string, Script]>([
    ["a stream that breaks off", chunks([delta({ content: "half" })], { done: false })],
    ["a stream that fails", chunks([delta({ content: "half" }), { error: { message: "overloaded" } }])],
    ["a refusal", says("I will not.", "content_filter")],
  ])("%s", async (_, script) => {
    const storage = createStorage()
    const started = await start({}, [script, SECOND], { storage, before: [] })
    await (await started.proxy.send({ model: "m", stream: true })).text()
    expect(await storage.getKeys()).toEqual([])
    expect(told([await ask(started)])).toEqual([["miss", "second"]])
  })

  test("an error", async () => {
    const started = await start({}, [error(529, "no"), SECOND])
    expect((await started.proxy.send({ model: "m" })).status).toBe(529)
    expect(told([await ask(started)])).toEqual([["miss", "second"]])
  })

  test("one that its client has left", async () => {
    const script = controlled()
    const started = await start({}, [script, SECOND])
    const leave = new AbortController()
    const leaving = started.proxy.send({ model: "m", stream: true }, undefined, leave.signal)
    await script.opened
    script.push(delta({ content: "half" }))
    await (await leaving).body?.getReader().read()
    leave.abort()
    expect(await script.closed).toBe(true)
    expect(told([await ask(started)])).toEqual([["miss", "second"]])
  })

  test("one that ran into its longest length is one", async () => {
    expect(await twice(await start({}, [says("fir", "length")]), {})).toEqual([["miss", "fir"], ["hit", "fir"]])
  })
})

describe("a client that wants none", () => {
  test("no-cache: a new answer, which is kept", async () => {
    const started = await start({}, BOTH)
    const fresh = { "cache-control": "max-age=0, No-Cache" }
    const answers = [await ask(started), await ask(started, {}, fresh), await ask(started)]
    expect(told(answers)).toEqual([["miss", "first"], ["bypass", "second"], ["hit", "second"]])
  })

  test("no-store: neither", async () => {
    const started = await start({}, [FIRST, SECOND, says("third")])
    const own = { "cache-control": "no-store" }
    const answers = [await ask(started, {}, own), await ask(started), await ask(started, {}, own), await ask(started)]
    expect(told(answers)).toEqual([["bypass", "first"], ["miss", "second"], ["bypass", "third"], ["hit", "second"]])
  })
})

describe("what is never kept", () => {
  const server = { type: "web_search_20250305", name: "web_search" }
  const custom = { name: "look", input_schema: { type: "object" } }
  test.each<[string, object, string]>([
    ["a request for nothing", { max_tokens: 0 }, ""],
    ["a request with tools of the server", { tools: [custom, server] }, "first"],
    ["another model than those of the option", { model: "n" }, "first"],
  ])("%s", async (_, request, text) => {
    const started = await start({ models: ["m"] }, [FIRST, FIRST])
    expect(await twice(started, request)).toEqual([["bypass", text], ["bypass", text]])
  })

  test("but one with tools that the client runs is", async () => {
    const started = await start({}, BOTH)
    const tools = [{ ...custom, type: "custom" }, { type: "bash_20250124", name: "bash" }, { ...custom, name: "see" }]
    expect(await twice(started, { tools })).toEqual([["miss", "first"], ["hit", "first"]])
  })
})

describe("storage", () => {
  /** The only entry; everything is in memory. */
  async function entryOf(storage: Storage): Promise<[key: string, value: { until: number; text: string }]> {
    const [key = ""] = await storage.getKeys()
    return [key, (await storage.getItem<{ until: number; text: string }>(key)) ?? { until: 0, text: "" }]
  }
  const withStorage = (storage: Storage) => ({ storage, before: [] })

  test("knows nothing of the request but its hash, and is told how long", async () => {
    const set = vi.fn<NonNullable<Driver["setItem"]>>()
    const storage = createStorage({ driver: { hasItem: () => false, getItem: () => null, getKeys: () => [], setItem: set } })
    await ask(await start({ ttl: 60 }, BOTH, withStorage(storage)))
    expect(set.mock.calls).toEqual([[expect.stringMatching(/^plugin:cache:[0-9a-f]{64}$/), expect.any(String), { ttl: 60 }]])
    expect(set.mock.calls[0]?.[1]).not.toContain("Hello")
  })

  const broken = (): never => {
    throw new Error("disk on fire")
  }
  test.each<[string, Partial<Driver>]>([
    ["reading", { getItem: broken }],
    ["writing", { setItem: broken }],
    ["listing", { getKeys: broken }],
  ])("that fails at %s fails no request", async (_, faults) => {
    const driver: Driver = { hasItem: () => false, getItem: () => null, setItem: () => {}, getKeys: () => [], ...faults }
    const started = await start({}, BOTH, withStorage(createStorage({ driver })))
    expect(await twice(started, {})).toEqual([["miss", "first"], ["miss", "second"]])
    expect(started.proxy.lines.join("\n")).toContain("disk on fire")
  })

  test.each<[string, (text: string) => unknown]>([
    ["nothing of ours", () => "?"],
    ["no text", () => ({ until: Infinity, text: 7 })],
    ["half a text", (text) => text.slice(0, -9)],
    ["another shape", () => '{"events":[]}'],
    ["an answer without its end", (text) => JSON.stringify([[0, JSON.parse(text)[0][1].slice(0, -1)]])],
    ["a block that is none", (text) => text.replace('"content_block":{', '"block":{')],
    ["a text that is a number", (text) => text.replace('"type":"content_block_delta"', '"type":7')],
  ])("with %s in it is a miss", async (_, damage) => {
    const storage = createStorage()
    const started = await start({}, BOTH, withStorage(storage))
    await ask(started)
    const [key, { text, until }] = await entryOf(storage)
    const damaged = damage(text)
    await storage.setItem(key, typeof damaged === "string" ? { until, text: damaged } : (damaged as object))
    expect(told([await ask(started), await ask(started)])).toEqual([["miss", "second"], ["hit", "second"]])
  })

  test("answers are told for as long as the option says, and cleared away then", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const storage = createStorage()
    const started = await start({ ttl: 60 }, [FIRST, SECOND, says("third")], withStorage(storage))
    await ask(started)
    vi.advanceTimersByTime(59_000)
    expect(told([await ask(started)])).toEqual([["hit", "first"]])
    vi.advanceTimersByTime(2000)
    expect(told([await ask(started)])).toEqual([["miss", "second"]])
    vi.advanceTimersByTime(61_000)
    await ask(started, { temperature: 0 })
    await vi.waitFor(async () => expect((await storage.getKeys()).length).toBe(1))
    expect(JSON.stringify(await entryOf(storage))).toContain("third")
  })

  test("what an earlier process has left is cleared away too", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const storage = createStorage()
    await storage.setItem("plugin:cache:left", { until: Date.now() + 1000, text: "[]" })
    const started = await start({ ttl: 60 }, BOTH, withStorage(storage))
    await ask(started)
    vi.advanceTimersByTime(61_000)
    await ask(started, { temperature: 0 })
    await vi.waitFor(async () => expect((await storage.getKeys()).length).toBe(1))
  })

  test("an answer larger than the option says is not kept", async () => {
    const started = await start({ max_size: 2000 }, [says("é".repeat(800)), SECOND])
    await ask(started)
    expect(told([await ask(started)])).toEqual([["miss", "second"]])
  })

  test("the oldest answers go when all together are larger than the option says", async () => {
    const large = (letter: string): Script => says(letter.repeat(2000))
    const started = await start({ max_total: 6000 }, [large("a"), large("b"), large("c"), SECOND])
    for (const temperature of [0, 0.1, 0.2]) await ask(started, { temperature })
    const answers = [await ask(started, { temperature: 0.1 }), await ask(started, { temperature: 0 })]
    expect(answers.map(({ cache }) => cache)).toEqual(["hit", "miss"])
  })
})

describe("a stream that is told again", () => {
  const encoder = new TextEncoder()

  /** What comes of a stream, and after how many ms on the clock of the test. */
  async function timed(response: Response): Promise<readonly (readonly [after: number, texts: string])[]> {
    const began = performance.now()
    const told: [number, string][] = []
    const decoder = new TextDecoder()
    for await (const bytes of response.body ?? []) {
      const texts = eventsIn(decoder.decode(bytes)).map((event) => {
        return event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : ""
      })
      told.push([performance.now() - began, texts.join("")])
    }
    return told.filter(([, text]) => text !== "")
  }

  /** Answers once with pauses of 2 s and 8 s; asked again, it fails. */
  async function tellAgain(replay: string, request: object): Promise<Response> {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
    const { options } = (await validateOptions(cache, { replay })) as { options: unknown }
    const backend = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>()
    const answers = [
      () => new Response(new ReadableStream({ start: backend.resolve }), { headers: { "content-type": "text/event-stream" } }),
    ]
    const proxy = await createProxy(
      { models: { m: { backend: "b", model: "one" } }, backends: { b: { base_url: "http://b" } }, keys: [{ name: "test", key: KEY }] },
      { plugins: [{ plugin: cache, options }], fetch: async () => answers.shift()?.() ?? Promise.reject(new Error("asked again")) },
    )
    closing.push(proxy.close)
    const send = async (more: object): Promise<Response> => {
      const sent = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hello" }], ...more }
      return proxy.fetch(new Request("http://p/v1/messages", { method: "POST", headers: { "x-api-key": KEY }, body: JSON.stringify(sent) }))
    }
    const asked = send({ stream: true }).then(timed)
    const upstream = await backend.promise
    const push = (chunk: object): void => upstream.enqueue(encoder.encode(`data: ${JSON.stringify(chunk)}\n\n`))
    push(delta({ content: "one" }))
    await new Promise((resolve) => setImmediate(resolve)) // it has been read
    await vi.advanceTimersByTimeAsync(2000)
    push(delta({ content: "two" }))
    await vi.advanceTimersByTimeAsync(8000)
    push(delta({ content: "three" }, "stop"))
    upstream.enqueue(encoder.encode("data: [DONE]\n\n"))
    upstream.close()
    expect(await asked).toEqual([[0, "one"], [2000, "two"], [10_000, "three"]])
    return send(request)
  }

  test("comes with the pauses it had, shortened to five seconds in all", async () => {
    const again = timed(await tellAgain("paced", { stream: true }))
    await vi.advanceTimersByTimeAsync(5000)
    expect(await again).toEqual([[0, "one"], [1000, "two"], [5000, "three"]])
  })

  test("comes in one go unless the option says otherwise", async () => {
    expect(await timed(await tellAgain("at_once", { stream: true }))).toEqual([[0, "onetwothree"]])
  })

  test("comes in one go for a client that does not stream", async () => {
    const { content } = (await (await tellAgain("paced", {})).json()) as AssistantMessage
    expect(content).toEqual([{ type: "text", text: "onetwothree", citations: null }])
  })

  test("lets go of its clock when the client leaves", async () => {
    const reader = (await tellAgain("paced", { stream: true })).body?.getReader()
    await reader?.read()
    void reader?.read()
    await vi.advanceTimersByTimeAsync(100)
    const waiting = vi.getTimerCount()
    await reader?.cancel()
    expect([waiting > 0, vi.getTimerCount()]).toEqual([true, 0])
  })
})

test("a model that the config has not got is a mistake", async () => {
  await expect(start({ models: ["m", "k*"] }, [])).rejects.toThrow("plugin cache: models: the config routes no model k*")
})

describe("options that make no sense are refused", () => {
  test.each<[unknown, object]>([
    [{ ttl: 0 }, { path: ["ttl"], message: "must be a whole number above 0" }],
    [{ max_size: "1 MB" }, { path: ["max_size"], message: "must be a whole number above 0" }],
    [{ replay: "slow" }, { path: ["replay"], message: "must be at_once or paced" }],
    [{ per: "user" }, { path: ["per"], message: "must be key or all" }],
    [{ models: [] }, { path: ["models"], message: "must not be empty" }],
  ])("%j", async (options, issue) => {
    expect(await validateOptions(cache, options)).toEqual({ issues: [issue] })
  })
})

test.each(["at_once", "paced"])("the stage leaves the line as it should be (%s)", async (replay) => {
  expect(await testPlugin(cache, { replay })).toEqual([])
})
