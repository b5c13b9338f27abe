/** What users of other proxies reported about parameters and roles. */
import { describe, expect, test } from "vitest"
import { error, json } from "../_backend.ts"
import { KEY } from "../_proxy.ts"
import { useLine } from "./_line.ts"

const line = useLine({
  databricks: { profile: "databricks" },
  developer: { flags: { system_role: "developer" } },
  ollama: { profile: "ollama" },
  openai: { profile: "openai" },
  learner: {},
  marked: { flags: { cache_marks: "cache_control" } },
  messages: { api: "anthropic", profile: "vllm" },
  template: { flags: { mid_system: "user", merge_roles: true } },
})

const HOUR = { type: "ephemeral", ttl: "1h" }
const base = { max_tokens: 100, messages: [{ role: "user", content: "Hello" }] }

describe("copilot-api#222, #258, claude-code-proxy#35, 9router#560, cc-switch#1448, #1672: a model that", () => {
  test("wants max_completion_tokens gets it where that is known", async () => {
    const { max_tokens, messages } = base
    expect(await line.asked({ model: "openai" })).toEqual({
      model: "openai-model",
      messages,
      max_completion_tokens: max_tokens,
    })
  })

  test("names what it does not take is asked once more, and with that from then on", async () => {
    const said = (message: string, param: string) => {
      return json(400, { error: { message, type: "invalid_request_error", param, code: "unsupported_parameter" } })
    }
    const ok = json(200, { choices: [{ message: { content: "ok" }, finish_reason: "stop" }] })
    const tokens = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    const heat = "'temperature' does not support 0.2 with this model. Only the default (1) value is supported."
    const bodies = async (request: object): Promise<unknown[]> => {
      const before = line.backend.asked.length
      expect((await line.proxy.send({ model: "learner", ...request })).status).toBe(200)
      return line.backend.asked.slice(before).map(({ body }) => body)
    }
    const { max_tokens, messages } = base
    const first = { model: "learner-model", ...base }
    const then = { model: "learner-model", messages, max_completion_tokens: max_tokens }
    const refusals = [
      said(`Unsupported parameter: ${tokens}`, "max_tokens"),
      said(`Unsupported value: ${heat}`, "temperature"),
    ]
    line.backend.play(...refusals.flatMap((refusal) => [refusal, ok]), ok)
    expect(await bodies({})).toEqual([first, then])
    expect(await bodies({ temperature: 0.2 })).toEqual([{ ...then, temperature: 0.2 }, then])
    expect(await bodies({ temperature: 0.2 })).toEqual([then])
  })
})

describe("vllm#44000, ollama#16372, free-claude-code#626, envoy#2189: a system message among the others", () => {
  const system = "Be brief."
  const messages = [
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "system", content: "From now on in French." },
    { role: "user", content: "three" },
  ]
  const sent = async (model: string): Promise<unknown> => {
    return ((await line.asked({ model, system, messages })) as { readonly messages: unknown }).messages
  }

  test("stays in its place (mlx-vlm#1264, agentgateway#2106)", async () => {
    expect(await sent("chat")).toEqual([{ role: "system", content: system }, ...messages])
  })

  test("has the role of the system prompt (claude-code#63469)", async () => {
    const [one, two, now, three] = messages
    expect(await sent("developer")).toEqual([
      { role: "developer", content: system },
      one,
      two,
      { ...now, role: "developer" },
      three,
    ])
  })

  test("is user text for a template that knows one system message (lmstudio-bug-tracker#1399)", async () => {
    const [one, two] = messages
    const content = "<system-reminder>\nFrom now on in French.\n</system-reminder>\n\nthree"
    expect(await sent("template")).toEqual([{ role: "system", content: system }, one, two, { role: "user", content }])
  })
})

test("litellm#34589, CLIProxyAPI 4ac37ed3c: stop_sequences are a list of `stop`, as many as it may hold", async () => {
  const asked = { model: "chat-model", ...base }
  expect(await line.asked({ stop_sequences: ["A"] })).toEqual({ ...asked, stop: ["A"] })
  const many = ["A", "B", "C", "D", "E"]
  expect(await line.asked({ stop_sequences: many })).toEqual({ ...asked, stop: many.slice(0, 4) })
  expect(await line.asked({ stop_sequences: [] })).toEqual(asked)
})

