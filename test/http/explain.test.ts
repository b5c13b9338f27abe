import { afterAll, beforeAll, expect, test } from "vitest"
import { definePlugin, defineStage, flowOf, unfold, type AssistantMessage } from "../../src/index.ts"
import { PROFILES } from "../../src/backends/index.ts"
import { startBackend } from "../_backend.ts"
import { startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: Awaited<ReturnType<typeof startBackend>>
const seen: unknown[] = []

const rename = definePlugin({
  name: "rename",
  setup: () =>
    defineStage({
      name: "rename",
      before: "route",
      run: (context, next) =>
        next(context.request.model === "alias" ? { ...context, request: { ...context.request, model: "m" } } : context).catch((thrown: unknown) => {
          seen.push(thrown)
          throw thrown
        }),
    }),
})
const canned = definePlugin({
  name: "canned",
  setup: () =>
    defineStage({
      name: "canned",
      before: "toOpenAI",
      run: async (context, next) =>
        context.request.model === "m" ? next(context) : flowOf(unfold({ content: [], usage: {} } as unknown as AssistantMessage)),
    }),
})

beforeAll(async () => {
  backend = await startBackend()
  proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "llama" }, canned: { backend: "b", model: "llama" } },
      backends: { b: { base_url: backend.url, api_key: "sk-backend-secret", profile: "ollama" } },
      keys: [
        { name: "operator", key: "sk-operator", explain: true },
        { name: "other", key: "sk-other" },
      ],
    },
    { plugins: [rename, canned].map((plugin) => ({ plugin, options: undefined })) },
  )
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

const explain = { "x-api-key": "sk-operator", "x-llm-proxy-explain": "1" }

test("an explanation says where a request goes and what of it is sent, and asks nobody", async () => {
  const response = await proxy.send({ model: "alias", top_k: 3, stop_sequences: ["END"], stream: true }, explain)
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"])
  const { notes, ...explanation } = await response.json()
  expect(explanation).toEqual({
    type: "explanation",
    model: "alias",
    target: { backend: "b", model: "llama", api: "chat", path: "/chat/completions", flags: PROFILES["ollama"] },
    stages: [
      "auth", "parse", "rename (before route)", "route", "canned (before toOpenAI)", "toOpenAI", "upstream", "fromOpenAI", "encode",
    ],
    body: {
      model: "llama",
      messages: [{ role: "user", content: "Hello" }],
      max_tokens: 100,
      stop: ["END"],
      stream: true,
      stream_options: { include_usage: true },
    },
  })
  expect(notes.join("\n")).toContain("top_k was dropped: this backend does not take it")
  expect(JSON.stringify(explanation)).not.toContain("sk-")
  expect(backend.asked).toEqual([])
  expect(seen.map(String), "what ends the line is an error no stage mends").toEqual(["Error: explained"])
})

test("a stage that answers by itself is where the line ends", async () => {
  const explanation = await (await proxy.send({ model: "canned" }, explain)).json()
  expect([explanation.target, explanation.body]).toEqual([null, null])
})

test("a request that would be refused is refused", async () => {
  const response = await proxy.send({ model: "m", messages: [{ role: "user", content: [{ type: "nonsense" }] }] }, explain)
  expect([response.status, (await response.json()).error.type]).toEqual([400, "invalid_request_error"])
})

test("a key that may not see it is told so, and asks nobody either", async () => {
  const response = await proxy.send({ model: "m" }, { "x-api-key": "sk-other", "x-llm-proxy-explain": "1" })
  expect([response.status, (await response.json()).error]).toEqual([
    403,
    { type: "permission_error", message: "x-llm-proxy-explain: this key may not see how requests are answered" },
  ])
  expect(backend.asked).toEqual([])
})
