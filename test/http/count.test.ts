import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { countTokens } from "../../src/anthropic/count.ts"
import { controlled, error, json, raw, startBackend, type ScriptedBackend } from "../_backend.ts"
import { startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeEach(async () => {
  backend = await startBackend()
  const root = backend.url.replace("/v1", "")
  proxy = await startProxy({
    models: {
      vllm: { backend: "vllm", model: "qwen" },
      llama: { backend: "llama", model: "smol" },
      claude: { backend: "claude", model: "claude-x" },
      plain: { backend: "plain", model: "gpt" },
    },
    backends: {
      vllm: { base_url: backend.url, profile: "vllm" },
      llama: { base_url: backend.url, profile: "llama.cpp" },
      claude: { base_url: `${root}/anthropic`, profile: "anthropic", api_key: "sk-upstream" },
      plain: { base_url: backend.url },
    },
  })
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

const words = "What was asked, once more. ".repeat(100)
const tools = [{ name: "f", description: "adds", input_schema: { type: "object", properties: {} } }]
const messages = [{ role: "user" as const, content: words }]
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } }
const guess = (model: string): number => countTokens({ model, messages })

async function count(model: string, more: object = {}, headers: Record<string, string> = {}): Promise<unknown> {
  const body = { model, messages, ...more }
  const response = await proxy.ask("/v1/messages/count_tokens", { body, headers: { "x-api-key": "sk-proxy-test-key", ...headers } })
  const answer = (await response.json()) as { input_tokens?: number; error?: { message: string } }
  return response.status === 200 ? answer.input_tokens : [response.status, answer.error?.message]
}
const asked = (): unknown[] => backend.asked.map(({ path, body }) => [path, body])

describe("vLLM", () => {
  test("counts the conversation and the tools as they would be sent", async () => {
    backend.play(json(200, { count: 4321, max_model_len: 32768, tokens: [1] }))
    expect(await count("vllm", { system: "Be brief.", tools })).toBe(4321)
    const parameters = { type: "object", properties: {} }
    expect(asked()).toEqual([
      [
        "/tokenize",
        {
          model: "qwen",
          messages: [
            { role: "system", content: "Be brief." },
            { role: "user", content: words },
          ],
          tools: [{ type: "function", function: { name: "f", description: "adds", parameters } }],
          add_generation_prompt: true,
        },
      ],
    ])
  })

  test("an answer that the client has begun is gone on with", async () => {
    backend.play(json(200, { count: 9 }))
    expect(await count("vllm", { messages: [...messages, { role: "assistant", content: "So" }] })).toBe(9)
    expect(backend.asked[0]?.body).toMatchObject({ continue_final_message: true, add_generation_prompt: false })
  })

  test("a budget for thinking does not hinder", async () => {
    backend.play(json(200, { count: 9 }))
    expect(await count("vllm", { thinking: { type: "enabled", budget_tokens: 2048 } })).toBe(9)
  })

  test("is not asked about pictures, which it does not cut here", async () => {
    const content = [{ type: "text", text: words }, image]
    expect(await count("vllm", { messages: [{ role: "user", content }] })).toBeGreaterThan(guess("vllm") + 1000)
    expect(backend.asked).toEqual([])
  })

  test("questions alike that come at once are one", async () => {
    const answer = controlled()
    backend.play(answer, json(200, { count: 7 }))
    const first = count("vllm")
    await answer.opened
    const second = count("vllm")
    const third = count("vllm", { system: "Be brief." })
    expect(await third).toBe(7)
    answer.push('{"count":5}')
    answer.end()
    expect([await first, await second, backend.asked.length]).toEqual([5, 5, 2])
  })
})

test("llama.cpp lays the conversation into the model's template and cuts that", async () => {
  backend.play(json(200, { prompt: "<user>Hi" }), json(200, { tokens: [1, 2, 3] }))
  expect(await count("llama", { messages: [{ role: "user", content: "Hi" }] })).toBe(3)
  expect(asked()).toEqual([
    ["/apply-template", { model: "smol", messages: [{ role: "user", content: "Hi" }], max_tokens: 1 }],
    ["/tokenize", { content: "<user>Hi", add_special: true }],
  ])
})

describe("a backend of the Messages API", () => {
  test("is asked with the bytes that came, with the model exchanged and the headers it reads", async () => {
    backend.play(json(200, { input_tokens: 77 }))
    const body = `{"model": "claude", "messages":[{"role":"user","content":"Hi"}], "tools":[{"name":"f","input_schema":{"minimum":1.0}}]}`
    const headers = { "x-api-key": "sk-proxy-test-key", "anthropic-beta": "token-counting-2024-11-01" }
    const response = await proxy.ask("/v1/messages/count_tokens?beta=true", { method: "POST", body, headers })
    expect(await response.json()).toEqual({ input_tokens: 77 })
    const [question] = backend.asked
    expect(question?.path).toBe("/anthropic/v1/messages/count_tokens")
    expect(question?.headers).toMatchObject({
      "x-api-key": "sk-upstream",
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "token-counting-2024-11-01",
      "content-length": String(body.replace("claude", "claude-x").length),
    })
  })

  test("whatever else it says of the count is told", async () => {
    const told = { input_tokens: 7, context_management: { original_input_tokens: 9 } }
    backend.play(json(200, told))
    const body = { model: "claude", messages }
    expect(await (await proxy.ask("/v1/messages/count_tokens", { body })).json()).toEqual(told)
  })

  test("what it finds wrong with the request is told, in its own words", async () => {
    const message = "messages.0: all messages must have non-empty content"
    backend.play(json(400, { type: "error", error: { type: "invalid_request_error", message } }))
    expect(await count("claude")).toEqual([400, message])
  })

  test.each([401, 404, 429, 500, 529])("its %i is no reason to tell nothing", async (status) => {
    backend.play(error(status, "no"))
    expect(await count("claude")).toBe(guess("claude"))
  })
})

describe("the estimate stands in", () => {
  test.each([
    ["refuses", error(400, "Unknown part type")],
    ["fails", error(500, "oops")],
    ["says something else", raw("data: {}\n\n")],
    ["counts nothing", json(200, { count: 0 })],
    ["breaks off", { answer: (response: { destroy(): unknown }) => void response.destroy() }],
  ])("when the backend %s", async (_, script) => {
    backend.play(script, json(200, { count: 4321 }))
    expect(await count("vllm")).toBe(guess("vllm"))
    expect(await count("vllm")).toBe(4321)
    expect(proxy.lines.filter((line) => / (warn|error) /.test(line))).toEqual([])
  })

  test("when the backend takes too long", async () => {
    vi.spyOn(AbortSignal, "timeout").mockReturnValueOnce(AbortSignal.abort())
    expect(await count("vllm")).toBe(guess("vllm"))
    expect(proxy.lines.filter((line) => line.includes("no answer within 5 s")).length).toBe(1)
  })

  test("when the backend has no such thing, which is asked once", async () => {
    backend.play(error(404, "Not Found"))
    expect([await count("vllm"), await count("vllm")]).toEqual([guess("vllm"), guess("vllm")])
    expect(backend.asked.length).toBe(1)
  })

  test("when the request cannot be translated in the part that is counted", async () => {
    const part = [{ role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: words }] }]
    expect(await count("vllm", { messages: part })).toBeGreaterThan(500)
  })
})

describe("a backend that cannot be asked", () => {
  const answer = (usage?: object): ReturnType<typeof json> =>
    json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }], ...(usage && { usage }) })
  const off = (tokens: number): object => ({ prompt_tokens: tokens, completion_tokens: 1 })

  test("teaches by its turns how far the estimate is off, cached tokens included", async () => {
    const tokens = Math.round(guess("plain") * 1.25)
    backend.play(answer({ ...off(tokens), prompt_tokens_details: { cached_tokens: 500 } }))
    expect(await count("plain")).toBe(guess("plain"))
    await (await proxy.send({ model: "plain", messages })).text()
    await expect.poll(() => count("plain")).toBe(tokens)
    expect(await count("vllm", {})).toBe(guess("vllm")) // the script is used up: that is a failure
  })

  test("teaches nothing when it tells no counts, or only those of the answer", async () => {
    backend.play(answer(), answer({ completion_tokens: 5 }), answer({ prompt_tokens: String(guess("plain") * 1.25) }))
    for (let n = 0; n < 3; n++) await (await proxy.send({ model: "plain", messages })).text()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await count("plain")).toBe(guess("plain"))
  })
})
