/**
 * Plugins are trusted code, but each was written in a hurry by somebody: one that fails costs its own request at most.
 * Every hostile one is tried beside requests that are none of its business, which go through the same stages.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fold } from "../../src/anthropic/fold.ts"
import { definePlugin } from "../../src/plugin/plugin.ts"
import { defineStage, type Events, type Places, type Stage } from "../../src/stage.ts"
import { Flow, flowOf } from "../../src/stream/flow.ts"
import { mapEvents } from "../../src/stream/tap.ts"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { chunks, controlled, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, KEY, startProxy, type TestProxy } from "../_proxy.ts"

type Run = Stage<"route">["run"]
type Http = Stage<"auth">["run"]
type Raw = Stage<"upstream">["run"]

const boom = new Error("boom")
const CYCLIC = { type: "content_block_start", index: 0, content_block: { type: "text", text: "", citations: [] as unknown[] } }
CYCLIC.content_block.citations.push(CYCLIC)

/** What a stage before `route` does when a request asks for it by name. */
const ROUTE: Readonly<Record<string, Run>> = {
  "throws at once": () => {
    throw boom
  },
  "throws something that is no error": async () => {
    throw null
  },
  "rejects later": () => new Promise((_, reject) => setTimeout(() => reject(boom), 5)),
  "throws behind the answer's head": async (c, next) => {
    await next(c)
    throw boom
  },
  "returns nothing": async (c, next) => (await next(c), undefined as never),
  "returns a promise that never settles": () => new Promise(() => {}),
  "asks twice and reads neither": async (c, next) => {
    const other = await next(c)
    void other
    return next(c)
  },
  "reads the reply it returns": async (c, next) => {
    const reply = await next(c)
    await reply.getReader().read()
    return reply
  },
  "throws at the first event": through(() => {
    throw boom
  }),
  "throws in mid-stream": through((event) => {
    if (event.type === "content_block_delta") throw boom
    return event
  }),
  "throws at the end": through((event) => {
    if (event.type === "message_stop") throw boom
    return event
  }),
  "goes on after the end": through((event) => (event.type === "message_stop" ? [event, event, text("more")] : event)),
  "drops the end": through((event) => (event.type === "message_stop" ? null : event)),
  "changes events that are not its own": through((event) => {
    if (event.type === "message_start") Object.assign(event.message, { usage: 1, content: null, id: boom })
    if (event.type === "content_block_delta") Object.assign(event.delta, { text: "changed" })
    if (event.type === "content_block_start") Object.assign(event.content_block, { text: "changed", more: "changed" })
    return event
  }),
  "an event that no JSON can tell": through((event) => (event.type === "content_block_start" ? (CYCLIC as never) : event)),
  "nothing in the place of an event": through((event) => (event.type === "content_block_delta" ? [undefined as never] : event)),
  "a foreign stream that fails": foreign({
    transform() {
      throw boom
    },
  }),
  "a foreign stream that ends early": foreign({ transform: (_, controller) => controller.terminate() }),
  "a foreign stream that fails at its end": foreign({
    flush() {
      throw boom
    },
  }),
  "a foreign stream that says what is no list": foreign({ transform: (_, controller) => controller.enqueue("x") }),
  "a foreign stream that says undefined": foreign({ transform: (_, controller) => controller.enqueue(undefined) }),
  "a foreign stream that says null": foreign({ transform: (_, controller) => controller.enqueue([null]) }),
  "a foreign stream that waits": foreign({ transform: () => new Promise(() => {}) }),
  "a stream that never says anything": async (c, next) => {
    await (await next(c)).cancel()
    return Flow.of<readonly MessageEvent[]>(new ReadableStream()) as Events
  },
  "an answer that is no answer": async () => flowOf([{ type: "nothing" } as never]),
}

const AUTH: Readonly<Record<string, Http>> = {
  "a response whose body fails": async () =>
    new Response(
      new ReadableStream({
        pull() {
          throw boom
        },
      }),
    ),
  "throws when the answer is over": (c, next) => {
    c.onOver(() => {
      throw boom
    })
    return next(c)
  },
}

const UPSTREAM: Readonly<Record<string, Raw>> = {
  "chunks of garbage": async (c, next) => {
    await (await next(c)).cancel()
    return flowOf([null, "x", {}, { choices: 7 }] as never[])
  },
  "changes the body": (c, next) => {
    Object.assign(c.body, { messages: 7, toJSON: 1 })
    return next(c)
  },
  "changes chunks that are not its own": async (c, next) =>
    (await next(c)).pipeThrough(
      new TransformStream({
        transform(list, controller) {
          for (const item of list) if (typeof item === "object") Object.assign(item, { choices: null, usage: 1 })
          controller.enqueue(list)
        },
      }),
    ),
}

const NAMES = [...Object.keys(ROUTE), ...Object.keys(AUTH), ...Object.keys(UPSTREAM)]

