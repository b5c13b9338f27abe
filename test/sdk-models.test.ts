/** Models and token counts as the official SDKs, unmodified, ask for them. */
import type Anthropic from "@anthropic-ai/sdk"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { KEY, SDKS, startProxy, type Setup } from "./_sdk.ts"

describe.each(SDKS)("SDK $version", ({ Anthropic }) => {
  let setup: Setup
  let client: Anthropic

  beforeEach(async () => {
    setup = await startProxy()
    client = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 0 })
  })
  afterEach(() => setup.close())

  it("tokens are counted without asking the backend", async () => {
    const request = { model: "scripted", system: "Be brief.", messages: [{ role: "user" as const, content: "hello" }] }
    const plain = await client.messages.countTokens(request)
    const beta = await client.beta.messages.countTokens(request)
    const tool = { name: "look", description: "Looks.", input_schema: { type: "object" as const, properties: {} } }
    const more = await client.messages.countTokens({ ...request, tools: [tool] })
    expect(plain.input_tokens).toBeGreaterThan(0)
    expect(beta.input_tokens).toBe(plain.input_tokens)
    expect(more.input_tokens).toBeGreaterThan(plain.input_tokens)
    expect(setup.backend.asked).toEqual([])
  })

  it("models are listed page by page, and one is found by an id with a slash", async () => {
    const pages: string[][] = []
    for await (const page of (await client.models.list({ limit: 2 })).iterPages()) {
      pages.push(page.data.map(({ id }) => id))
    }
    expect(pages).toEqual([
      ["demo", "scripted"],
      ["openai/gpt-5", "spare"],
    ])
    const ids = (await Array.fromAsync(client.models.list({ limit: 3 }))).map(({ id }) => id)
    expect(ids).toEqual(pages.flat())
    const { _request_id, ...model } = await client.models.retrieve("openai/gpt-5")
    expect(model).toMatchObject({ id: "openai/gpt-5", type: "model", display_name: "openai/gpt-5" })
  })
})
