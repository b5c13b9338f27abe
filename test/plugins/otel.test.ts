import { context, trace } from "@opentelemetry/api"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import otel from "../../plugins/otel.ts"
import retry from "../../plugins/retry.ts"
import { definePlugin, validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { defineStage } from "../../src/stage.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { chunks, controlled, error, json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { startTracing, stopTracing, type Kept } from "./_tracing.ts"

let backend: ScriptedBackend
let spans: readonly Kept[]
const closing: (() => Promise<void>)[] = []

beforeEach(async () => {
  backend = await startBackend()
  spans = startTracing()
})
afterEach(async () => {
  stopTracing()
  vi.doUnmock("@opentelemetry/api")
  for (const close of closing.splice(0).toReversed()) await close()
  await backend.close()
})

async function use<Options>(plugin: Plugin<Options>, given: unknown = {}): Promise<PluginUse> {
  const checked = await validateOptions(plugin as Plugin, given)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin: plugin as Plugin, options: checked.options }
}

async function start(given: unknown = {}, ...plugins: readonly PluginUse[]): Promise<TestProxy> {
  const proxy = await startProxy(
    {
      models: { asked: { backend: "b", model: "one" } },
      backends: { b: { base_url: backend.url, api_key: "sk-backend-secret" } },
      keys: [{ name: "test", key: KEY, explain: true }],
    },
    { plugins: [await use(otel, given), ...plugins] },
  )
  closing.push(proxy.close)
  return proxy
}

const answer = json(200, {
  id: "c1",
  model: "one-2026",
  choices: [{ message: { content: "the answer" }, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 12,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 2 },
  },
})

type Told = Pick<Kept, "name" | "kind" | "attributes" | "failed" | "ends">

/** All spans, once they have ended: which may be a moment after the client has read the answer. */
async function ended(count: number): Promise<readonly Told[]> {
  await vi.waitFor(() => {
    if (spans.length < count || spans.some(({ ends }) => ends === 0)) throw new Error("a span has not ended")
  })
  return spans.map(({ name, kind, attributes, failed, ends }) => ({ name, kind, attributes, failed, ends }))
}

const ID: unknown = expect.stringMatching(/^\w+$/)

function requestSpan(status: number | undefined, more: object = {}): object {
  return {
    name: "POST /v1/messages",
    kind: "SERVER",
    attributes: {
      "http.request.method": "POST",
      "http.route": "/v1/messages",
      "url.path": "/v1/messages",
      "url.scheme": "http",
      "llm_proxy.request_id": ID,
      "llm_proxy.key": "test",
      "llm_proxy.model": "asked",
      ...(status !== undefined && { "http.response.status_code": status }),
      ...more,
    },
    failed: (status ?? 0) >= 500,
    ends: 1,
  }
}

function callSpan(attributes: object, failed = false): object {
  const known = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "b",
    "gen_ai.request.model": "one",
    "gen_ai.request.max_tokens": 100,
    "server.address": "127.0.0.1",
    "server.port": Number(new URL(backend.url).port),
  }
  return { name: "chat one", kind: "CLIENT", attributes: { ...known, ...attributes }, failed, ends: 1 }
}

const ANSWERED = {
  "gen_ai.response.id": expect.stringMatching(/^msg_/),
  "gen_ai.response.finish_reasons": ["end_turn"],
  "gen_ai.usage.input_tokens": 12,
  "gen_ai.usage.cache_read.input_tokens": 4,
  "gen_ai.usage.cache_creation.input_tokens": 0,
  "gen_ai.usage.output_tokens": 5,
  "gen_ai.usage.reasoning.output_tokens": 2,
}

const PARENT = { trace: "a".repeat(32), id: "b".repeat(16) }

test("a request and its call are spans of the client's trace, and the backend is told of that alone", async () => {
  const proxy = await start()
  backend.play(answer)
  const headers = { "x-api-key": KEY, traceparent: `00-${PARENT.trace}-${PARENT.id}-01`, baggage: "user=someone" }
  await (await proxy.send({ model: "asked" }, headers)).text()
  expect(await ended(2)).toEqual([requestSpan(200), callSpan(ANSWERED)])
  const [request, call] = spans
  expect(spans.map(({ trace, parent }) => [trace, parent])).toEqual([
    [PARENT.trace, PARENT.id],
    [PARENT.trace, request?.id],
  ])
  const told = backend.asked.map(({ headers }) => [headers["traceparent"], headers["baggage"]])
  expect(told).toEqual([[`00-${PARENT.trace}-${call?.id}-01`, undefined]])
})

