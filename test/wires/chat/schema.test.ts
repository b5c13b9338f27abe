import { describe, expect, test } from "vitest"
import type { SchemaRules } from "../../../src/backends/profile.ts"
import { translate } from "./_translate.ts"

/** What becomes of a tool's schema, and what is noted. */
function parameters(input_schema: Readonly<Record<string, unknown>>, schema: Partial<SchemaRules>) {
  const { body, notes } = translate({ tools: [{ name: "f", input_schema }] }, { schema })
  return { schema: body.tools?.[0]?.function.parameters, notes }
}

const refused = (what: string) => `${what} was taken out of a schema: this backend refuses it`

test("keywords a backend refuses are taken out wherever schemas stand, and noted once", () => {
  const number = { type: "number", exclusiveMinimum: 0 }
  const { schema, notes } = parameters(
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { a: number, b: { type: "array", items: number }, c: { anyOf: [number, { type: "null" }] } },
      additionalProperties: number,
      $defs: { n: number },
    },
    { remove: ["$schema", "exclusiveMinimum"] },
  )
  const left = { type: "number" }
  expect(schema).toEqual({
    type: "object",
    properties: { a: left, b: { type: "array", items: left }, c: { anyOf: [left, { type: "null" }] } },
    additionalProperties: left,
    $defs: { n: left },
  })
  expect(notes).toEqual([refused('"$schema"'), refused('"exclusiveMinimum"')])
})

test("properties and values that are called like keywords stay", () => {
  const schema = {
    type: "object",
    properties: { format: { type: "string" }, $schema: { type: "string", enum: ["format"] } },
    required: ["format", "$schema"],
    examples: [{ format: "uri", $schema: "x" }],
    default: { $schema: "x" },
  }
  expect(parameters(schema, { remove: ["$schema"], formats: [] })).toEqual({ schema, notes: [] })
})

test("a format the backend does not know is taken out, one it knows stays", () => {
  const properties = { url: { type: "string", format: "uri" }, day: { type: "string", format: "date" } }
  expect(parameters({ type: "object", properties }, { formats: ["date"] })).toEqual({
    schema: { type: "object", properties: { url: { type: "string" }, day: { type: "string", format: "date" } } },
    notes: [refused('format "uri"')],
  })
})

test("a keyword that holds schemas is taken out with them", () => {
  const kept = { type: "object", properties: { a: { type: "string" } } }
  const schema = { ...kept, allOf: [{ required: ["a"] }], not: { type: "null" } }
  const fitted = parameters(schema, { remove: ["allOf", "not"] }).schema
  expect(fitted).toStrictEqual(kept)
})

test("objects get the properties that a backend wants to see", () => {
  expect(parameters({ type: "object" }, { properties: true }).schema).toEqual({ type: "object", properties: {} })
  const nested = { type: "object", properties: { a: { type: "object" }, b: { type: "string" } } }
  expect(parameters(nested, { properties: true })).toEqual({
    schema: { type: "object", properties: { a: { type: "object", properties: {} }, b: { type: "string" } } },
    notes: [],
  })
})

test("only what changes is copied", () => {
  const kept = { type: "object", properties: { day: { type: "string", format: "date" } } }
  const schema = { type: "object", properties: { kept, url: { type: "string", format: "uri" } } }
  const before = structuredClone(schema)
  const fitted = parameters(schema, { formats: ["date"], properties: true, remove: ["$schema"] }).schema
  expect(fitted).not.toBe(schema)
  expect((fitted as typeof schema).properties.kept).toBe(kept)
  expect(schema).toEqual(before)
  expect(parameters(kept, { formats: ["date"], properties: true, remove: ["$schema"] }).schema).toBe(kept)
})

test("the schema of an answer is fitted, but keeps its root", () => {
  const schema = { $schema: "x", anyOf: [{ type: "object", properties: {} }] }
  const { body, notes } = translate(
    { output_config: { format: { type: "json_schema", schema } } },
    { schema: { remove: ["$schema"], plain_root: true } },
  )
  expect(body.response_format).toHaveProperty("json_schema.schema", { anyOf: schema.anyOf })
  expect(notes).toEqual([refused('"$schema"')])
})

describe("a plain root", () => {
  const plain = (schema: Readonly<Record<string, unknown>>) => parameters(schema, { plain_root: true })
  const NOTE = "alternatives at the root of a tool's schema became optional properties: this backend takes none there"
  const text = { type: "string" }
  const by = (name: string, ...required: string[]) => ({ type: "object", properties: { [name]: text }, required })

  test("is left as it is", () => {
    const schema = { type: "object", properties: { a: { anyOf: [text, { type: "null" }] } }, required: ["a"] }
    expect(plain(schema).schema).toBe(schema)
  })

  test.each(["anyOf", "oneOf"])("has the properties of all in %s, and requires what each of them does", (keyword) => {
    const alternatives = { [keyword]: [by("a", "a", "x"), by("b", "x")] }
    expect(plain({ type: "object", properties: { c: text }, required: ["c"], ...alternatives })).toEqual({
      schema: { type: "object", properties: { a: text, b: text, c: text }, required: ["c", "x"] },
      notes: [NOTE],
    })
  })

  test("has the properties of all in allOf, and requires what any of them requires", () => {
    expect(plain({ description: "d", allOf: [by("a", "a"), by("b", "b")] }).schema).toEqual({
      type: "object",
      description: "d",
      properties: { a: text, b: text },
      required: ["a", "b"],
    })
  })

  test("is found behind references, which may lead in circles", () => {
    const $defs = { q: { allOf: [{ $ref: "#/$defs/q" }, by("a", "a")] } }
    expect(plain({ $ref: "#/$defs/q", $defs })).toEqual({
      schema: { type: "object", $defs, properties: { a: text }, required: ["a"] },
      notes: [NOTE],
    })
    expect(plain({ $ref: "https://a.test/schema" }).schema).toEqual({ type: "object", properties: {} })
    expect(plain({ $ref: "#/constructor/name" }).schema).toEqual({ type: "object", properties: {} })
  })

  test("is told where the type is missing, without a note", () => {
    expect(plain({ properties: { a: text } })).toEqual({
      schema: { type: "object", properties: { a: text } },
      notes: [],
    })
  })

  test("keeps the property that the root itself describes", () => {
    const own = { type: "string", description: "own" }
    const { schema } = plain({ properties: { a: own }, anyOf: [by("a")] })
    expect(schema).toEqual({ type: "object", properties: { a: own } })
  })
})
