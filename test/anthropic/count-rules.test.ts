import { describe, expect, it } from "vitest"
import { countTokens, showsPictures } from "../../src/anthropic/count.ts"
import type { CountRequest } from "../../src/anthropic/request.ts"

const base = { model: "m", messages: [{ role: "user", content: "Hello" }] } satisfies CountRequest
const image = { type: "image", source: { type: "url", url: "https://example.com/a.png" } }
const result = (content: unknown): object => ({ type: "tool_result", tool_use_id: "a", content })
const user = (block: object): CountRequest => ({ model: "m", messages: [{ role: "user", content: [block] }] }) as CountRequest

describe("thinking", () => {
  const thought = { type: "thinking", thinking: "What was asked, once more. ".repeat(100), signature: "s" } as const
  const call = { type: "tool_use", id: "a", name: "f", input: {} } as const
  const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "7" }] } as const
  const asked = { role: "user", content: "Go on" } as const
  const tokens = (...messages: CountRequest["messages"]): number => countTokens({ model: "m", messages })

  it("counts within its turn, calls and results between it", () => {
    const with_ = tokens(asked, { role: "assistant", content: [thought, call] }, result)
    expect(with_ - tokens(asked, { role: "assistant", content: [call] }, result)).toBeGreaterThan(400)
  })

  it("of an earlier turn is not read again", () => {
    const with_ = tokens(asked, { role: "assistant", content: [thought, call] }, result, asked)
    expect(with_).toBe(tokens(asked, { role: "assistant", content: [call] }, result, asked))
  })
})

describe("Anthropic's own tools", () => {
  it.each([
    ["computer_toolset_20260801", 1700],
    ["browser_toolset_20260801", 4500],
    ["bash_20250124", 400],
  ])("%s weighs what it is told as", (type, tokens) => {
    const count = countTokens({ ...base, tools: [{ type }] }) - countTokens(base)
    expect(count).toBeGreaterThan(tokens)
    expect(count).toBeLessThan(tokens + 40)
  })
})

describe("pictures", () => {
  it.each<[string, boolean, CountRequest]>([
    ["an image", true, user(image)],
    ["an image in a tool result", true, user(result([image]))],
    ["a PDF", true, user({ type: "document", source: { type: "base64", media_type: "application/pdf", data: "QUJD" } })],
    ["a PDF at a URL", true, user({ type: "document", source: { type: "url", url: "https://example.com/a.pdf" } })],
    ["an image in a document", true, user({ type: "document", source: { type: "content", content: [image] } })],
    ["text", false, base],
    ["a document of text", false, user({ type: "document", source: { type: "text", media_type: "text/plain", data: "a" } })],
    ["a tool result of text", false, user(result("a"))],
  ])("%s: %s", (_, expected, request) => {
    expect(showsPictures(request)).toBe(expected)
  })
})
