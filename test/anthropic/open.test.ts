/** The open look at a request: what the types promise, and not a word on what is in it. */
import { describe, expect, it } from "vitest"
import { parseCountRequest, parseMessageRequest } from "../../src/anthropic/request.ts"
import { assistantBlocks, checkedMessage, faultOf, request, tool, userBlocks } from "./_request.ts"

describe("a request of tomorrow passes, and is refused where it would have to be translated", () => {
  it.each<[string, Record<string, unknown>]>([
    ["continues a thread", request({ thread: { type: "continue", previous_message_id: "m" }, messages: [] })],
    [
      "a thread's result without its call",
      request({ thread: {}, ...userBlocks({ type: "tool_result", tool_use_id: "a" }) }),
    ],
    ["asks for a compaction", request({ compaction: { type: "summarize" } })],
    ["has MCP servers", request({ mcp_servers: [{ type: "url", url: "https://a", name: "a" }] })],
    ["has skills", request({ container: { skills: [{ skill_id: "pdf" }] } })],
    ["bills another", request({ billing_policy: { bill_to: "user_profile" } })],
    ["an effort nobody knows", request({ output_config: { effort: "ultra" } })],
    ["a format nobody knows", request({ output_config: { format: { type: "regex", pattern: "a" } } })],
    ["thinking of a kind nobody knows", request({ thinking: { type: "aloud" } })],
    ["a budget that leaves no answer", request({ thinking: { type: "enabled", budget_tokens: 5000 } })],
    ["a little budget", request({ thinking: { type: "enabled", budget_tokens: 1 } })],
    ["a temperature beyond Anthropic's", request({ temperature: 1.7 })],
    ["a choice nobody knows", request({ tool_choice: { type: "some" } })],
    [
      "a choice of a tool that is not listed",
      request({ tools: [tool("a")], tool_choice: { type: "tool", name: "b" } }),
    ],
    ["tools of one name", request({ tools: [tool("a"), tool("a")] })],
    ["a tool's name with a dot", request({ tools: [tool("a.b")] })],
    ["a tool without a schema", request({ tools: [{ name: "a" }] })],
    ["a call without its result", assistantBlocks({ type: "tool_use", id: "a", name: "f", input: {} })],
    ["an image of the assistant's", assistantBlocks({ type: "image", source: { type: "url", url: "a" } })],
    [
      "an image of a kind nobody knows",
      userBlocks({ type: "image", source: { type: "base64", media_type: "image/jxl", data: "a" } }),
    ],
    ["an image from nobody knows where", userBlocks({ type: "image", source: { type: "of_tomorrow" } })],
    [
      "a search result with an image",
      userBlocks({ type: "search_result", source: "s", title: "t", content: [{ type: "of_tomorrow" }] }),
    ],
    ["a system prompt with a block nobody knows", request({ system: [{ type: "of_tomorrow" }] })],
    ["a user who says nothing", request({ messages: [{ role: "user", content: "" }] })],
  ])("%s", (_what, body) => {
    expect(parseMessageRequest(body)).toBe(body)
    const { max_tokens: _max, ...count } = body
    expect(parseCountRequest(count)).toBe(count)
    expect(faultOf(() => checkedMessage(body))).toBeTypeOf("string")
  })
})

describe("what the types promise is there", () => {
  it.each<[Record<string, unknown>, string]>([
    [request({ model: "" }), "model: String should have at least 1 character"],
    [request({ max_tokens: "100" }), "max_tokens: Input should be a valid integer"],
    [{ model: "m", messages: [] }, "max_tokens: Field required"],
    [request({ messages: {} }), "messages: Input should be a valid list"],
    [
      request({ messages: [{ role: "tool", content: "a" }] }),
      "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ],
    [request({ system: [{ type: "text" }] }), "system.0.text: Field required"],
    [request({ system: ["a"] }), "system.0: Input should be an object"],
    [request({ tools: [{ name: 1 }] }), "tools.0.name: Input should be a valid string"],
    [request({ tools: [{ name: "a", input_schema: [] }] }), "tools.0.input_schema: Input should be an object"],
    [request({ stream: "yes" }), "stream: Input should be a valid boolean"],
    [request({ temperature: "hot" }), "temperature: Input should be a valid number"],
    [request({ output_config: { effort: 1 } }), "output_config.effort: Input should be a valid string"],
    [userBlocks({ type: "text" }), "messages.0.content.0.text: Field required"],
    [userBlocks({ type: "image", source: { type: "url" } }), "messages.0.content.0.source.url: Field required"],
  ])("%j is refused", (body, fault) => {
    expect(faultOf(() => parseMessageRequest(body))).toBe(fault)
  })
})
