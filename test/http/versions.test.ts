/** `anthropic-version` changes nothing about what a backend can do. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { KEY, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeAll(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: { m: { backend: "b", model: "qwen" } },
    backends: { b: { base_url: backend.url, flags: { top_k: true } } },
  })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

// Anthropic itself answers 400 to them from 2026-10-21 on, as its own models take none.
test.each(["2023-06-01", "2026-10-21"])("sampling under %s is left to the backend", async (version) => {
  backend.play(json(200, { choices: [{ message: { content: "Hi." }, finish_reason: "stop" }] }))
  const sampling = { temperature: 0.5, top_p: 0.9, top_k: 5 }
  const response = await proxy.send({ model: "m", ...sampling }, { "x-api-key": KEY, "anthropic-version": version })
  expect([response.status, backend.asked.at(-1)?.body]).toEqual([
    200,
    { model: "qwen", max_tokens: 100, messages: [{ role: "user", content: "Hello" }], ...sampling },
  ])
})
