/**
 * A real model that calls tools, behind llama.cpp's server. A model this small calls one only when the conversation is
 * full of calls; that, in turn, takes each of them through the proxy and through the model's template (tools.jinja).
 */
import Anthropic from "@anthropic-ai/sdk"
import { beforeAll, describe, expect, test } from "vitest"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { checkGrammar } from "../../src/testing/grammar.ts"
import { configFor, GREEDY, startLlama } from "./_llama.ts"
import { lacks } from "./_missing.ts"
import { KEY, startProxy } from "./_proxy.ts"
import { lacksModel, script } from "./_python.ts"

type Params = Anthropic.MessageCreateParamsNonStreaming

const WEATHER: Anthropic.Tool = {
  name: "weather",
  description: "Weather of a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}
/** Calls and results of cities before, so that the model sees how it is done. */
const PARIS = [...earlier("Rome"), ...earlier("Oslo"), ...earlier("Bern"), asked("Paris")]

describe.skipIf(lacks(import.meta.url, lacksModel()))("a real model that calls tools", () => {
  let client: Anthropic
  beforeAll(async () => {
    const llama = await startLlama({ context: 2048, args: ["--chat-template-file", script("tools.jinja")] })
    const { url } = await startProxy(configFor(llama))
    client = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0 })
  })

  const ask = (messages: Params["messages"]): Params => {
    return { ...GREEDY, model: "claude-small", max_tokens: 100, tools: [WEATHER], messages }
  }

  test("calls one, and answers when it has been given what the tool gave", async () => {
    const called = await client.messages.create(ask(PARIS))
    const call = { type: "tool_use", name: "weather", input: { city: "Paris" }, caller: { type: "direct" } }
    expect([called.stop_reason, called.content]).toEqual([
      "tool_use",
      [{ ...call, id: expect.stringMatching(/^[\w-]+$/) }],
    ])
    const gave = called.content.flatMap((block) =>
      block.type === "tool_use" ? [{ type: "tool_result" as const, tool_use_id: block.id, content: "rain" }] : [],
    )
    const said: Anthropic.MessageParam = { role: "assistant", content: called.content }
    const answered = await client.messages.create(ask([...PARIS, said, { role: "user", content: gave }]))
    expect([answered.stop_reason, answered.content]).toEqual([
      "end_turn",
      [{ type: "text", text: expect.stringContaining("rain"), citations: null }],
    ])
  })

  test("streams a call in Anthropic's grammar, its input as JSON", async () => {
    const stream = await client.messages.create({ ...ask(PARIS), stream: true })
    const events = (await Array.fromAsync(stream)) as readonly MessageEvent[]
    const deltas = events.flatMap((event) => (event.type === "content_block_delta" ? [event.delta] : []))
    const json = deltas.map((delta) => (delta.type === "input_json_delta" ? delta.partial_json : delta.type))
    const last = events.find((event) => event.type === "message_delta")
    expect(checkGrammar(events)).toEqual([])
    expect([JSON.parse(json.join("")), last?.delta.stop_reason]).toEqual([{ city: "Paris" }, "tool_use"])
  })

  const CHOICES: readonly Anthropic.ToolChoice[] = [
    { type: "any" },
    { type: "tool", name: "weather" },
    { type: "auto", disable_parallel_tool_use: true },
  ]
  test.each(CHOICES)("calls it with tool_choice $type", async (tool_choice) => {
    const { content, stop_reason } = await client.messages.create({ ...ask(PARIS), tool_choice })
    const names = content.map((block) => block.type === "tool_use" && block.name)
    expect([names, stop_reason]).toEqual([["weather"], "tool_use"])
  })

  test("calls nothing with tool_choice none", async () => {
    const params = { ...ask([asked("Paris")]), tool_choice: { type: "none" as const } }
    const stream = await client.messages.create({ ...params, stream: true })
    const events = (await Array.fromAsync(stream)) as readonly MessageEvent[]
    const types = events.flatMap((event) => (event.type === "content_block_start" ? [event.content_block.type] : []))
    expect([checkGrammar(events), types]).toEqual([[], ["text"]])
  })
})

function asked(city: string): Anthropic.MessageParam {
  return { role: "user", content: `weather in ${city}?` }
}

/** A city that has been asked for, looked up and told. */
function earlier(city: string): Anthropic.MessageParam[] {
  const id = `toolu_${city}`
  return [
    asked(city),
    { role: "assistant", content: [{ type: "tool_use", id, name: "weather", input: { city } }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: [{ type: "text", text: "rain" }] }] },
    { role: "assistant", content: [{ type: "text", text: "It is rain." }] },
  ]
}
