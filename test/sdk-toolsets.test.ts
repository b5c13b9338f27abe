/** Toolsets as the official SDK, unmodified, declares them and hears of their calls. */
import Anthropic from "@anthropic-ai/sdk"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { chunks, json } from "./_backend.ts"
import { KEY, startProxy, type Setup } from "./_sdk.ts"

const request = {
  model: "scripted",
  max_tokens: 99,
  tools: [
    { type: "computer_toolset_20260801" as const, configs: { zoom: { enabled: false } } },
    { type: "browser_toolset_20260801" as const },
  ],
}
const first: Anthropic.MessageParam = { role: "user", content: "Open the page." }
const calls = [
  ["call_0", "computer__left_click", '{"coordinate":[10,20]}'],
  ["call_1", "browser__navigate", '{"url":"example.com"}'],
].map(([id, name, args]) => ({ id, type: "function", function: { name, arguments: args } }))
const content = [
  {
    type: "tool_use",
    id: "call_0",
    name: "left_click",
    toolset_name: "computer",
    input: { coordinate: [10, 20] },
    caller: { type: "direct" },
  },
  {
    type: "tool_use",
    id: "call_1",
    name: "navigate",
    toolset_name: "browser",
    input: { url: "example.com" },
    caller: { type: "direct" },
  },
]

describe("calls of toolset members", () => {
  let setup: Setup
  let client: Anthropic

  beforeEach(async () => {
    setup = await startProxy()
    client = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 0 })
  })
  afterEach(() => setup.close())

  it("come streamed, with their toolset", async () => {
    const delta = { tool_calls: calls.map((call, index) => ({ ...call, index })) }
    setup.backend.play(chunks([{ choices: [{ index: 0, delta, finish_reason: "tool_calls" }] }]))
    const message = await client.messages.stream({ ...request, messages: [first] }).finalMessage()
    expect([message.stop_reason, message.content]).toEqual(["tool_use", content])
  })

  it("come whole, with their toolset, and go back with their results", async () => {
    setup.backend.play(
      json(200, { choices: [{ message: { content: null, tool_calls: calls }, finish_reason: "tool_calls" }] }),
      json(200, { choices: [{ message: { content: "Open." }, finish_reason: "stop" }] }),
    )
    const asked = await client.messages.create({ ...request, messages: [first] })
    expect([asked.stop_reason, asked.content]).toEqual(["tool_use", content])
    const tabs = [{ tab_id: "1", title: "Example", url: "https://example.com/", active: true }]
    const told = await client.messages.create({
      ...request,
      messages: [
        first,
        { role: "assistant", content: asked.content },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "call_0", toolset_name: "computer", content: "Clicked." },
            {
              type: "tool_result",
              tool_use_id: "call_1",
              toolset_name: "browser",
              content: [{ type: "text", text: "There." }, { type: "browser_state", tabs }],
            },
          ],
        },
      ],
    })
    expect(told.content).toEqual([{ type: "text", text: "Open.", citations: null }])
    const bodies = setup.backend.asked.map(({ body }) => body as { messages: unknown; tools: unknown[] })
    expect(bodies.map(({ tools }) => tools.length)).toEqual([16 + 31, 16 + 31])
    expect(bodies[1]?.messages).toEqual([
      first,
      { role: "assistant", content: null, tool_calls: calls },
      { role: "tool", tool_call_id: "call_0", content: "Clicked." },
      { role: "tool", tool_call_id: "call_1", content: `There.\n\n${JSON.stringify({ tabs })}` },
    ])
  })
})