test("opencode#4698: a backend that refuses stream_options is not sent any", async () => {
  line.backend.play(error(500, "enough"))
  await line.proxy.send({ model: "databricks", stream: true })
  expect(line.backend.asked.at(-1)?.body).toEqual({ model: "databricks-model", ...base, stream: true })
})

test("bifrost#6132: max_tokens reaches Ollama", async () => {
  expect(await line.asked({ model: "ollama" })).toEqual({ model: "ollama-model", ...base })
})

test("claude-code#21767, envoy#2512, #2148, agentgateway#2107, #1790: betas nobody knows trouble no backend", async () => {
  line.backend.play(json(200, { choices: [{ message: { content: "ok" }, finish_reason: "stop" }] }))
  const headers = { "x-api-key": KEY, "anthropic-beta": "claude-code-20250219,unheard-of-2027-01-01" }
  const response = await line.proxy.send({ model: "chat", betas: ["unheard-of-2027-01-01"] }, headers)
  expect(response.status).toBe(200)
  const { headers: sent, body } = line.backend.asked.at(-1) ?? {}
  expect(Object.keys(sent ?? {}).filter((name) => name.startsWith("anthropic"))).toEqual([])
  expect(body).toEqual({ model: "chat-model", ...base })
})

test("bifrost#2446, litellm#15960: a backend that speaks Messages is asked in Messages, as the client said it", async () => {
  const request = {
    ...base,
    thinking: { type: "enabled", budget_tokens: 2000, display: "updates" },
    max_tokens: 4000,
    messages: [{ role: "user", content: [{ type: "text", text: "Hello", cache_control: HOUR }] }],
    unheard_of: { a: 1 },
  }
  const usage = { input_tokens: 1, output_tokens: 1 }
  line.backend.play(json(200, { type: "message", role: "assistant", content: [], usage }))
  const headers = { "x-api-key": KEY, "anthropic-beta": "unheard-of-2027-01-01" }
  await line.proxy.send({ model: "messages", ...request }, headers)
  const { path, headers: sent, body } = line.backend.asked.at(-1) ?? {}
  expect([path, sent?.["anthropic-beta"], body]).toEqual([
    "/v1/messages",
    "unheard-of-2027-01-01",
    { model: "messages-model", ...request },
  ])
})

test("envoy#2488, #2358, #2478: a cache mark moves with the words it stands on, where the backend takes marks", async () => {
  const mark = { cache_control: HOUR }
  const body = await line.asked({
    model: "marked",
    system: [{ type: "text", text: "a" }, { type: "text", text: "b", ...mark }],
    messages: [
      { role: "user", content: "q" },
      { role: "assistant", content: [{ type: "tool_use", id: "c", name: "f", input: {} }] },
      {
        role: "user",
        content: [{ type: "text", text: "go" }, { type: "tool_result", tool_use_id: "c", content: "r", ...mark }],
      },
    ],
  })
  const { messages } = body as { readonly messages: readonly unknown[] }
  expect([messages[0], ...messages.slice(3)]).toEqual([
    { role: "system", content: [{ type: "text", text: "a" }, { type: "text", text: "b", ...mark }] },
    { role: "tool", tool_call_id: "c", content: [{ type: "text", text: "r", ...mark }] },
    { role: "user", content: "go" },
  ])
})

test("cline#261, litellm#38790: cache marks, with a ttl or without, are not sent to a backend that knows none", async () => {
  const marked = (mark: object): object => ({
    system: [{ type: "text", text: "s", ...mark }],
    tools: [{ name: "f", input_schema: { type: "object" }, ...mark }],
    messages: [
      { role: "user", content: [{ type: "text", text: "q", ...mark }] },
      { role: "assistant", content: [{ type: "tool_use", id: "c", name: "f", input: {}, ...mark }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "r", ...mark }] },
    ],
    ...mark,
  })
  expect(await line.asked(marked({ cache_control: HOUR }))).toEqual(await line.asked(marked({})))
})