test("a stream's call ends with it, and says when it began and what was asked for", async () => {
  const proxy = await start({ providers: { b: "openai" } })
  const usage = { prompt_tokens: 3, completion_tokens: 1 }
  backend.play(chunks([delta({ content: "Hi" }), { ...delta({}, "length"), usage }]))
  const parameters = { temperature: 0.5, top_p: 0.9, stop_sequences: ["END"] }
  const format = { type: "json_schema", schema: { type: "object" } }
  const asked = { model: "asked", stream: true, ...parameters, output_config: { format } }
  await (await proxy.send(asked)).text()
  const [request, call] = await ended(2)
  expect(request).toEqual(requestSpan(200))
  expect(call).toEqual(
    callSpan({
      "gen_ai.provider.name": "openai",
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.top_p": 0.9,
      "gen_ai.request.stop_sequences": ["END"],
      "gen_ai.request.stream": true,
      "gen_ai.output.type": "json",
      "gen_ai.response.id": expect.stringMatching(/^msg_/),
      "gen_ai.response.finish_reasons": ["max_tokens"],
      "gen_ai.response.time_to_first_chunk": expect.any(Number),
      "gen_ai.usage.input_tokens": 3,
      "gen_ai.usage.cache_read.input_tokens": 0,
      "gen_ai.usage.cache_creation.input_tokens": 0,
      "gen_ai.usage.output_tokens": 1,
    }),
  )
})

describe("what fails", () => {
  test("each call of a request that is retried is a span, and the words of a failure are in none", async () => {
    const proxy = await start({}, await use(retry, { attempts: 2, base: 0 }))
    backend.play(error(529, "no more for sk-backend-secret"), answer)
    await (await proxy.send({ model: "asked" })).text()
    expect(await ended(3)).toEqual([
      requestSpan(200),
      callSpan({ "error.type": "overloaded_error" }, true),
      callSpan(ANSWERED),
    ])
    expect(JSON.stringify(spans)).not.toContain("sk-backend-secret")
  })

  test("a request that fails says so as far as it is the server's fault", async () => {
    const proxy = await start()
    backend.play(error(500, "broken"))
    await proxy.send({ model: "asked" })
    await proxy.send({ model: "nobody" })
    expect(await ended(3)).toEqual([
      requestSpan(500, { "error.type": "500" }),
      callSpan({ "error.type": "api_error" }, true),
      requestSpan(404, { "llm_proxy.model": "nobody" }),
    ])
  })

  test("a stream that breaks off is a failed call", async () => {
    const proxy = await start()
    backend.play(chunks([delta({ content: "half" })], { done: false }))
    await (await proxy.send({ model: "asked", stream: true })).text()
    const [, call] = await ended(2)
    expect(call).toMatchObject({ failed: true, attributes: { "error.type": "api_error" } })
  })

  test("a client that leaves ends all spans, and they say so", async () => {
    const proxy = await start()
    const script = controlled()
    backend.play(script)
    const leaving = new AbortController()
    const [response] = await Promise.all([
      proxy.send({ model: "asked", stream: true }, undefined, leaving.signal),
      script.opened.then(() => script.push(delta({ content: "Hi" }))),
    ])
    await response.body?.getReader().read()
    leaving.abort()
    const left = { "error.type": "client_left" }
    const began = {
      "gen_ai.request.stream": true,
      "gen_ai.response.id": expect.stringMatching(/^msg_/),
      "gen_ai.response.time_to_first_chunk": expect.any(Number),
      "gen_ai.usage.input_tokens": expect.any(Number),
      "gen_ai.usage.cache_read.input_tokens": 0,
      "gen_ai.usage.cache_creation.input_tokens": 0,
      "gen_ai.usage.output_tokens": 1,
    }
    expect(await ended(2)).toEqual([requestSpan(200, left), callSpan({ ...began, ...left })])
  })

  test("a client that leaves before there is an answer", async () => {
    const proxy = await start()
    const script = controlled()
    backend.play(script)
    const leaving = new AbortController()
    const asked = proxy.send({ model: "asked" }, undefined, leaving.signal).catch(() => {})
    await script.opened
    leaving.abort()
    await asked
    const left = { "error.type": "client_left" }
    expect(await ended(2)).toEqual([requestSpan(499, left), callSpan(left)])
  })
})

