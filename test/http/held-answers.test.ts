/** Answers held to a JSON schema by a backend that knows none, over HTTP from end to end. */
import { afterAll, beforeAll, expect, test } from "vitest"
import type { AssistantMessage } from "../../src/anthropic/events.ts"
import { fold } from "../../src/anthropic/fold.ts"
import { chunks, json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeAll(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: { m: { backend: "b", model: "qwen" } },
    backends: { b: { base_url: backend.url, flags: { json_schema: false } } },
  })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

const schema = { type: "object", properties: { n: { type: "number" } } }
const request = { model: "m", thinking: { type: "adaptive" }, output_config: { format: { type: "json_schema", schema } } }
const call = { id: "c1", type: "function", function: { name: "answer", arguments: '{"n":1}' } }
const WRONG = 'backend "b" did not answer with the JSON object it was asked for'

test("the input of the tool is the text of a whole answer", async () => {
  backend.play(json(200, { choices: [{ message: { content: null, tool_calls: [call] }, finish_reason: "tool_calls" }] }))
  const { content, stop_reason } = (await (await proxy.send(request)).json()) as AssistantMessage
  expect([content, stop_reason]).toEqual([[{ type: "text", text: '{"n":1}', citations: null }], "end_turn"])
})

test("a stream tells its thinking, and then the text at once", async () => {
  const pieces = ['{"n":', "1}"].map((text, n) => ({ ...(n === 0 && call), index: 0, function: { ...call.function, arguments: text } }))
  const calling = pieces.map((piece) => delta({ tool_calls: [piece] }))
  backend.play(chunks([delta({ reasoning: "Hm." }), ...calling, delta({}, "tool_calls")]))
  const events = eventsIn(await (await proxy.send({ ...request, stream: true })).text())
  const deltas = events.flatMap((event) => (event.type === "content_block_delta" ? [event.delta] : []))
  expect(deltas.filter(({ type }) => type !== "signature_delta")).toEqual([
    { type: "thinking_delta", thinking: "Hm." },
    { type: "text_delta", text: '{"n":1}' },
  ])
  expect(fold(events)?.stop_reason).toBe("end_turn")
})

test("an answer that is no object is a failure of the backend's, with its name", async () => {
  const words = { choices: [{ message: { content: "One." }, finish_reason: "stop" }] }
  backend.play(json(200, words), chunks([delta({ content: "One." }), delta({}, "stop")]))
  const whole = await proxy.send(request)
  expect([whole.status, await whole.json()]).toEqual([
    502,
    { type: "error", error: { type: "api_error", message: WRONG }, request_id: expect.any(String) },
  ])
  const streamed = eventsIn(await (await proxy.send({ ...request, stream: true })).text())
  expect(streamed).toEqual([
    { type: "error", error: { type: "api_error", message: WRONG }, request_id: expect.any(String) },
  ])
})
