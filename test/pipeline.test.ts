import { afterEach, describe, expect, test } from "vitest"
import { createProxy, defineStage, definePlugin, flowOf, fold, mapEvents, onMessage, ProxyError, tap, unfold, v, type AnyStage, type AssistantMessage } from "../src/index.ts"
import { setUpPlugins, validateOptions, type PluginUse } from "../src/plugin/plugin.ts"
import { around, toStages, type Parsed, type Stage } from "../src/stage.ts"
import { error, json, startBackend } from "./_backend.ts"
import { eventsIn, startProxy, type TestProxy } from "./_proxy.ts"
import { toolsWith } from "./_tools.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A proxy with these stages in it, in front of the demo and of a scripted backend. */
async function withStages(...stages: readonly AnyStage[]): Promise<{ proxy: TestProxy; backend: Awaited<ReturnType<typeof startBackend>> }> {
  const backend = await startBackend()
  const plugin: PluginUse = { plugin: definePlugin({ name: "test", setup: () => stages }), options: undefined }
  const proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "one" }, spare: { backend: "b", model: "two" } },
      backends: { b: { base_url: backend.url } },
    },
    { plugins: [plugin] },
  )
  closing.push(proxy.close, backend.close)
  return { proxy, backend }
}

const answer = (content: string): ReturnType<typeof json> =>
  json(200, { choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }], usage: { prompt_tokens: 3, completion_tokens: 2 } })

/** A stage at a place that fails there. */
const rejecting = <P extends "parse" | "toOpenAI">(before: P, thrown: Error): Stage<P> =>
  defineStage({ name: "throws", before, run: () => Promise.reject(thrown) })

test("a stage stands around the rest of the line from its place on, the first outermost", async () => {
  const seen: string[] = []
  const stage = <P extends "auth" | "parse" | "route" | "toOpenAI" | "upstream">(before: P, name: string): Stage<P> =>
    defineStage({
      name,
      before,
      async run(context, next) {
        seen.push(`${name} in`)
        const reply = await next(context)
        seen.push(`${name} out`)
        return reply
      },
    })
  const { proxy, backend } = await withStages(
    stage("upstream", "upstream"), stage("route", "first"), stage("auth", "auth"), stage("route", "second"), stage("toOpenAI", "toOpenAI"), stage("parse", "parse"),
  )
  backend.play(answer("hi"))
  await proxy.send({ model: "m" })
  expect(seen).toEqual([
    "auth in", "parse in", "first in", "second in", "toOpenAI in", "upstream in",
    "upstream out", "toOpenAI out", "second out", "first out", "parse out", "auth out",
  ])
})

test("a rewritten request goes to the other model, and the answer says what the client asked for", async () => {
  const { proxy, backend } = await withStages(
    defineStage({ name: "rewrite", before: "route", run: (context, next) => next({ ...context, request: { ...context.request, model: "spare" } }) }),
  )
  backend.play(answer("hi"), answer("hi"))
  expect(await (await proxy.send({ model: "m" })).json()).toMatchObject({ model: "m" })
  expect(backend.asked[0]?.body).toMatchObject({ model: "two" })
  const [start] = eventsIn(await (await proxy.send({ model: "m", stream: true })).text())
  expect(start).toMatchObject({ message: { model: "m" } })
})

test.each([true, false])("a fallback asks again elsewhere, and the client sees nothing of the failure (stream: %s)", async (stream) => {
  const { proxy, backend } = await withStages(
    defineStage({
      name: "fallback",
      before: "route",
      async run(context, next) {
        try {
          return await next(context)
        } catch {
          return next({ ...context, request: { ...context.request, model: "spare" } })
        }
      },
    }),
  )
  backend.play(error(503, "full"), answer("from the spare"))
  const response = await proxy.send({ model: "m", stream })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain("from the spare")
  expect(backend.asked.map(({ body }) => (body as { model: string }).model)).toEqual(["one", "two"])
})

test("a stage answers from what it has, and no backend is asked", async () => {
  const message: AssistantMessage = {
    id: "msg_1", type: "message", role: "assistant", model: "m", content: [{ type: "text", text: "from a cache", citations: null }],
    stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null, diagnostics: null,
    usage: { input_tokens: 1, output_tokens: 2, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, cache_creation: null, output_tokens_details: null, server_tool_use: null, service_tier: null, inference_geo: null, speed: null },
  }
  const { proxy, backend } = await withStages(defineStage({ name: "cache", before: "route", run: async () => flowOf(unfold(message)) }))
  expect(await (await proxy.send({ model: "m" })).json()).toEqual(message)
  expect(fold(eventsIn(await (await proxy.send({ model: "m", stream: true })).text()))).toEqual(message)
  expect(backend.asked).toEqual([])
})

