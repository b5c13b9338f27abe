/** Failures of backends that speak the Messages API, and what is done about them. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { json, raw, startBackend, type ScriptedBackend } from "../_backend.ts"
import { eventsIn, KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { event, start, whole } from "./_messages.ts"

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

describe("a failure", () => {
  const overloaded = {
    type: "error",
    error: { type: "overloaded_error", message: "Overloaded", details: { error_code: "compaction_unavailable" } },
  }
  const told = { ...overloaded, request_id: expect.stringMatching(/^req_(?!theirs)/) }

  test.each([true, false])("has Anthropic's own words, details and headers (stream: %s)", async (stream) => {
    backend.play(
      json(
        529,
        { ...overloaded, request_id: "req_theirs" },
        { "retry-after": "3", "x-should-retry": "true", "anthropic-ratelimit-tokens-reset": "t" },
      ),
    )
    const response = await proxy.send({ model: "b", stream })
    expect([response.status, await response.json()]).toEqual([529, told])
    for (const [name, value] of [
      ["retry-after", "3"],
      ["x-should-retry", "true"],
      ["anthropic-ratelimit-tokens-reset", "t"],
    ] as const)
      expect(response.headers.get(name)).toBe(value)
  })

  test("ahead of the first word has a true status, and behind it is an event", async () => {
    const begun = start + event("content_block_start", { index: 0, content_block: { type: "text", text: "" } })
    const failed = event("error", { error: overloaded.error })
    const word = event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "a" } })
    backend.play(raw(begun, failed), raw(begun, word, failed), raw(begun, word, failed), raw(begun, word))
    const early = await proxy.send({ model: "b", stream: true })
    expect([early.status, await early.json()]).toEqual([529, told])
    expect(eventsIn(await (await proxy.send({ model: "b", stream: true })).text()).at(-1)).toEqual(told)
    const folded = await proxy.send({ model: "b" })
    expect([folded.status, await folded.json()]).toEqual([529, told])
    expect(eventsIn(await (await proxy.send({ model: "b", stream: true })).text()).at(-1)).toMatchObject({
      type: "error",
      error: { type: "api_error", message: 'backend "b" closed the connection before its answer was complete' },
    })
  })

  test("of the proxy's own key is told to nobody else", async () => {
    backend.play(
      json(401, { type: "error", error: { type: "authentication_error", message: `invalid ${BACKEND_KEY}` } }),
    )
    const response = await proxy.send({ model: "b" })
    expect([response.status, response.headers.get("x-should-retry")]).toEqual([502, "false"])
    expect(await response.text()).not.toContain(BACKEND_KEY)
  })

  test("that repeats the key does not show it, in its details neither", async () => {
    const failed = {
      type: "invalid_request_error",
      message: `bad ${BACKEND_KEY}`,
      details: { seen: [BACKEND_KEY], at: 1 },
    }
    const shown = { ...failed, message: "bad [key]", details: { seen: ["[key]"], at: 1 } }
    const block = event("content_block_start", { index: 0, content_block: { type: "text", text: "a" } })
    backend.play(json(400, { type: "error", error: failed }), raw(start, block, event("error", { error: failed })))
    expect(await (await proxy.send({ model: "b" })).json()).toMatchObject({ error: shown })
    const told = await (await proxy.send({ model: "b", stream: true, max_tokens: 99 })).text()
    expect(eventsIn(told).at(-1)).toMatchObject({ type: "error", error: shown })
  })
})

test("a request that was refused is asked again with other betas", async () => {
  const refused = json(400, { type: "error", error: { type: "invalid_request_error", message: "no such beta" } })
  backend.play(refused, whole)
  const key = { "x-api-key": KEY }
  expect((await proxy.send({ model: "b" }, { ...key, "anthropic-beta": "x" })).status).toBe(400)
  expect((await proxy.send({ model: "b" }, { ...key, "anthropic-beta": "x" })).status).toBe(400)
  expect((await proxy.send({ model: "b" }, key)).status).toBe(200)
  expect(backend.asked.length).toBe(2)
})

describe("thinking that another has signed", () => {
  const fault = (words: string) =>
    json(400, { type: "error", error: { type: "invalid_request_error", message: words } })
  const thinking = { type: "thinking", thinking: "hm", signature: "of another" }
  const messages = [
    { role: "user", content: "a" },
    { role: "assistant", content: [thinking, { type: "redacted_thinking", data: "x" }, { type: "text", text: "b" }] },
    { role: "user", content: "c" },
  ]
  const without = [messages[0], { role: "assistant", content: [{ type: "text", text: "b" }] }, messages[2]]
  const asked = (): unknown[] => backend.asked.map(({ body }) => (body as { messages: unknown }).messages)

  test.each([
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "messages.1.content.1: Invalid `data` in `redacted_thinking` block",
    "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
    "messages.1.content.0.thinking.signature: Field required",
  ])("is left out when it is refused, for this request alone (CLIProxyAPI#1584): %s", async (words) => {
    const before = backend.asked.length
    backend.play(fault(words), whole, whole)
    expect((await proxy.send({ model: "b", messages })).status).toBe(200)
    expect((await proxy.send({ model: "b", messages })).status).toBe(200)
    expect(asked().slice(before)).toEqual([messages, without, messages])
  })

  test("is asked about twice at most", async () => {
    const before = backend.asked.length
    backend.play(fault("Invalid `signature` in `thinking` block"), fault("Invalid `signature` in `thinking` block"))
    expect((await proxy.send({ model: "b", messages: [...messages, { role: "user", content: "d" }] })).status).toBe(
      400,
    )
    expect(asked().length).toBe(before + 2)
  })

  test("is not looked for where there is none", async () => {
    const before = backend.asked.length
    backend.play(fault("Invalid `signature` in `thinking` block"))
    expect((await proxy.send({ model: "b" })).status).toBe(400)
    expect(asked().length).toBe(before + 1)
  })
})
