/** The official SDKs, unmodified, in front of a backend that speaks the Messages API itself. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { json, raw, startBackend, type ScriptedBackend } from "./_backend.ts"
import { end, event, hello, start, usage } from "./http/_messages.ts"
import { KEY, startProxy, type TestProxy } from "./_proxy.ts"
import { SDKS } from "./_sdk.ts"

const BACKEND_KEY = "sk-backend-canary-7f3a"

let proxy: TestProxy
let backend: ScriptedBackend

beforeEach(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: { b: { backend: "b", model: "model-of-b" } },
    backends: { b: { base_url: backend.url, api: "anthropic", api_key: BACKEND_KEY } },
  })
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

describe.each(SDKS)("SDK $version", ({ Anthropic }) => {
  test("streams text", async () => {
    backend.play(raw(hello))
    const client = new Anthropic({ baseURL: proxy.url, apiKey: KEY, maxRetries: 0 })
    const final = await client.messages
      .stream({ model: "b", max_tokens: 5, messages: [{ role: "user", content: "a" }] })
      .finalMessage()
    expect(final).toMatchObject({
      id: "msg_theirs",
      model: "b",
      content: [{ type: "text", text: "Hello!" }],
      stop_reason: "end_turn",
    })
    expect(final.usage).toMatchObject({ ...usage, output_tokens: 9 })
  })

  test("thinks, calls a tool, and gives the signature back as it was", async () => {
    const thought = { type: "thinking", thinking: "hm", signature: "EqQBsig==" }
    const call = { type: "tool_use", id: "toolu_1", name: "f", input: { city: "Paris" } }
    backend.play(
      raw(
        start +
          event("content_block_start", {
            index: 0,
            content_block: { type: "thinking", thinking: "", signature: "" },
          }) +
          event("content_block_delta", { index: 0, delta: { type: "thinking_delta", thinking: "hm" } }) +
          event("content_block_delta", {
            index: 0,
            delta: { type: "signature_delta", signature: thought.signature },
          }) +
          event("content_block_stop", { index: 0 }) +
          event("content_block_start", { index: 1, content_block: { ...call, input: {} } }) +
          event("content_block_delta", {
            index: 1,
            delta: { type: "input_json_delta", partial_json: '{"city": "Pa' },
          }) +
          event("content_block_delta", { index: 1, delta: { type: "input_json_delta", partial_json: 'ris"}' } }) +
          event("content_block_stop", { index: 1 }) +
          end("tool_use"),
      ),
      raw(hello),
    )
    const client = new Anthropic({ baseURL: proxy.url, apiKey: KEY, maxRetries: 0 })
    const ask = { model: "b", max_tokens: 5, tools: [{ name: "f", input_schema: { type: "object" as const } }] }
    const question = { role: "user" as const, content: "a" }
    const first = await client.messages.stream({ ...ask, messages: [question] }).finalMessage()
    expect(first).toMatchObject({ content: [thought, call], stop_reason: "tool_use" })
    const result = {
      role: "user" as const,
      content: [{ type: "tool_result" as const, tool_use_id: "toolu_1", content: "sunny" }],
    }
    const turn = { role: "assistant" as const, content: first.content as never }
    await client.messages.stream({ ...ask, messages: [question, turn, result] }).finalMessage()
    expect(backend.asked.at(-1)?.body).toMatchObject({ messages: [question, { content: [thought, call] }, result] })
  })

  test("throws what the backend says", async () => {
    backend.play(json(404, { type: "error", error: { type: "not_found_error", message: "model: model-of-b" } }))
    const client = new Anthropic({ baseURL: proxy.url, apiKey: KEY, maxRetries: 0 })
    const asking = client.messages.create({ model: "b", max_tokens: 5, messages: [{ role: "user", content: "a" }] })
    await expect(asking).rejects.toMatchObject({
      status: 404,
      error: { error: { type: "not_found_error", message: "model: model-of-b" } },
    })
  })
})
