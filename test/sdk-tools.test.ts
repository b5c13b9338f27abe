/** Tool loops of the official SDKs, unmodified: by hand, and by their tool runner. */
import type Anthropic from "@anthropic-ai/sdk"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { json } from "./_backend.ts"
import { KEY, SDKS, startProxy, type Setup } from "./_sdk.ts"

const schema = {
  type: "object" as const,
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
}
const calls = ["Paris", "Oslo"].map((city, n) => ({
  id: `call_${n}`,
  type: "function",
  function: { name: "get_weather", arguments: JSON.stringify({ city }) },
}))

function answer(message: object, finish_reason: string): object {
  return { choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }] }
}

describe.each(SDKS)("SDK $version", ({ Anthropic, betaZodTool }) => {
  let setup: Setup
  let client: Anthropic

  beforeEach(async () => {
    setup = await startProxy()
    client = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 0 })
    setup.backend.play(
      json(200, answer({ content: "I look.", tool_calls: calls }, "tool_calls")),
      json(200, answer({ content: "Sun and snow." }, "stop")),
    )
  })
  afterEach(() => setup.close())

  /** The whole conversation as the backend must see it on the second turn. */
  const history = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Weather?" },
    { role: "assistant", content: "I look.", tool_calls: calls },
    { role: "tool", tool_call_id: "call_0", content: "sun in Paris" },
    { role: "tool", tool_call_id: "call_1", content: "snow in Oslo" },
  ]

  it("a loop by hand: the results follow their calls, in the calls' order", async () => {
    const request = {
      model: "scripted",
      max_tokens: 99,
      system: "Be brief.",
      tools: [{ name: "get_weather", description: "Tells the weather.", input_schema: schema }],
    }
    const first: Anthropic.MessageParam = { role: "user", content: "Weather?" }
    const asked = await client.messages.create({ ...request, messages: [first] })
    expect({ stop_reason: asked.stop_reason, content: asked.content }).toEqual({
      stop_reason: "tool_use",
      content: [
        { type: "text", text: "I look.", citations: null },
        { type: "tool_use", id: "call_0", name: "get_weather", input: { city: "Paris" }, caller: { type: "direct" } },
        { type: "tool_use", id: "call_1", name: "get_weather", input: { city: "Oslo" }, caller: { type: "direct" } },
      ],
    })
    const told = await client.messages.create({
      ...request,
      messages: [
        first,
        { role: "assistant", content: asked.content },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "call_1", content: "snow in Oslo" },
            { type: "tool_result", tool_use_id: "call_0", content: [{ type: "text", text: "sun in Paris" }] },
          ],
        },
      ],
    })
    expect(told.content).toEqual([{ type: "text", text: "Sun and snow.", citations: null }])
    expect(setup.backend.asked.map(({ method, path, body }) => ({ method, path, body }))).toEqual(
      [history.slice(0, 2), history].map((messages) => ({
        method: "POST",
        path: "/v1/chat/completions",
        body: {
          model: "gpt",
          messages,
          max_tokens: 99,
          tools: [
            {
              type: "function",
              function: { name: "get_weather", description: "Tells the weather.", parameters: schema },
            },
          ],
        },
      })),
    )
  })

  it("the tool runner ends its loop, and each turn carries the full history", async () => {
    const ran: string[] = []
    const message = await client.beta.messages.toolRunner({
      model: "scripted",
      max_tokens: 99,
      system: "Be brief.",
      messages: [{ role: "user", content: "Weather?" }],
      tools: [
        betaZodTool({
          name: "get_weather",
          description: "Tells the weather.",
          inputSchema: z.object({ city: z.string() }),
          run: ({ city }) => {
            ran.push(city)
            return city === "Paris" ? "sun in Paris" : "snow in Oslo"
          },
        }),
      ],
    })
    expect(message.content).toEqual([{ type: "text", text: "Sun and snow.", citations: null }])
    expect(ran.sort()).toEqual(["Oslo", "Paris"])
    const bodies = setup.backend.asked.map(({ body }) => body as { messages: unknown; tools: unknown[] })
    expect(bodies.map(({ messages }) => messages)).toEqual([history.slice(0, 2), history])
    expect(bodies.map(({ tools }) => tools.length)).toEqual([1, 1])
  })

  it("the demo's calls are run, and their results told", async () => {
    const message = await client.beta.messages.toolRunner({
      model: "demo",
      max_tokens: 99,
      stream: true,
      messages: [{ role: "user", content: "Please call echo." }],
      tools: [
        betaZodTool({
          name: "echo",
          description: "Says it again.",
          inputSchema: z.object({ text: z.string() }),
          run: ({ text }) => `${text}, ${text}`,
        }),
      ],
    })
    expect(message.content).toEqual([
      {
        type: "text",
        text: "This is the demo backend of LLM Proxy, not a language model. The tools returned: echo: demo, demo",
        citations: null,
      },
    ])
  })
})