describe("what was asked and answered", () => {
  const messages = [
    { role: "user", content: [{ type: "text", text: "look" }, { type: "image", source: { type: "url", url: "https://x/y" } }] },
    { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: { a: 1 } }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "done" }] },
  ]
  const tools = [{ name: "f", input_schema: { type: "object" } }]
  const request = { model: "asked", system: "be brief", messages, tools }

  test("is in the spans when it is asked for", async () => {
    const proxy = await start({ content: true })
    backend.play(answer)
    await (await proxy.send(request)).text()
    const [, call] = await ended(2)
    const told = ["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"].map(
      (name) => JSON.parse(String(call?.attributes[name])) as unknown,
    )
    expect(told).toEqual([
      [{ type: "text", content: "be brief" }],
      [
        { role: "user", parts: [{ type: "text", content: "look" }, { type: "image" }] },
        { role: "assistant", parts: [{ type: "tool_call", id: "t1", name: "f", arguments: { a: 1 } }] },
        { role: "user", parts: [{ type: "tool_call_response", id: "t1", response: [{ type: "text", content: "done" }] }] },
      ],
      [{ role: "assistant", parts: [{ type: "text", content: "the answer" }], finish_reason: "end_turn" }],
    ])
  })

  test("and otherwise is not", async () => {
    const proxy = await start()
    backend.play(answer)
    await (await proxy.send(request)).text()
    expect(JSON.stringify(await ended(2))).not.toMatch(/look|brief|the answer|done/)
  })
})

test("backends are not told of traces where that is not wished", async () => {
  const proxy = await start({ propagate: false })
  backend.play(answer)
  await (await proxy.send({ model: "asked" })).text()
  expect(backend.asked.map(({ headers }) => headers["traceparent"])).toEqual([undefined])
})

test("what other plugins trace lies inside the request's span", async () => {
  const own = definePlugin({
    name: "own",
    setup: () =>
      defineStage({
        name: "own",
        before: "route",
        run(given, next) {
          trace.getTracer("own").startSpan("own").end()
          return next(given)
        },
      }),
  })
  const proxy = await start({}, await use(own))
  backend.play(answer)
  await (await proxy.send({ model: "asked" })).text()
  await ended(3)
  expect(spans.map(({ name, parent }) => [name, parent])).toEqual([
    ["POST /v1/messages", undefined],
    ["own", spans[0]?.id],
    ["chat one", spans[0]?.id],
  ])
})

test("where the server is traced already, its span is the parent, not the client's", async () => {
  const around = { traceId: "c".repeat(32), spanId: "d".repeat(16), traceFlags: 1 }
  const server = trace.setSpanContext(context.active(), around)
  const instrumented = definePlugin({
    name: "instrumented",
    setup: () =>
      defineStage({
        name: "instrumented",
        before: "auth",
        run: (given, next) => context.with(server, () => next(given)),
      }),
  })
  const config = { models: { asked: { backend: "b", model: "one" } }, backends: { b: { base_url: backend.url } } }
  const proxy = await startProxy(config, { plugins: [await use(instrumented), await use(otel)] })
  closing.push(proxy.close)
  backend.play(answer)
  const headers = { "x-api-key": KEY, traceparent: `00-${PARENT.trace}-${PARENT.id}-01` }
  await (await proxy.send({ model: "asked" }, headers)).text()
  await ended(2)
  expect(spans[0]).toMatchObject({ trace: "c".repeat(32), parent: "d".repeat(16) })
})

test("explanations and other endpoints are not traced", async () => {
  const proxy = await start()
  await proxy.send({ model: "asked" }, { "x-api-key": KEY, "x-llm-proxy-explain": "1" })
  await proxy.ask("/v1/models")
  expect(spans).toEqual([])
})

test("its stages leave answers as they are", async () => {
  expect(await testPlugin(otel, { content: true }, ["model"])).toEqual([])
})

describe("at the start", () => {
  test("a provider's name for a backend that is not there is a mistake", async () => {
    await expect(start({ providers: { c: "openai" } })).rejects.toThrow(
      "plugin otel: providers.c: no model leads to such a backend; there is b",
    )
  })

  test("the package it needs is named where it is missing", async () => {
    vi.doMock("@opentelemetry/api", () => {
      throw new Error("Cannot find package")
    })
    await expect(start()).rejects.toThrow("plugin otel: needs the package @opentelemetry/api: npm install @opentelemetry/api")
  })

  test("without an SDK a line says that nothing is traced, and answers are given", async () => {
    stopTracing()
    const proxy = await start()
    backend.play(answer)
    expect((await proxy.send({ model: "asked" })).status).toBe(200)
    expect(proxy.lines.filter((line) => line.includes("plugin=otel"))).toEqual([
      expect.stringMatching(/ warn  nothing is traced: no OpenTelemetry SDK is registered; start the process with one plugin/),
    ])
  })
})
