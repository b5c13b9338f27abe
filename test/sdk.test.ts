/** The official SDKs, unmodified, over HTTP: whole messages, and the keys they are asked with. */
import type Anthropic from "@anthropic-ai/sdk"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { json } from "./_backend.ts"
import { KEY, SDKS, startProxy, usage, type Setup } from "./_sdk.ts"

const DEMO = "This is the demo backend of LLM Proxy, not a language model."
const hello = [{ role: "user" as const, content: "hello" }]

describe.each(SDKS)("SDK $version", ({ Anthropic, zodOutputFormat }) => {
  let setup: Setup
  let client: Anthropic

  beforeEach(async () => {
    setup = await startProxy()
    client = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 0 })
  })
  afterEach(() => setup.close())

  it("an API key, a token, and both are taken, and the backend gets the proxy's own key", async () => {
    const clients = [
      client,
      new Anthropic({ baseURL: setup.url, apiKey: null, authToken: KEY, maxRetries: 0 }),
      new Anthropic({ baseURL: setup.url, apiKey: KEY, defaultHeaders: { "x-api-key": KEY }, maxRetries: 0 }),
    ]
    for (const one of clients) {
      setup.backend.play(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
      const { content } = await one.messages.create({ model: "scripted", max_tokens: 9, messages: hello })
      expect(content).toEqual([{ type: "text", text: "hi", citations: null }])
    }
    const keys = setup.backend.asked.map(({ headers }) => [headers.authorization, headers["x-api-key"]])
    expect(keys).toEqual(clients.map(() => ["Bearer key-of-the-proxy", undefined]))
  })

  it("a base URL with a slash at its end works", async () => {
    const slashed = new Anthropic({ baseURL: `${setup.url}/`, apiKey: KEY, maxRetries: 0 })
    const { content } = await slashed.messages.create({ model: "demo", max_tokens: 2, messages: hello })
    expect(content).toEqual([{ type: "text", text: "This is ", citations: null }])
  })

  it("a whole message has every field", async () => {
    const request = { model: "demo", max_tokens: 99, messages: hello }
    const { _request_id, ...message } = await client.messages.create(request)
    expect(_request_id).toMatch(/^req_/)
    expect(message).toEqual({
      id: expect.stringMatching(/^msg_\w+$/),
      type: "message",
      role: "assistant",
      model: "demo",
      content: [{ type: "text", text: `${DEMO} You said: hello`, citations: null }],
      stop_reason: "end_turn",
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: usage({ input_tokens: 2, output_tokens: 19 }),
    })
  })

  it("a stop sequence ends the text and is named", async () => {
    const message = await client.messages.create({
      model: "demo",
      max_tokens: 99,
      messages: hello,
      stop_sequences: ["demo"],
    })
    const { content, stop_reason, stop_sequence } = message
    expect({ content, stop_reason, stop_sequence }).toEqual({
      content: [{ type: "text", text: "This is the ", citations: null }],
      stop_reason: "stop_sequence",
      stop_sequence: "demo",
    })
  })

  it("a parsed message fits its schema, which the backend was given", async () => {
    const format = zodOutputFormat(z.object({ title: z.string(), score: z.number(), done: z.boolean() }))
    const request = { max_tokens: 99, messages: hello, output_config: { format } }
    const demo = await client.messages.parse({ model: "demo", ...request })
    expect(demo.parsed_output).toEqual({ title: "demo", score: 0, done: false })

    const content = '{"title":"T","score":1.5,"done":true}'
    setup.backend.play(json(200, { choices: [{ message: { content }, finish_reason: "stop" }] }))
    const { parsed_output } = await client.messages.parse({ model: "scripted", ...request })
    expect(parsed_output).toEqual({ title: "T", score: 1.5, done: true })
    expect(setup.backend.asked[0]?.body).toMatchObject({
      response_format: {
        type: "json_schema",
        json_schema: { name: "response", schema: format.schema },
      },
    })
  })

  it("beta calls are taken, whether they say so in the query or not", async () => {
    const { content } = await client.beta.messages.create({
      model: "demo",
      max_tokens: 2,
      messages: hello,
      betas: ["context-management-2025-06-27"],
    })
    expect(content).toEqual([{ type: "text", text: "This is ", citations: null }])
  })
})