test("events are looked at, changed and added up on their way", async () => {
  const types: string[] = []
  const ended: string[] = []
  const { proxy, backend } = await withStages(
    defineStage({
      name: "look",
      before: "route",
      async run(context, next) {
        return (await next(context))
          .pipeThrough(tap(({ type }) => types.push(type)))
          .pipeThrough(mapEvents((event) => (event.type === "content_block_delta" && event.delta.type === "text_delta" ? { ...event, delta: { ...event.delta, text: event.delta.text.toUpperCase() } } : event)))
          .pipeThrough(onMessage(({ message }) => ended.push(JSON.stringify(message.content))))
      },
    }),
  )
  backend.play(answer("quiet"))
  expect(await (await proxy.send({ model: "m" })).json()).toMatchObject({ content: [{ text: "QUIET" }] })
  expect(types).toEqual(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"])
  expect(ended).toEqual(['[{"type":"text","text":"QUIET","citations":null}]'])
})

test("a foreign TransformStream may stand in the line", async () => {
  const { proxy, backend } = await withStages(
    defineStage({ name: "foreign", before: "route", run: async (context, next) => (await next(context)).pipeThrough(new TransformStream()) }),
  )
  backend.play(answer("through"))
  expect(await (await proxy.send({ model: "m" })).json()).toMatchObject({ content: [{ text: "through" }] })
})

describe("a stage that fails", () => {
  const throwing = (before: "route"): AnyStage =>
    defineStage({
      name: "throws",
      before,
      async run(context, next) {
        return (await next(context)).pipeThrough(
          tap(({ type }) => {
            if (type === "content_block_delta") throw new Error("secret of the plugin")
          }),
        )
      },
    })

  test("in the middle of a stream costs its request an error event, and nothing else", async () => {
    const { proxy, backend } = await withStages(throwing("route"))
    backend.play(answer("hi"), answer("hi"))
    const events = eventsIn(await (await proxy.send({ model: "m", stream: true })).text())
    expect(events.at(-1)).toMatchObject({ type: "error", error: { type: "api_error" } })
    expect(JSON.stringify(events)).not.toContain("secret")
    expect((await proxy.ask("/health")).status).toBe(200)
  })

  test("before the stream is a 500 that says nothing of it, while the log does", async () => {
    const { proxy } = await withStages(rejecting("toOpenAI", new Error("secret of the plugin")) as AnyStage)
    const response = await proxy.send({ model: "m", stream: true })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain("secret")
    expect(proxy.lines.join("\n")).toContain("secret of the plugin")
  })

  test("with an error of its own tells the client that", async () => {
    const { proxy } = await withStages(rejecting("parse", new ProxyError(429, "one a minute", { headers: { "retry-after": "60" } })) as AnyStage)
    const response = await proxy.send({ model: "m" })
    expect(response.status).toBe(429)
    expect(response.headers.get("retry-after")).toBe("60")
    expect(await response.json()).toMatchObject({ error: { type: "rate_limit_error", message: "one a minute" } })
  })
})

test("next may be called again, and each call runs the rest anew", async () => {
  let runs = 0
  const again: Stage<"route"> = { name: "again", before: "route", run: async (context, next) => (await next(context), next(context)) }
  const run = around([again, again], async () => (runs++, flowOf([])))
  await run({} as Parsed)
  expect(runs).toBe(4)
})

test("stages are sorted by place and keep their order", () => {
  const stage = (before: "auth" | "route", name: string): AnyStage => ({ name, before, run: (context: never, next: (c: never) => never) => next(context) }) as AnyStage
  const sorted = toStages([stage("route", "a"), stage("auth", "b"), stage("route", "c")])
  expect([sorted.auth.map(({ name }) => name), sorted.route.map(({ name }) => name), sorted.upstream]).toEqual([["b"], ["a", "c"], []])
})

describe("plugins", () => {
  const tools = toolsWith()

  test("options are checked, completed, and refused with the path to the fault", async () => {
    const plugin = definePlugin({ name: "p", options: v.strictObject({ size: v.optional(v.number(), 3) }), setup: () => [] })
    expect(await validateOptions(plugin as never, undefined)).toEqual({ options: { size: 3 } })
    expect(await validateOptions(plugin as never, { size: "x" })).toEqual({ issues: [{ path: ["size"], message: expect.any(String) }] })
    expect(await validateOptions(definePlugin({ name: "p", setup: () => [] }) as never, { a: 1 })).toEqual({ issues: [{ path: [], message: "the plugin p takes no options" }] })
  })

  test("are closed in the opposite order, and one that fails to close keeps no other from it", async () => {
    const closed: string[] = []
    const use = (name: string): PluginUse => ({
      plugin: { name, setup: () => ({ stages: [], close: () => { closed.push(name); if (name === "b") throw new Error("no") } }) },
      options: undefined,
    })
    const running = await setUpPlugins([use("a"), use("b"), use("c")], () => tools)
    await running.close()
    expect(closed).toEqual(["c", "b", "a"])
  })

  test("one that cannot be set up is named, and those before it are closed", async () => {
    let closed = false
    const good: PluginUse = { plugin: { name: "good", setup: () => ({ stages: [], close: () => void (closed = true) }) }, options: undefined }
    const bad: PluginUse = { plugin: { name: "bad", setup: () => Promise.reject(new Error("no disk")) }, options: undefined }
    await expect(setUpPlugins([good, bad], () => tools)).rejects.toThrow("plugin bad: no disk")
    expect(closed).toBe(true)
  })

  const NOT_ONE = "plugin bad: setup must return a stage, a list of stages, or { stages, routes, close }"
  test.each<readonly [string, unknown, string]>([
    ["nothing", undefined, NOT_ONE],
    ["something else", {}, NOT_ONE],
    ["a list of something else", [{ name: "s" }], "plugin bad: a stage must have a function `run`"],
    [
      "a stage that stands nowhere",
      { name: "s", before: "lunch", run: () => {} },
      "plugin bad: the stage s must stand before one of auth, parse, route, toOpenAI, upstream, not lunch",
    ],
  ])("a setup that returns %s is told so", async (_, made, words) => {
    const setup = (): never => made as never
    await expect(setUpPlugins([{ plugin: { name: "bad", setup }, options: undefined }], () => tools)).rejects.toThrow(words)
  })

  test("a setup may return endpoints alone, and one whose endpoint is taken is closed", async () => {
    const closed: string[] = []
    const use = (name: string): PluginUse => ({
      plugin: { name, setup: () => ({ routes: { "/own": () => new Response() }, close: () => void closed.push(name) }) },
      options: undefined,
    })
    const running = await setUpPlugins([use("a")], () => tools)
    expect([running.stages, [...running.routes.keys()]]).toEqual([[], ["/own"]])
    await expect(setUpPlugins([use("b"), use("c")], () => tools)).rejects.toThrow("plugin c: it answers /own, which the plugin b answers already")
    expect(closed).toEqual(["c", "b"])
  })

  test("two of one name, which would keep things as one, are refused", async () => {
    const use: PluginUse = { plugin: { name: "a", setup: () => [] }, options: undefined }
    await expect(setUpPlugins([use, use], () => tools)).rejects.toThrow("plugin a: is there twice; give one of them another name")
  })
})

test("a plugin that answers what the proxy answers itself keeps it from starting, and is closed", async () => {
  let closed = false
  const plugin = definePlugin({
    name: "own",
    setup: () => ({ stages: [], routes: { "/health": () => new Response("mine") }, close: () => void (closed = true) }),
  })
  const config = { models: { m: { backend: "b", model: "m" } }, backends: { b: { base_url: "demo:" } } }
  const made = createProxy(config, { plugins: [{ plugin, options: undefined }] })
  await expect(made).rejects.toThrow("plugin own: it answers /health, which the proxy answers itself")
  expect(closed).toBe(true)
})

test("a plugin's own endpoint needs a key, and answers GET and HEAD alone", async () => {
  const plugin = definePlugin({
    name: "own",
    setup: () => ({ stages: [], routes: { "/own": ({ client }) => new Response(`for ${client.name}`) } }),
  })
  const proxy = await startProxy({ models: {}, backends: {} }, { plugins: [{ plugin, options: undefined }] })
  closing.push(proxy.close)
  const [answered, refused, wrong] = [
    await proxy.ask("/own"),
    await proxy.ask("/own", { headers: {} }),
    await proxy.ask("/own", { method: "POST", body: {} }),
  ]
  expect([answered.status, await answered.text(), refused.status, wrong.status]).toEqual([200, "for test", 401, 405])
})

test("a key is asked what the client named, whatever a stage makes of it", async () => {
  const stage = (model: string): AnyStage =>
    defineStage({ name: "to", before: "route", run: (c, next) => next({ ...c, request: { ...c.request, model } }) })
  const config = {
    models: { mine: { backend: "b", model: "m" }, theirs: { backend: "b", model: "m" } },
    backends: { b: { base_url: "demo:" } },
    keys: [{ name: "narrow", key: "sk-narrow", models: ["mine"] }],
  }
  const ask = async (asked: string, made: string): Promise<number> => {
    const plugin = definePlugin({ name: "to", setup: () => stage(made) })
    const proxy = await startProxy(config, { plugins: [{ plugin, options: undefined }] })
    closing.push(proxy.close)
    return (await proxy.send({ model: asked }, { "x-api-key": "sk-narrow" })).status
  }
  expect([await ask("mine", "theirs"), await ask("theirs", "mine")]).toEqual([200, 403])
})
