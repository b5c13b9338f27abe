import { expect, test } from "vitest"
import { fitsStrict } from "../../../src/wires/request/strict.ts"

const text = { type: "string" }
const closed = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
})

test.each<[string, unknown]>([
  ["no properties", closed({})],
  ["plain properties", closed({ a: text, b: { type: ["number", "null"] }, c: { type: "string", enum: ["x"] } })],
  ["a closed object inside", closed({ a: closed({ b: text }) })],
  ["lists of closed objects", closed({ a: { type: "array", items: closed({ b: text }) } })],
  ["choices and references", closed({ a: { anyOf: [text, { $ref: "#/$defs/n" }] } }, { $defs: { n: closed({}) } })],
  ["a property named not", closed({ not: text })],
])("fits: %s", (_, schema) => {
  expect(fitsStrict(schema)).toBe(true)
})

let deep: object = text
for (let n = 0; n < 100_000; n++) deep = { type: "array", items: deep }

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["no schema", []],
  ["a list at the top", { type: "array", items: text }],
  ["an open object", { type: "object", properties: {}, required: [] }],
  ["an optional property", closed({ a: text }, { required: [] })],
  ["an open object inside", closed({ a: { type: "object", properties: {} } })],
  ["an open object in a list", closed({ a: { type: "array", items: { type: "object" } } })],
  ["an open object among choices", closed({ a: { anyOf: [text, { type: "object" }] } })],
  ["an open object that may be null", closed({ a: { type: ["object", "null"] } })],
  ["an open object in a definition", closed({}, { $defs: { n: { type: "object" } } })],
  ["a property of any type", closed({ a: {} })],
  ["oneOf", closed({ a: { oneOf: [text] } })],
  ["allOf", closed({ a: { type: "string", allOf: [text] } })],
  ["nesting without end", closed({ a: deep })],
])("does not fit: %s", (_, schema) => {
  expect(fitsStrict(schema)).toBe(false)
})
