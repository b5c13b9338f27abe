/** A backend that speaks the Responses API, over HTTP from end to end. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fold } from "../../src/anthropic/fold.ts"
import { controlled, error, json, raw, startBackend, type ScriptedBackend } from "../_backend.ts"
import { eventsIn, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeAll(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: { m: { backend: "b", model: "gpt-5.6" } },
    backends: { b: { base_url: backend.url, api: "responses", api_key: "k-backend" } },
  })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

/** An event as OpenAI frames it: named on a line of its own, and in its data. */
function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

function part(text: string): object {
  return { type: "output_text", text }
}

const usage = { input_tokens: 12, output_tokens: 5, output_tokens_details: { reasoning_tokens: 2 } }
const call = { type: "function_call", id: "fc_1", call_id: "call_1", name: "get_weather", arguments: '{"city":"Paris"}' }
const hello = { type: "message", id: "msg_1", role: "assistant", content: [part("Hello!")] }

const response = { id: "r", status: "in_progress" }
const created = [event("response.created", { response }), event("response.in_progress", { response })]
const text = [
  ...created,
  event("response.output_item.added", { output_index: 0, item: { ...hello, content: [] } }),
  event("response.output_text.delta", { output_index: 0, item_id: "msg_1", content_index: 0, delta: "Hel" }),
  event("response.output_text.delta", { output_index: 0, item_id: "msg_1", content_index: 0, delta: "lo!" }),
  event("response.output_item.done", { output_index: 0, item: hello }),
  event("response.completed", { response: { id: "r", status: "completed", output: [hello], usage } }),
]
const calling = [
  ...created,
  event("response.output_item.added", { output_index: 0, item: { ...call, arguments: "" } }),
  event("response.function_call_arguments.delta", { output_index: 0, item_id: "fc_1", delta: '{"city":' }),
  event("response.function_call_arguments.delta", { output_index: 0, item_id: "fc_1", delta: '"Paris"}' }),
  event("response.function_call_arguments.done", { output_index: 0, item_id: "fc_1", arguments: call.arguments }),
  event("response.output_item.done", { output_index: 0, item: call }),
  event("response.completed", { response: { id: "r", status: "completed", output: [call], usage } }),
]

const tools = [{ name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }]

test("a stream is asked for and comes back as Anthropic's", async () => {
  backend.play(raw(...text))
  const response = await proxy.send({ model: "m", stream: true, system: "Be brief." })
  const events = eventsIn(await response.text())
  expect(events.map(({ type }) => type)).toEqual([
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ])
  expect(fold(events)).toMatchObject({
    model: "m",
    content: [{ type: "text", text: "Hello!" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 12, output_tokens: 5, output_tokens_details: { thinking_tokens: 2 } },
  })
  const asked = backend.asked.at(-1)
  expect(asked?.path).toBe("/v1/responses")
  expect(asked?.headers.authorization).toBe("Bearer k-backend")
  expect(asked?.body).toEqual({
    model: "gpt-5.6",
    instructions: "Be brief.",
    input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] }],
    include: ["reasoning.encrypted_content"],
    max_output_tokens: 100,
    store: false,
    stream: true,
  })
})

test.each([
  ["whole", json(200, { object: "response", status: "completed", error: null, output: [hello], usage })],
  ["as a stream that nobody asked for", raw(...text)],
])("an answer that comes %s is one Message", async (_how, script) => {
  backend.play(script)
  const response = await proxy.send({ model: "m" })
  expect(await response.json()).toMatchObject({
    type: "message",
    model: "m",
    content: [{ type: "text", text: "Hello!" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 12, output_tokens: 5 },
  })
  expect(backend.asked.at(-1)?.body).not.toHaveProperty("stream")
})

test("an answer that comes whole though a stream was asked for is streamed", async () => {
  backend.play(json(200, { status: "completed", output: [hello], usage }))
  const response = await proxy.send({ model: "m", stream: true })
  expect(fold(eventsIn(await response.text()))).toMatchObject({ content: [{ type: "text", text: "Hello!" }] })
})

test.each([true, false])("a tool is called, and its result is understood (stream: %s)", async (stream) => {
  backend.play(stream ? raw(...calling) : json(200, { status: "completed", output: [call], usage }), raw(...text))
  const answer = await proxy.send({ model: "m", stream, tools })
  const message = stream ? fold(eventsIn(await answer.text())) : await answer.json()
  expect(message).toMatchObject({
    content: [{ type: "tool_use", id: "call_1", name: "get_weather", input: { city: "Paris" } }],
    stop_reason: "tool_use",
  })
  await proxy.send({
    model: "m",
    tools,
    messages: [
      { role: "user", content: "Weather?" },
      { role: "assistant", content: message.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: "sunny" }] },
    ],
  })
  expect(backend.asked.at(-1)?.body).toMatchObject({
    input: [
      { type: "message", role: "user" },
      { type: "function_call", call_id: "call_1", name: "get_weather", arguments: '{"city":"Paris"}' },
      { type: "function_call_output", call_id: "call_1", output: "sunny" },
    ],
    tools: [{ type: "function", name: "get_weather", parameters: tools[0]?.input_schema, strict: false }],
  })
})

