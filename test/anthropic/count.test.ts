import { describe, expect, it } from "vitest"
import { countTokens, guessTokens } from "../../src/anthropic/count.ts"
import { parseCountRequest, type CountRequest } from "../../src/anthropic/request.ts"

const PROSE = "The quick brown fox jumps over the lazy dog. "
const base = { model: "m", messages: [{ role: "user", content: "Hello" }] } satisfies CountRequest
const both = [
  ["countTokens", countTokens],
  ["guessTokens", guessTokens],
] as const

/** Base64 of a PNG's head: 640 by 480. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAIAAAC6s0uz"

/** The base with one more block, in a user message or where the block belongs. */
function withBlock(block: unknown, role = "user"): CountRequest {
  return { ...base, messages: [...base.messages, { role, content: [block] }] } as CountRequest
}

function withResult(content: unknown): CountRequest {
  return withBlock({ type: "tool_result", tool_use_id: "a", content })
}

const image = (data: string): object => ({
  type: "image",
  source: { type: "base64", media_type: "image/png", data },
})
const document = (source: object, fields = {}): CountRequest => withBlock({ type: "document", source, ...fields })
const pdf = (chars: number): object => ({ type: "base64", media_type: "application/pdf", data: "A".repeat(chars) })
/** Nothing to read, in a message of its own: what any block costs at least. */
const silence = withBlock({ type: "redacted_thinking", data: "" }, "assistant")

describe.each(both)("%s", (_, count) => {
  const n = count(silence)

  it("is never below 1", () => {
    expect(count({ model: "m", messages: [] })).toBe(1)
  })

  it.each<[string, (size: number) => CountRequest]>([
    ["text", (size) => withBlock({ type: "text", text: PROSE.repeat(size) })],
    ["a plain string", (size) => ({ ...base, messages: [{ role: "user", content: PROSE.repeat(size) }] })],
    ["thinking", (size) => withBlock({ type: "thinking", thinking: PROSE.repeat(size), signature: "s" }, "assistant")],
    [
      "the input of a call",
      (size) => withBlock({ type: "tool_use", id: "a", name: "f", input: { q: [PROSE.repeat(size)] } }, "assistant"),
    ],
    ["a tool result that is a string", (size) => withResult(PROSE.repeat(size))],
    [
      "a tool result of blocks",
      (size) => withResult(Array.from({ length: size }, () => ({ type: "text", text: PROSE }))),
    ],
    ["images", (size) => withResult(Array.from({ length: size }, () => image(PNG)))],
    ["a PDF", (size) => document(pdf(60_000 * size))],
    ["a plain document", (size) => document({ type: "text", media_type: "text/plain", data: PROSE.repeat(size) })],
    ["a document of text", (size) => document({ type: "content", content: PROSE.repeat(size) })],
    [
      "a document of blocks",
      (size) => document({ type: "content", content: [{ type: "text", text: PROSE.repeat(size) }] }),
    ],
    [
      "a document's context",
      (size) => document({ type: "url", url: "https://a" }, { title: "t", context: PROSE.repeat(size) }),
    ],
    [
      "a search result",
      (size) =>
        withBlock({
          type: "search_result",
          source: "s",
          title: "t",
          content: [{ type: "text", text: PROSE.repeat(size) }],
        }),
    ],
    [
      "what a server tool found",
      (size) =>
        withBlock(
          { type: "web_fetch_tool_result", tool_use_id: "a", content: { text: PROSE.repeat(size) } },
          "assistant",
        ),
    ],
    ["a block of tomorrow", (size) => withBlock({ type: "of_tomorrow", words: PROSE.repeat(size) })],
    ["system text", (size) => ({ ...base, system: PROSE.repeat(size) })],
    ["system blocks", (size) => ({ ...base, system: [{ type: "text", text: PROSE.repeat(size) }] })],
    [
      "a tool's description",
      (size) => ({ ...base, tools: [{ name: "f", description: PROSE.repeat(size), input_schema: {} }] }),
    ],
    [
      "a tool's schema",
      (size) => ({
        ...base,
        tools: [{ name: "f", input_schema: { type: "object", description: PROSE.repeat(size) } }],
      }),
    ],
    [
      "tools",
      (size) => ({ ...base, tools: Array.from({ length: size }, (_, k) => ({ name: `f${k}`, input_schema: {} })) }),
    ],
    [
      "Anthropic's own tools",
      (size) => ({ ...base, tools: Array.from({ length: size }, () => ({ type: "bash_20250124", name: "bash" })) }),
    ],
    [
      "the schema of the answer",
      (size) => ({ ...base, output_config: { format: { type: "json_schema", schema: { d: PROSE.repeat(size) } } } }),
    ],
  ])("%s adds to the count, and more of it adds more (9router#2337)", (_name, make) => {
    const [one, ten] = [count(make(1)), count(make(10))]
    expect(one).toBeGreaterThan(count(base))
    expect(ten).toBeGreaterThan(one + 8 * 5)
    expect(ten).toBeLessThanOrEqual(10 * one)
  })

  it.each([
    ["an image", image("/9j/".repeat(100_000)), n + 1600],
    ["an image at a URL", { type: "image", source: { type: "url", url: "https://example.com/a.png" } }, n + 1600],
    ["a PDF of 300 KB", { type: "document", source: pdf(400_000) }, n + 6 * 2250],
    ["a PDF of 30 MB", { type: "document", source: pdf(40_000_000) }, n + 100 * 2250],
  ])("%s is not counted as text (ollama#14127)", (_name, block, expected) => {
    expect(count(withBlock(block))).toBe(expected)
    expect(count(withResult([block]))).toBe(expected + 2)
  })

  it("what is encrypted is not counted as text", () => {
    const data = "Ab3+/_".repeat(20_000)
    expect(count(withBlock({ type: "redacted_thinking", data }, "assistant"))).toBe(n)
    expect(count(withBlock({ type: "thinking", thinking: "", signature: data }, "assistant"))).toBe(n)
    const found = {
      type: "web_search_tool_result",
      tool_use_id: "a",
      content: [{ type: "web_search_result", title: "t", encrypted_content: data }],
    }
    expect(count(withBlock(found, "assistant"))).toBeLessThan(n + 40)
  })

  it("a file that is base64 is text when the model wrote it as such", () => {
    const input = { content: "QUJD".repeat(1000) }
    expect(count(withBlock({ type: "tool_use", id: "a", name: "write", input }, "assistant"))).toBeGreaterThan(500)
  })

  it("one letter 100,000 times, and a block nested as deep as a request may, are counted like others", () => {
    expect(count({ ...base, system: "a".repeat(100_000) })).toBeGreaterThan(10_000)
    const deep: unknown = JSON.parse(`${"[".repeat(240)}"hello"${"]".repeat(240)}`)
    expect(
      count(parseCountRequest(withBlock({ type: "tool_use", id: "a", name: "f", input: { deep } }, "assistant"))),
    ).toBeGreaterThan(n)
    expect(count(parseCountRequest(withBlock({ type: "of_tomorrow", deep })))).toBeGreaterThan(n)
  })
})

