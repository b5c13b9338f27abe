/** What users of other proxies reported about the schemas of tools. */
import { expect, test } from "vitest"
import { useLine } from "./_line.ts"

const line = useLine({ openai: { profile: "openai" }, lmstudio: { profile: "lm-studio" } })

/** A tool's schema as the backend gets it. */
async function parameters(model: string, input_schema: object): Promise<unknown> {
  const body = await line.asked({ model, tools: [{ name: "f", input_schema }] })
  return (body as { tools: { function: { parameters: unknown } }[] }).tools[0]?.function.parameters
}

test("forgecode#2974, jcode#543, firecrawl-mcp#196, git-mcp#47: a format that OpenAI refuses is taken out, and logged", async () => {
  const schema = {
    type: "object",
    properties: { url: { type: "string", format: "uri" }, day: { type: "string", format: "date" } },
    required: ["url"],
  }
  expect(await parameters("openai", schema)).toEqual({
    ...schema,
    properties: { url: { type: "string" }, day: { type: "string", format: "date" } },
  })
  expect(line.proxy.lines.filter((text) => text.includes("format"))).toEqual([
    expect.stringContaining('format "uri" was taken out of a schema: this backend refuses it'),
  ])
  expect(await parameters("chat", schema)).toEqual(schema)
})

test("CCR#272, jcode#446: every object has properties where the backend wants them", async () => {
  const schema = { type: "object", properties: { inner: { type: "object" } } }
  expect(await parameters("lmstudio", { type: "object" })).toEqual({ type: "object", properties: {} })
  expect(await parameters("lmstudio", schema)).toEqual({
    type: "object",
    properties: { inner: { type: "object", properties: {} } },
  })
  expect(await parameters("chat", schema)).toEqual(schema)
})

test("CLIProxyAPI#4428: alternatives at the root become one plain object where OpenAI wants that", async () => {
  const properties = { a: { type: "string" }, b: { type: "number" } }
  const schema = { type: "object", properties, anyOf: [{ required: ["a"] }, { required: ["b"] }] }
  expect(await parameters("openai", schema)).toEqual({ type: "object", properties })
  expect(await parameters("chat", schema)).toEqual(schema)
})

test("envoy#2472: keywords nobody knows, and references, stay as they are", async () => {
  const schema = {
    type: "object",
    "x-order": ["b", "a"],
    $defs: { point: { type: "object", properties: { x: { type: "number", multipleOf: 0.5, "x-unit": "m" } } } },
    properties: { constructor: { $ref: "#/$defs/point" }, b: { const: null } },
    propertyNames: { pattern: "^[a-z]+$" },
    unevaluatedProperties: false,
  }
  expect(await parameters("chat", schema)).toEqual(schema)
})
