/**
 * A failure inside a stream that had begun with 200 (fault 4): an `error` event of the type it stands for, never an end
 * of turn (litellm#39703). In the words of each kind of backend, behind content that stands.
 *
 * As the first thing of all, it is an HTTP status: test/http/errors.test.ts. What words stand for which status:
 * test/wires/backend-error-wordings.test.ts. Connections that break: cut-streams.test.ts.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { raw, startBackend, type ScriptedBackend } from "../_backend.ts"
import { event, start } from "../http/_messages.ts"
import { eventsIn, startProxy, type TestProxy } from "../_proxy.ts"
import { says } from "./_raw-backend.ts"

let backend: ScriptedBackend
let proxy: TestProxy

beforeAll(async () => {
  backend = await startBackend()
  const apis = ["chat", "responses", "anthropic"] as const
  proxy = await startProxy({
    models: Object.fromEntries(apis.map((api) => [api, { backend: api, model: "m" }])),
    backends: Object.fromEntries(apis.map((api) => [api, { base_url: backend.url, api }])),
  })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

const data = (body: object): string => `data: ${JSON.stringify(body)}\n\n`
const BEGUN = {
  chat: says({ content: "half an " }),
  responses: data({ type: "response.output_text.delta", item_id: "m", output_index: 0, content_index: 0, delta: "half an " }),
  anthropic:
    start +
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
    event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "half an " } }),
}

test.each<[string, keyof typeof BEGUN, string, string, string]>([
  ["OpenAI's shape, with a type", "chat", data({ error: { message: "slow down", type: "rate_limit_exceeded" } }), "rate_limit_error", "slow down"],
  ["OpenRouter, with a status", "chat", data({ error: { code: 429, message: "slow down" } }), "rate_limit_error", "slow down"],
  ["a provider's, in the choice", "chat", data({ choices: [{ error: { code: 503, message: "full" } }] }), "overloaded_error", "full"],
  ["vLLM", "chat", data({ object: "error", message: "engine died", code: 500 }), "api_error", "engine died"],
  ["Gemini's list", "chat", data([{ error: { code: 429, message: "exhausted", status: "RESOURCE_EXHAUSTED" } }]), "rate_limit_error", "exhausted"],
  ["Groq", "chat", data({ choices: [], x_groq: { error: "over capacity" } }), "overloaded_error", "over capacity"],
  ["an event that is named so", "chat", 'event: error\ndata: {"message":"timed out"}\n\n', "timeout_error", "timed out"],
  ["words alone", "chat", "event: error\ndata: overloaded\n\n", "overloaded_error", "overloaded"],
  ["a failed response", "responses", data({ type: "response.failed", response: { error: { code: "rate_limit_exceeded", message: "slow down" } } }), "rate_limit_error", "slow down"],
  ["an error event", "responses", data({ type: "error", code: "server_error", message: "oops" }), "api_error", "oops"],
  ["Anthropic, overloaded", "anthropic", event("error", { error: { type: "overloaded_error", message: "Overloaded" } }), "overloaded_error", "Overloaded"],
])("%s (%s)", async (_, api, failure, type, words) => {
  const late = "data: [DONE]\n\n" // as some send behind it
  backend.play(raw(BEGUN[api], failure, late))
  const response = await proxy.send({ model: api, stream: true })
  const events = eventsIn(await response.text())
  expect(events.map((one) => one.type)).toEqual(["message_start", "content_block_start", "content_block_delta", "error"])
  const message = api === "anthropic" ? words : `backend "${api}": ${words}`
  expect(events.at(-1)).toEqual({ type: "error", error: { type, message }, request_id: response.headers.get("request-id") })
})