describe("the two estimates", () => {
  it("the count of prose is one token a word and stop, within a tenth", () => {
    const tokens = countTokens({ ...base, system: PROSE.repeat(1000) })
    expect(tokens).toBeGreaterThan(9000)
    expect(tokens).toBeLessThan(11_000)
  })

  it("the guess of a text is a quarter of its length", () => {
    expect(guessTokens({ model: "m", messages: [{ role: "user", content: "a".repeat(4000) }] })).toBe(1004)
  })

  it("the guess of a tool's schema is a quarter of its JSON, about", () => {
    const properties = Object.fromEntries(
      Array.from({ length: 50 }, (_, k) => [`field_${k}`, { type: "string", enum: ["a", "b"], description: PROSE }]),
    )
    const schema = { type: "object", properties, required: ["field_1"] }
    const guess = guessTokens({ model: "m", messages: [], tools: [{ name: "f", input_schema: schema }] })
    expect(guess / (JSON.stringify(schema).length / 4)).toBeGreaterThan(0.97)
    expect(guess / (JSON.stringify(schema).length / 4)).toBeLessThan(1.03)
  })

  it("a text beyond two million characters goes by the rate of what came before", () => {
    const whole = countTokens({ ...base, system: PROSE.repeat(40_000) })
    const tenfold = countTokens({ ...base, system: PROSE.repeat(400_000) })
    expect(tenfold / whole).toBeGreaterThan(9.99)
    expect(tenfold / whole).toBeLessThan(10.01)
    const split = countTokens({
      ...base,
      system: PROSE.repeat(200_000),
      messages: [{ role: "user", content: PROSE.repeat(200_000) }],
    })
    expect(Math.abs(split - tenfold)).toBeLessThan(10)
  })

  it("a small picture costs what it shows, in the count", () => {
    expect(countTokens(withBlock(image(PNG)))).toBe(countTokens(silence) + Math.ceil((640 * 480) / 750))
  })
})
