import { describe, expect, it } from "vitest"
import { checkedCount, checkedMessage, faultOf, request, tool } from "./_request.ts"

const fault = (fields: object): string | undefined => faultOf(() => checkedMessage(request(fields)))

describe("the object that comes back", () => {
  it("is the one that went in, with keys that look like prototypes", () => {
    const body: unknown = JSON.parse(
      `{ "model": "m", "max_tokens": 1, "constructor": 1, "__proto__": { "max_tokens": -1 },
         "messages": [{ "role": "user", "content": "Hi", "constructor": 2 }],
         "tools": [{ "name": "constructor", "input_schema": { "type": "object", "p": { "__proto__": {} } } }] }`,
    )
    const before = JSON.stringify(body)
    expect(checkedMessage(body)).toBe(body)
    expect(JSON.stringify(body)).toBe(before)
  })

  it("keeps fields nobody knows", () => {
    const body = request({ context_management: { edits: [] }, speed: "fast", service_tier: "auto", brand_new: [1] })
    expect(checkedMessage(body)).toBe(body)
  })

  it("may have every field that is optional as null", () => {
    const body = request({
      tools: [tool("f", { type: null, strict: null, input_examples: null, eager_input_streaming: null })],
      system: null,
      stream: null,
      stop_sequences: null,
      tool_choice: null,
      thinking: null,
      output_config: null,
      output_format: null,
      metadata: null,
      temperature: null,
      top_p: null,
      top_k: null,
      thread: null,
      compaction: null,
      container: null,
      mcp_servers: null,
      billing_policy: null,
    })
    expect(checkedMessage(body)).toBe(body)
  })

  it("may be what Claude Code sends", () => {
    const body = request({
      system: [{ type: "text", text: "You are", cache_control: { type: "ephemeral" } }],
      tools: [
        tool("Read", { description: "Reads.", defer_loading: true }),
        { type: "web_search_20250305", name: "web_search", max_uses: 8 },
      ],
      metadata: { user_id: '{"session_id":"s"}' },
      max_tokens: 32000,
      thinking: { type: "enabled", budget_tokens: 31999, display: "omitted" },
      output_config: { effort: "xhigh", format: { type: "json_schema", schema: { type: "object" } } },
      stream: true,
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
    })
    expect(checkedMessage(body)).toBe(body)
  })
})

describe("a body that is no object", () => {
  it.each([[[]], [null], ["{}"], [1], [undefined]])("%j is refused", (body) => {
    expect(faultOf(() => checkedMessage(body))).toBe("Input should be an object")
  })
})

describe("limits", () => {
  it("max_tokens 0 only warms a cache and is legal", () => {
    expect(fault({ max_tokens: 0 })).toBeUndefined()
  })

  it("there may be 100,000 messages and not one more", () => {
    const messages = Array.from({ length: 100_000 }, () => ({ role: "user", content: "a" }))
    expect(fault({ messages })).toBeUndefined()
    expect(fault({ messages: [...messages, messages[0]] })).toBe("messages: List should have at most 100000 items")
  })

  it("nesting that would overflow the stack of whoever stringifies the request is refused", () => {
    const nest = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`)
    expect(fault({ context_management: nest(255) })).toBeUndefined()
    expect(fault({ context_management: nest(256) })).toBe("the request must not nest deeper than 256 levels")
    expect(fault({ context_management: nest(100_000) })).toBe("the request must not nest deeper than 256 levels")
  })
})

describe("a request to be counted", () => {
  it("needs no max_tokens and is the object that came in", () => {
    const body = { model: "m", messages: [{ role: "user", content: "Hello" }], system: "Be kind." }
    expect(checkedCount(body)).toBe(body)
  })

  it("is checked like any other beside that", () => {
    const messages = [{ role: "user", content: [{ type: "text" }] }]
    expect(faultOf(() => checkedCount({ model: "m", messages }))).toBe(
      "messages.0.content.0.text: Field required",
    )
    expect(faultOf(() => checkedCount({ messages }))).toBe("model: Field required")
    const tools = [tool("a"), tool("a")]
    expect(faultOf(() => checkedCount(request({ tools })))).toBe("tools: Tool names must be unique.")
  })

  it("may think longer than it may answer, and may end in the middle of a tool call", () => {
    const body = {
      model: "m",
      thinking: { type: "enabled", budget_tokens: 5000 },
      messages: [{ role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: {} }] }],
    }
    expect(checkedCount(body)).toBe(body)
  })
})
