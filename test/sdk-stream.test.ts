/** Streams as the official SDKs, unmodified, see them: raw events, and their message stream. */
import type Anthropic from "@anthropic-ai/sdk"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { chunks } from "./_backend.ts"
import { KEY, SDKS, startProxy, usage, type Setup } from "./_sdk.ts"

const ID = expect.stringMatching(/^msg_\w+$/)
const hello = [{ role: "user" as const, content: "hello" }]

describe.each(SDKS)("SDK $version", ({ Anthropic }) => {
  let setup: Setup
  let client: Anthropic

  beforeEach(async () => {
    setup = await startProxy()
    client = new Anthropic({ baseURL: setup.url, apiKey: KEY, maxRetries: 0 })
  })
  afterEach(() => setup.close())

  it("a raw stream yields Anthropic's events in their order", async () => {
    const stream = await client.messages.create({ model: "demo", max_tokens: 5, messages: hello, stream: true })
    const events = await Array.fromAsync(stream)
    const start = events[0]?.type === "message_start" ? events[0].message : undefined
    expect(start).toEqual({
      id: ID,
      type: "message",
      role: "assistant",
      model: "demo",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: usage({ input_tokens: expect.any(Number), output_tokens: expect.any(Number) }),
    })
    const text = (piece: string): object => {
      return { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } }
    }
    expect(events.slice(1)).toEqual([
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "", citations: null } },
      text("This is "),
      text("the demo "),
      text("backend "),
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "max_tokens", stop_sequence: null, stop_details: null, container: null },
        usage: {
          input_tokens: 2,
          output_tokens: 5,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
          output_tokens_details: null,
          server_tool_use: null,
        },
      },
      { type: "message_stop" },
    ])
  })

  it("a message stream tells thinking, text and tool input to its listeners, and adds them up", async () => {
    const says = (delta: object, finish_reason: string | null = null): object => {
      return { choices: [{ index: 0, delta, finish_reason }] }
    }
    const call = (index: number, id: string, json: string): object => {
      return says({ tool_calls: [{ index, id, type: "function", function: { name: "look", arguments: json } }] })
    }
    setup.backend.play(
      chunks([
        says({ role: "assistant", content: "" }),
        says({ reasoning_content: "Let me " }),
        says({ reasoning_content: "see." }),
        says({ content: "I will " }),
        says({ content: "look." }),
        call(0, "call_1", '{"a'),
        call(1, "call_2", "{}"),
        says({ tool_calls: [{ index: 0, function: { arguments: 't":"sky"}' } }] }),
        says({}, "tool_calls"),
        {
          choices: [],
          usage: {
            prompt_tokens: 1000,
            completion_tokens: 350,
            prompt_tokens_details: { cached_tokens: 900 },
            completion_tokens_details: { reasoning_tokens: 300 },
          },
        },
      ]),
    )
    const heard: string[] = []
    const stream = client.messages
      .stream({
        model: "scripted",
        max_tokens: 4000,
        thinking: { type: "enabled", budget_tokens: 2000 },
        messages: hello,
        tools: [{ name: "look", input_schema: { type: "object", properties: { at: { type: "string" } } } }],
      })
      .on("thinking", (delta) => heard.push(`thinking ${delta}`))
      .on("text", (delta) => heard.push(`text ${delta}`))
      .on("contentBlock", (block) => heard.push(`block ${block.type}`))
    stream.on("inputJson", (_, snapshot) => heard.push(`input ${JSON.stringify(snapshot)}`))
    const message = await stream.finalMessage()
    expect(message.content).toEqual([
      { type: "thinking", thinking: "Let me see.", signature: expect.stringMatching(/./) },
      { type: "text", text: "I will look.", citations: null },
      { type: "tool_use", id: "call_1", name: "look", input: { at: "sky" }, caller: { type: "direct" } },
      { type: "tool_use", id: "call_2", name: "look", input: {}, caller: { type: "direct" } },
    ])
    expect({ model: message.model, stop_reason: message.stop_reason, usage: message.usage }).toEqual({
      model: "scripted",
      stop_reason: "tool_use",
      usage: usage({
        input_tokens: 100,
        cache_read_input_tokens: 900,
        output_tokens: 350,
        output_tokens_details: { thinking_tokens: 300 },
      }),
    })
    expect(heard).toEqual([
      "thinking Let me ",
      "thinking see.",
      "block thinking",
      "text I will ",
      "text look.",
      "block text",
      'input {"at":"sky"}',
      "block tool_use",
      "input {}",
      "block tool_use",
    ])
  })
})