/** Which a request asks for, in a header that all places see. */
const asked = (context: Places["auth"]["context"]): string => context.req.headers.get("x-hostile") ?? ""

const hostile = definePlugin({
  name: "hostile",
  timeLimit: 0.1,
  setup: () => [
    defineStage({ name: "http", before: "auth", run: (c, next) => (AUTH[asked(c)] ?? ((own, on) => on(own)))(c, next) }),
    defineStage({ name: "own", before: "route", run: (c, next) => (ROUTE[asked(c)] ?? ((own, on) => on(own)))(c, next) }),
    defineStage({ name: "raw", before: "upstream", run: (c, next) => (UPSTREAM[asked(c)] ?? ((own, on) => on(own)))(c, next) }),
  ],
})

let backend: ScriptedBackend
let alone: ScriptedBackend // asked by one test only
let proxy: TestProxy
beforeAll(async () => {
  backend = await startBackend()
  alone = await startBackend()
  proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "x" }, alone: { backend: "alone", model: "x" } },
      backends: { b: { base_url: backend.url }, alone: { base_url: alone.url } },
      server: { ping: 0.05 },
    },
    { plugins: [{ plugin: hostile, options: undefined }] },
  )
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
  await alone.close()
})

const hello = (): Script => chunks([delta({ role: "assistant", content: "Hel" }), delta({ content: "lo" }), delta({}, "stop")])

/** What a client is told: the status, and the last of it. Who would be told nothing leaves soon. */
async function told(name: string, stream: boolean): Promise<readonly unknown[]> {
  const leave = AbortSignal.timeout(FINE[name]?.[0] === "nothing" ? 150 : 10_000)
  try {
    const response = await proxy.send({ model: "m", stream }, { "x-api-key": KEY, "x-hostile": name }, leave)
    const text = await response.text()
    if (response.headers.get("content-type") === "application/json" || !stream) {
      const body = JSON.parse(text) as { error?: { type: string }; content?: { text: string }[] }
      return [response.status, body.error?.type ?? body.content?.map((block) => block.text)]
    }
    const events = eventsIn(text).filter(({ type }) => type !== "ping")
    const last = events.at(-1)
    return [response.status, last?.type === "error" ? last.error.type : fold(events)?.content.map((block) => "text" in block && block.text)]
  } catch (thrown) {
    return [0, leave.aborted ? "nothing" : String(thrown)]
  }
}

/** What a client hears of a body that broke off: that is how HTTP says so. */
const CLOSED = "TypeError: fetch failed"

/** Where the request it costs gets something else than `api_error`, streamed and whole. */
const FINE: Readonly<Record<string, readonly [streamed: unknown, whole: unknown]>> = {
  "asks twice and reads neither": [["Hello"], ["Hello"]],
  "goes on after the end": [["Hello"], ["Hello"]],
  "throws when the answer is over": [["Hello"], ["Hello"]],
  "changes events that are not its own": [["changedchangedchanged"], ["changedchangedchanged"]],
  "changes chunks that are not its own": [[], []],
  "changes the body": [["Hello"], ["Hello"]],
  "a foreign stream that fails at its end": [["Hello"], "api_error"], // nobody reads on behind the end of a stream
  "a stream that never says anything": ["nothing", "nothing"], // for as long as the client waits
  "a response whose body fails": [CLOSED, CLOSED],
}

describe.each(NAMES.map((name) => [name] as const))("a plugin: %s", (name) => {
  test.each([true, false])("its request gets an answer or an error, all others theirs (streamed: %s)", async (stream) => {
    backend.play(...Array.from({ length: 8 }, hello))
    const others = [true, false, true].map((streamed) => told("", streamed))
    const own = await told(name, stream)
    expect(own).toEqual([expect.any(Number), FINE[name]?.[stream ? 0 : 1] ?? "api_error"])
    expect(await Promise.all([...others, told("", true)])).toEqual(Array.from({ length: 4 }, () => [200, ["Hello"]]))
  })
})

test("a client that leaves a stalled plugin frees the backend", async () => {
  const script = controlled()
  alone.play(script)
  const client = new AbortController()
  const answer = proxy.send(
    { model: "alone", stream: true },
    { "x-api-key": KEY, "x-hostile": "a foreign stream that waits" },
    client.signal,
  )
  await script.opened
  script.push(delta({ content: "Hel" }))
  await answer
  client.abort()
  expect(await script.closed).toBe(true)
})

function through(map: Parameters<typeof mapEvents>[0]): Run {
  return async (c, next) => (await next(c)).pipeThrough(mapEvents(map))
}

function foreign(transformer: Transformer<unknown, unknown>): Run {
  return async (c, next) =>
    (await next(c)).pipeThrough(new TransformStream(transformer) as TransformStream<readonly MessageEvent[], readonly MessageEvent[]>)
}

function text(said: string): MessageEvent {
  return { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: said } }
}