describe("failures", () => {
  test("before the first word have a true status", async () => {
    const oops = event("response.failed", { response: { error: { code: "server_error", message: "oops" } } })
    backend.play(error(429, "slow down"), raw(...created, oops))
    const limited = await proxy.send({ model: "m", stream: true })
    expect([limited.status, await limited.json()]).toEqual([
      429,
      {
        type: "error",
        error: { type: "rate_limit_error", message: 'backend "b": slow down' },
        request_id: expect.any(String),
      },
    ])
    const failed = await proxy.send({ model: "m", stream: true })
    expect([failed.status, await failed.json()]).toMatchObject([
      502,
      { error: { type: "api_error", message: 'backend "b": oops' } },
    ])
  })

  test("behind it are error events", async () => {
    const begun = text.slice(0, 4)
    backend.play(raw(...begun, event("error", { code: "server_error", message: "oops" })), raw(...begun))
    const ends = [
      eventsIn(await (await proxy.send({ model: "m", stream: true })).text()).at(-1),
      eventsIn(await (await proxy.send({ model: "m", stream: true })).text()).at(-1),
    ]
    const closed = 'backend "b" closed the connection before its answer was complete'
    expect(ends).toMatchObject([
      { type: "error", error: { type: "api_error", message: 'backend "b": oops' } },
      { type: "error", error: { type: "api_error", message: closed } },
    ])
  })

  test("a backend that only creates a response and closes has said nothing", async () => {
    backend.play(raw(...created))
    const response = await proxy.send({ model: "m", stream: true })
    expect([response.status, await response.json()]).toMatchObject([
      502,
      { error: { message: 'backend "b" answered 200 and said nothing' } },
    ])
  })
})

test("a client that leaves lets the backend go", async () => {
  const script = controlled()
  backend.play(script)
  const leave = new AbortController()
  const answering = proxy.send({ model: "m", stream: true }, undefined, leave.signal)
  await script.opened
  for (const piece of text.slice(0, 4)) script.push(piece)
  const reader = (await answering).body?.getReader()
  await reader?.read()
  leave.abort()
  expect(await script.closed).toBe(true)
})

test("a stop sequence cuts the stream and lets the backend go", async () => {
  const script = controlled()
  backend.play(script)
  const answering = proxy.send({ model: "m", stream: true, stop_sequences: ["lo"] })
  await script.opened
  for (const piece of text.slice(0, 5)) script.push(piece)
  const message = fold(eventsIn(await (await answering).text()))
  expect(message).toMatchObject({
    content: [{ type: "text", text: "Hel" }],
    stop_reason: "stop_sequence",
    stop_sequence: "lo",
  })
  expect(await script.closed).toBe(true)
})

test.each([true, false])("max_tokens 0 asks nobody, and is answered with nothing (stream: %s)", async (stream) => {
  const asked = backend.asked.length
  const body = await (await proxy.send({ model: "m", stream, max_tokens: 0 })).text()
  expect(stream ? fold(eventsIn(body)) : JSON.parse(body)).toMatchObject({
    content: [],
    stop_reason: "max_tokens",
    usage: { output_tokens: 0 },
  })
  expect(backend.asked.length).toBe(asked)
})
