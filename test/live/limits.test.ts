/** What a real model cannot take, and a client that leaves: llama.cpp's own words and behaviour, through the proxy. */
import Anthropic, { APIError, APIUserAbortError } from "@anthropic-ai/sdk"
import { beforeAll, describe, expect, test, vi } from "vitest"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { checkGrammar } from "../../src/testing/grammar.ts"
import { configFor, GREEDY, startLlama, type Llama } from "./_llama.ts"
import { lacks } from "./_missing.ts"
import { KEY, startProxy, type LiveProxy } from "./_proxy.ts"
import { lacksModel } from "./_python.ts"

type Params = Anthropic.MessageCreateParamsNonStreaming
type Seen = ReturnType<Llama["seen"]>

const hi = [{ role: "user" as const, content: "Hi" }]
/** One pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

describe.skipIf(lacks(import.meta.url, lacksModel()))("a real model's limits", () => {
  let llama: Llama
  let proxy: LiveProxy
  let client: Anthropic
  beforeAll(async () => {
    // It never ends by itself: what ends an answer here is a limit, or somebody.
    llama = await startLlama({ context: 2048, args: ["--ignore-eos"] })
    proxy = await startProxy(configFor(llama))
    client = new Anthropic({ baseURL: proxy.url, apiKey: KEY, maxRetries: 2 })
  })

  const ask = (more: Partial<Params> = {}): Params => {
    return { ...GREEDY, model: "claude-small", max_tokens: 2000, messages: hi, ...more }
  }
  const failure = (answer: Promise<unknown>): Promise<unknown> => {
    return answer.then(() => "answered", (thrown: unknown) => thrown)
  }
  const refusal = async (params: Params): Promise<unknown> => {
    proxy.requests()
    const error = await failure(client.messages.create(params))
    if (!(error instanceof APIError)) return error
    const { error: inner } = error.error as { readonly error?: unknown }
    return { status: error.status, error: inner, requests: proxy.requests() }
  }
  /** What the server has seen since then. It looks about once a second whether anybody still listens. */
  const since = (before: Seen): Seen => {
    const { begun, dropped } = llama.seen()
    return { begun: begun - before.begun, dropped: dropped - before.dropped }
  }
  const settles = (before: Seen, after: Seen): Promise<void> =>
    vi.waitFor(() => expect(since(before)).toEqual(after), { timeout: 15_000, interval: 50 })

  test("a prompt beyond the window is told in the words that make agents compact, once", async () => {
    const messages = [{ role: "user" as const, content: "word ".repeat(3000) }]
    expect(await refusal(ask({ messages }))).toEqual({
      status: 400,
      error: {
        type: "invalid_request_error",
        message: expect.stringMatching(/^prompt is too long: 30\d\d tokens > 2048 maximum$/),
      },
      requests: ["POST /v1/messages"],
    })
    const streamed = await failure(client.messages.create({ ...ask({ messages }), stream: true }))
    expect(streamed).toMatchObject({ status: 400, message: expect.stringContaining("prompt is too long: ") })
  })

  test("an image, for a model that cannot see, is refused once and clearly", async () => {
    const source = { type: "base64", media_type: "image/png", data: PNG } as const
    const messages = [{ role: "user" as const, content: [{ type: "image" as const, source }] }]
    expect(await refusal(ask({ messages }))).toEqual({
      status: 400,
      error: {
        type: "invalid_request_error",
        message: expect.stringMatching(/^backend "llama": image input is not supported/),
      },
      requests: ["POST /v1/messages"],
    })
  })

  test("an answer that fills the window ends as a message", async () => {
    const messages = [{ role: "user" as const, content: "word ".repeat(1900) }]
    const stream = await client.messages.create({ ...ask({ max_tokens: 20_000, messages }), stream: true })
    const events = (await Array.fromAsync(stream)) as readonly MessageEvent[]
    const last = events.find((event) => event.type === "message_delta")
    expect([checkGrammar(events), last?.delta.stop_reason]).toEqual([[], "max_tokens"])
  })

  test("a stream that the client leaves is dropped by the server, which answers the next one", async () => {
    const before = llama.seen()
    const stream = await client.messages.create({ ...ask(), stream: true })
    let deltas = 0
    for await (const event of stream) {
      if (event.type === "content_block_delta" && ++deltas === 3) break // the SDK aborts what is broken off
    }
    await settles(before, { begun: 1, dropped: 1 })
    const next = await client.messages.create(ask({ max_tokens: 4 }))
    expect([next.stop_reason, next.usage.output_tokens]).toEqual(["max_tokens", 4])
    expect(since(before)).toEqual({ begun: 2, dropped: 1 })
  })

  test("an answer that is not streamed and that the client leaves is dropped, too", async () => {
    const before = llama.seen()
    const controller = new AbortController()
    const left = failure(client.messages.create(ask(), { signal: controller.signal }))
    await settles(before, { begun: 1, dropped: 0 })
    controller.abort()
    expect(await left).toBeInstanceOf(APIUserAbortError)
    await settles(before, { begun: 1, dropped: 1 })
  })

  test("a stream that is over at a stop sequence, which only the proxy looks for, is dropped", async () => {
    const before = llama.seen()
    const stops = ["qq0", "qq1", "qq2", "qq3", "o"] // a backend takes four
    const stream = await client.messages.create({ ...ask({ stop_sequences: stops }), stream: true })
    const events = (await Array.fromAsync(stream)) as readonly MessageEvent[]
    const last = events.find((event) => event.type === "message_delta")
    expect([checkGrammar(events), last?.delta]).toEqual([
      [],
      { stop_reason: "stop_sequence", stop_sequence: "o", stop_details: null, container: null },
    ])
    await settles(before, { begun: 1, dropped: 1 })
  })

  test("a server that is gone is told as unreachable", async () => {
    const { url } = await startProxy(configFor({ base: "http://127.0.0.1:9/v1" }))
    const lonely = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0 })
    const words = expect.stringContaining('backend \\"llama\\" cannot be reached (ECONNREFUSED)')
    expect(await failure(lonely.messages.create(ask()))).toMatchObject({ status: 502, message: words })
  })
})
