import { describe, expect, it } from "vitest"
import { assistantBlocks, checkedMessage, faultOf, userBlocks } from "./_request.ts"

const fault = (body: unknown): string | undefined => faultOf(() => checkedMessage(body))
const AT = "messages.0.content.0"

describe("blocks a user may send", () => {
  it.each<[unknown]>([
    [{ type: "text", text: "a", citations: null }],
    [{ type: "image", source: { type: "base64", media_type: "image/webp", data: "AAAA" } }],
    [{ type: "image", source: { type: "url", url: "HTTPS://example.com/a.png" } }],
    [{ type: "image", source: { type: "file", file_id: "file_1" } }],
    [{ type: "document", source: { type: "base64", media_type: "application/pdf", data: "AAAA" }, title: null }],
    [{ type: "document", source: { type: "text", media_type: "text/plain", data: "" }, context: "c" }],
    [{ type: "document", source: { type: "content", content: "a" } }],
    [{ type: "document", source: { type: "content", content: [{ type: "text", text: "a" }] } }],
    [{ type: "document", source: { type: "url", url: "http://example.com/a.pdf" } }],
    [{ type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "a" }] }],
    [{ type: "of_tomorrow", anything: {} }],
    [{ type: "constructor" }],
  ])("%j", (block) => {
    const body = userBlocks(block)
    expect(checkedMessage(body)).toBe(body)
  })

  it.each<[unknown, string]>([
    [{ type: "text" }, `${AT}.text: Field required`],
    [{ type: "text", text: null }, `${AT}.text: Input should be a valid string`],
    [{ type: "image" }, `${AT}.source: Field required`],
    [{ type: "image", source: "http://a" }, `${AT}.source: Input should be an object`],
    [{ type: "image", source: { data: "AAAA" } }, `${AT}.source.type: Field required`],
    [{ type: "image", source: { type: "hex" } }, `${AT}.source.type: Input should be 'base64', 'url' or 'file'`],
    [
      { type: "image", source: { type: "base64", media_type: "image/tiff", data: "AAAA" } },
      `${AT}.source.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'`,
    ],
    [{ type: "image", source: { type: "base64", media_type: "image/png" } }, `${AT}.source.data: Field required`],
    [
      { type: "image", source: { type: "base64", media_type: "image/png", data: "" } },
      `${AT}.source.data: String should have at least 1 character`,
    ],
    [
      { type: "image", source: { type: "url", url: "file:///etc/passwd" } },
      `${AT}.source.url: Input should be an http or https URL`,
    ],
    [
      { type: "image", source: { type: "url", url: "https://" } },
      `${AT}.source.url: Input should be an http or https URL`,
    ],
    [{ type: "image", source: { type: "file" } }, `${AT}.source.file_id: Field required`],
    [
      { type: "document", source: { type: "base64", media_type: "text/csv", data: "AAAA" } },
      `${AT}.source.media_type: Input should be 'application/pdf'`,
    ],
    [{ type: "document", source: { type: "text" } }, `${AT}.source.data: Field required`],
    [{ type: "document", source: { type: "content" } }, `${AT}.source.content: Field required`],
    [
      { type: "document", source: { type: "content", content: [{ type: "fallback" }] } },
      `${AT}.source.content.0.type: Input should be 'text' or 'image'`,
    ],
    [
      { type: "document", source: { type: "url", url: "a" } },
      `${AT}.source.url: Input should be an http or https URL`,
    ],
    [
      { type: "document", source: { type: "content", content: "a" }, title: 1 },
      `${AT}.title: Input should be a valid string`,
    ],
    [{ type: "search_result", title: "t", content: [] }, `${AT}.source: Field required`],
    [{ type: "search_result", source: "s", title: "t", content: "a" }, `${AT}.content: Input should be a valid list`],
    [
      { type: "search_result", source: "s", title: "t", content: [{ type: "fallback" }] },
      `${AT}.content.0.type: Input should be 'text'`,
    ],
    [
      { type: "tool_use", id: "a", name: "f", input: {} },
      `${AT}: \`tool_use\` blocks can only be in \`assistant\` messages`,
    ],
    [{ type: "thinking", thinking: "" }, `${AT}: \`thinking\` blocks can only be in \`assistant\` messages`],
    [{ type: "tool_result" }, `${AT}.tool_use_id: Field required`],
    [{ type: "tool_result", tool_use_id: "a", content: {} }, `${AT}.content: Input should be a valid list`],
    [{ type: "tool_result", tool_use_id: "a", is_error: "no" }, `${AT}.is_error: Input should be a valid boolean`],
    [{ type: "tool_result", tool_use_id: "a", content: [{ type: "text" }] }, `${AT}.content.0.text: Field required`],
    [
      { type: "tool_result", tool_use_id: "a", content: [{ type: "tool_result", tool_use_id: "b" }] },
      `${AT}.content.0: \`tool_result\` blocks can not be in \`tool_result\` blocks`,
    ],
    [
      { type: "tool_result", tool_use_id: "a", content: [{ type: "tool_reference" }] },
      `${AT}.content.0.tool_name: Field required`,
    ],
  ])("%j is refused", (block, expected) => {
    expect(fault(userBlocks(block))).toBe(expected)
  })
})

describe("blocks an assistant may have sent", () => {
  it("thinking needs no signature: backends that are not Anthropic give none", () => {
    expect(fault(assistantBlocks({ type: "thinking", thinking: "hm" }))).toBeUndefined()
    expect(fault(assistantBlocks({ type: "thinking", thinking: "", signature: "" }))).toBeUndefined()
  })

  it("what Anthropic's servers did before passes", () => {
    const body = assistantBlocks(
      { type: "redacted_thinking", data: "abc" },
      { type: "server_tool_use", id: "srv", name: "web_search", input: { query: "q" } },
      { type: "web_search_tool_result", tool_use_id: "srv", content: [] },
      { type: "mcp_tool_use", id: "m", name: "f", server_name: "s", input: {} },
      { type: "mcp_tool_result", tool_use_id: "m", is_error: false, content: [{ type: "text", text: "a" }] },
      { type: "compaction", content: null },
    )
    expect(checkedMessage(body)).toBe(body)
  })

  it.each<[unknown, string]>([
    [{ type: "thinking" }, "thinking: Field required"],
    [{ type: "redacted_thinking" }, "data: Field required"],
    [{ type: "tool_use", name: "f", input: {} }, "id: Field required"],
    [{ type: "tool_use", id: "", name: "f", input: {} }, "id: String should have at least 1 character"],
    [{ type: "tool_use", id: "a", input: {} }, "name: Field required"],
    [{ type: "tool_use", id: "a", name: "f" }, "input: Field required"],
    [{ type: "tool_use", id: "a", name: "f", input: "{}" }, "input: Input should be an object"],
    [{ type: "tool_use", id: "a", name: "f", input: [] }, "input: Input should be an object"],
    [{ type: "compaction", content: 1 }, "content: Input should be a valid string"],
  ])("%j is refused", (block, expected) => {
    expect(fault(assistantBlocks(block))).toBe(`messages.1.content.0.${expected}`)
  })

  it("a tool result is the user's to give, and a picture too", () => {
    expect(fault(assistantBlocks({ type: "tool_result", tool_use_id: "a" }))).toBe(
      "messages.1.content.0: `tool_result` blocks can only be in `user` messages",
    )
    expect(fault(assistantBlocks({ type: "image", source: { type: "file", file_id: "f" } }))).toBe(
      "messages.1.content.0: `image` blocks can only be in `user` messages",
    )
  })
})
