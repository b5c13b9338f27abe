/** What users of other proxies reported about streams: the order of events, and how they are framed. */
import { expect, test } from "vitest"
import { chunks, raw } from "../_backend.ts"
import { delta } from "../_proxy.ts"
import { answer, piece, tool, USAGE, useLine } from "./_line.ts"
import { told } from "./_told.ts"

const line = useLine({ responses: { api: "responses" } })
const thinking = { thinking: { type: "adaptive" } }

test("litellm#34433, #29518, #30043: a stream that begins with reasoning has no empty text block before it", async () => {
  const script = answer("stop", { role: "assistant", content: "" }, { reasoning_content: "Hm." }, { content: "Hello" })
  expect(await line.stream(script, thinking)).toEqual(
    told({ stop: "end_turn" }, ["thinking", "Hm."], ["text", "Hello"]),
  )
})

test("litellm#32357: text and reasoning that take turns are blocks of their own, in one message", async () => {
  const script = answer("stop", { content: "a" }, { reasoning_content: "b" }, { role: "assistant", content: "c" })
  expect(await line.stream(script, thinking)).toEqual(
    told({ stop: "end_turn" }, ["text", "a"], ["thinking", "b"], ["text", "c"]),
  )
})

test.each(["reasoning_content", "reasoning"])("litellm#29600, #29533: nothing but %s is a thinking block", async (field) => {
  expect(await line.stream(answer("stop", { [field]: "Hm" }, { [field]: "..." }), thinking)).toEqual(
    told({ stop: "end_turn" }, ["thinking", "Hm", "..."]),
  )
})

test("litellm#30115, #27442: an item of the Responses API that nothing announced begins with its first delta", async () => {
  const events = [
    { type: "response.created", response: { id: "r" } },
    { type: "response.output_text.delta", item_id: "m", output_index: 0, content_index: 0, delta: "Hel" },
    { type: "response.output_text.delta", item_id: "m", output_index: 0, content_index: 0, delta: "lo" },
    { type: "response.completed", response: { status: "completed", usage: { input_tokens: 10, output_tokens: 5 } } },
  ]
  expect(await line.stream(chunks(events, { done: false }), { model: "responses" })).toEqual(
    told({ stop: "end_turn", model: "responses" }, ["text", "Hel", "lo"]),
  )
})

test("ollama#17225, #14825: text is closed before thinking, and thinking before a call that follows at once", async () => {
  const call = piece(0, { id: "c", name: "f", args: "{}" })
  const script = answer("tool_calls", { content: "a" }, { reasoning: "b" }, call)
  expect(await line.stream(script, { ...thinking, tools: [tool("f")] })).toEqual(
    told({ stop: "tool_use" }, ["text", "a"], ["thinking", "b"], ["call", "c", "f", "{}"]),
  )
})

test("CLIProxyAPI f04605d84, 690f93dc1: one message_delta however often the end is told, and nothing after [DONE]", async () => {
  const end = [delta({}, "stop"), { choices: [], usage: USAGE }]
  const list = [delta({ content: "Hello" }), ...end, delta({}, "stop")].map((it) => `data: ${JSON.stringify(it)}\n\n`)
  const late = `data: ${JSON.stringify(delta({ content: " again" }))}\n\n`
  expect(await line.stream(raw(...list, "data: [DONE]\n\n", late, "data: [DONE]\n\n"))).toEqual(
    told({ stop: "end_turn" }, ["text", "Hello"]),
  )
})

test("CLIProxyAPI 872070259: [DONE] ends an answer without finish_reason", async () => {
  expect(await line.stream(chunks([delta({ content: "Hello" }), { choices: [], usage: USAGE }]))).toEqual(
    told({ stop: "end_turn" }, ["text", "Hello"]),
  )
})

test("CCR 79f48c00: characters that are cut in two between writes arrive whole", async () => {
  const bytes = new TextEncoder().encode(
    `data: ${JSON.stringify(delta({ content: "Grüße, 你好 👩‍🚀" }))}\n\n` +
      `data: ${JSON.stringify({ ...delta({}, "stop"), usage: USAGE })}\n\ndata: [DONE]\n\n`,
  )
  expect(await line.stream(raw(...Array.from(bytes, (byte) => Uint8Array.of(byte))))).toEqual(
    told({ stop: "end_turn" }, ["text", "Grüße, 你好 👩‍🚀"]),
  )
})

test("envoy#2470: no blank behind the colon of `data:`", async () => {
  const list = [delta({ content: "Hello" }), { ...delta({}, "stop"), usage: USAGE }]
  expect(await line.stream(raw(...list.map((it) => `data:${JSON.stringify(it)}\n\n`), "data:[DONE]\n\n"))).toEqual(
    told({ stop: "end_turn" }, ["text", "Hello"]),
  )
})

test("CLIProxyAPI 80eb03709, e4a93c02c: data over several lines, comments, ids and fields nobody knows", async () => {
  const pretty = JSON.stringify(delta({ content: "Hello" }), null, 2).replaceAll(/^/gm, "data: ")
  const last = `id: 7\nretry: 10\nx-trace: y\ndata: ${JSON.stringify({ ...delta({}, "stop"), usage: USAGE })}`
  expect(await line.stream(raw(`: OPENROUTER PROCESSING\n\n${pretty}\n\n${last}\n\n`, "data: [DONE]\n\n"))).toEqual(
    told({ stop: "end_turn" }, ["text", "Hello"]),
  )
})
