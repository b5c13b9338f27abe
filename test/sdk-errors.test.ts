/** How failures look to the official SDKs, unmodified: their classes, their streams, and their aborts. */
import type Anthropic from "@anthropic-ai/sdk"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { chunks, controlled, error, raw } from "./_backend.ts"
import { KEY, NARROW, SDKS, startProxy, type Sdk, type Setup } from "./_sdk.ts"

const hello = [{ role: "user" as const, content: "hello" }]
const request = { model: "scripted", max_tokens: 9, messages: hello }
const word = (content: string): object => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })

/** The older SDK has no class of its own for some: a general one for all of 5xx. */
function classOf({ Anthropic }: Sdk, name: ClassName): unknown {
  return Anthropic[name] ?? Anthropic.InternalServerError
}

type ClassName =
  | "BadRequestError"
  | "RateLimitError"
  | "OverloadedError"
  | "GatewayTimeoutError"
  | "InternalServerError"

describe.each(SDKS)("SDK $version", (sdk) => {
  const { Anthropic } = sdk
  let setup: Setup
  let client: Anthropic

  beforeEach(async () => {
    setup = await startProxy()
    client = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 0 })
  })
  afterEach(() => setup.close())

  /** What a promise, or the reading of a stream, fails with. */
  async function failure(promise: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
    const thrown = await promise.then(() => undefined).catch((reason: unknown) => reason)
    if (!(thrown instanceof Anthropic.APIError)) throw new Error("no APIError was thrown", { cause: thrown })
    return thrown
  }

  function facts(thrown: InstanceType<typeof Anthropic.APIError>): object {
    expect(thrown.requestID).toMatch(/^req_/)
    expect(thrown.error).toMatchObject({ request_id: thrown.requestID })
    return { class: thrown.constructor, status: thrown.status, error: (thrown.error as { error: unknown }).error }
  }

  it("a wrong key is an AuthenticationError", async () => {
    const stranger = new Anthropic({ baseURL: setup.url, apiKey: "wrong", maxRetries: 0 })
    expect(facts(await failure(stranger.messages.create(request)))).toEqual({
      class: Anthropic.AuthenticationError,
      status: 401,
      error: { type: "authentication_error", message: "invalid x-api-key" },
    })
  })

  it("a model the key may not use is a PermissionDeniedError", async () => {
    const narrow = new Anthropic({ baseURL: setup.url, apiKey: NARROW, maxRetries: 0 })
    expect(facts(await failure(narrow.messages.create(request)))).toMatchObject({
      class: Anthropic.PermissionDeniedError,
      status: 403,
      error: { type: "permission_error" },
    })
  })

  it("a model that is not there is a NotFoundError", async () => {
    const asks = [() => client.messages.create({ ...request, model: "nope" }), () => client.models.retrieve("nope")]
    for (const ask of asks) {
      expect(facts(await failure(ask()))).toEqual({
        class: Anthropic.NotFoundError,
        status: 404,
        error: { type: "not_found_error", message: "model: nope" },
      })
    }
  })

  it("a request that is not valid is a BadRequestError that says where", async () => {
    const thrown = await failure(client.messages.create({ ...request, max_tokens: undefined as unknown as number }))
    expect(facts(thrown)).toEqual({
      class: Anthropic.BadRequestError,
      status: 400,
      error: { type: "invalid_request_error", message: "max_tokens: Field required" },
    })
  })

  it.each([
    [400, "BadRequestError", 400, "invalid_request_error"],
    [429, "RateLimitError", 429, "rate_limit_error"],
    [500, "InternalServerError", 500, "api_error"],
    [503, "OverloadedError", 529, "overloaded_error"],
    [529, "OverloadedError", 529, "overloaded_error"],
    [504, "GatewayTimeoutError", 504, "timeout_error"],
  ] as const)("a backend's %i is a %s, streamed or not", async (status, name, shown, type) => {
    for (const stream of [false, true]) {
      setup.backend.play(error(status, "no luck today", { "retry-after": "7" }))
      const thrown = await failure(Promise.resolve(client.messages.create({ ...request, stream })))
      expect(facts(thrown)).toEqual({
        class: classOf(sdk, name),
        status: shown,
        error: { type, message: 'backend "scripted": no luck today' },
      })
      expect(thrown.headers?.get("retry-after")).toBe("7")
    }
  })

  it("a backend that refuses the proxy's own key is an InternalServerError that is not retried", async () => {
    const retrying = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 2 })
    setup.backend.play(error(401, "Incorrect API key provided: key-of-the-proxy"))
    const thrown = await failure(retrying.messages.create(request))
    expect(facts(thrown)).toMatchObject({
      class: Anthropic.InternalServerError,
      status: 502,
      error: { type: "api_error" },
    })
    expect(thrown.message).not.toContain("key-of-the-proxy")
    expect(setup.backend.asked.length).toBe(1)
  })

  it("a rate limit is retried by the SDK, as the backend's header says", async () => {
    const retrying = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 1 })
    const end = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }
    setup.backend.play(error(429, "slow down", { "retry-after-ms": "1" }), chunks([word("hi"), end]))
    const message = await retrying.messages.stream(request).finalMessage()
    expect(message.content).toEqual([{ type: "text", text: "hi", citations: null }])
  })

  it("a failure in mid-stream ends the stream with an error, after the text that came", async () => {
    const texts: string[] = []
    setup.backend.play(chunks([word("half "), { error: { message: "the GPU is on fire", code: 500 } }]))
    const thrown = await failure(
      (async () => {
        for await (const event of await client.messages.create({ ...request, stream: true })) {
          if (event.type === "content_block_delta" && event.delta.type === "text_delta") texts.push(event.delta.text)
        }
      })(),
    )
    expect(texts).toEqual(["half "])
    expect(thrown.error).toEqual({
      type: "error",
      error: { type: "api_error", message: 'backend "scripted": the GPU is on fire' },
      request_id: expect.stringMatching(/^req_/),
    })
  })

  it("a connection that breaks in mid-stream fails the message stream, and gives no half message", async () => {
    const script = controlled()
    setup.backend.play(script)
    const stream = client.messages.stream(request)
    const final = failure(stream.finalMessage())
    await script.opened
    script.push(word("half"))
    await new Promise((resolve) => stream.once("text", resolve))
    script.cut()
    expect((await final).error).toMatchObject({ type: "error", error: { type: "api_error" } })
  })

  it("a stream that ends before its end is an error too", async () => {
    setup.backend.play(raw(`data: ${JSON.stringify(word("half"))}\n\n`))
    const thrown = await failure(client.messages.stream(request).finalMessage())
    expect(thrown.error).toMatchObject({ type: "error", error: { type: "api_error" } })
  })

  it("an abort of a running stream closes the backend's connection", async () => {
    const script = controlled()
    setup.backend.play(script)
    const stream = client.messages.stream(request)
    const final = stream.finalMessage().catch((reason: unknown) => reason)
    await script.opened
    script.push(word("so "))
    await new Promise((resolve) => stream.once("text", resolve))
    stream.abort()
    expect(await final).toBeInstanceOf(Anthropic.APIUserAbortError)
    expect(await script.closed).toBe(true)
  })

  it("an abort before the answer began closes the backend's connection", async () => {
    for (const stream of [true, false]) {
      const script = controlled()
      setup.backend.play(script)
      const controller = new AbortController()
      const { signal } = controller
      const promise = failure(Promise.resolve(client.messages.create({ ...request, stream }, { signal })))
      await script.opened
      controller.abort()
      expect(await promise).toBeInstanceOf(Anthropic.APIUserAbortError)
      expect(await script.closed).toBe(true)
    }
  })
})
