/** The official SDKs, unmodified, and the request that Claude Code's WebSearch makes. */
import type Anthropic from "@anthropic-ai/sdk"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { SDKS } from "../_sdk.ts"
import { KEY } from "../_proxy.ts"
import { calls, finds, page, says, startSearch, withPlainIds, type SearchSetup } from "./_web-search.ts"

const direct = { caller: { type: "direct" } }

describe.each(SDKS)("SDK $version", ({ Anthropic }) => {
  let setup: SearchSetup
  let client: Anthropic

  beforeEach(async () => {
    setup = await startSearch()
    client = new Anthropic({ baseURL: setup.proxy.url, apiKey: KEY, maxRetries: 0 })
    setup.backend.play(calls([["web_search", { query: "tea \"leaf\"" }]], "I look."), says("Tea is a leaf."))
    setup.engine.play(finds("leaf"))
  })
  afterEach(() => setup.close())

  const request: Anthropic.MessageCreateParamsNonStreaming = {
    model: "m",
    max_tokens: 21_333,
    system: [{ type: "text", text: "You are an assistant for performing a web search tool use" }],
    messages: [{ role: "user", content: "Perform a web search for the query: tea" }],
    tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 8 }],
    tool_choice: { type: "auto" },
  }
  const content = [
    { type: "text", text: "I look.", citations: null },
    { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "tea \"leaf\"" }, ...direct },
    { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [page("leaf")], ...direct },
    { type: "text", text: "Tea is a leaf.", citations: null },
  ]
  const plain = (value: unknown): unknown => JSON.parse(withPlainIds(JSON.stringify(value)))

  test("a stream adds up to text, call, results and text", async () => {
    const stream = client.messages.stream(request)
    const inputs: unknown[] = []
    stream.on("inputJson", (_, input) => inputs.push(input))
    const message = await stream.finalMessage()
    expect(plain(message.content)).toEqual(content)
    expect(inputs).toEqual([{ query: "tea \"leaf\"" }])
    const { stop_reason, usage } = message
    expect([stop_reason, usage.input_tokens, usage.output_tokens, usage.server_tool_use]).toEqual([
      "end_turn", 12, 6, { web_search_requests: 1, web_fetch_requests: 0 },
    ])
  })

  test("a whole message has the same blocks, and can be sent back as it is", async () => {
    const message = await client.messages.create(request)
    expect(plain(message.content)).toEqual(content)
    setup.backend.play(says("Yes."))
    const again = [...request.messages, { role: "assistant", content: message.content } as const, { role: "user", content: "Sure?" } as const]
    const next = await client.messages.create({ ...request, messages: again })
    expect(next.content).toEqual([{ type: "text", text: "Yes.", citations: null }])
  })
})
