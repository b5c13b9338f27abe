import { expect, test } from "vitest"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { refusal, translate, type Fields } from "./_translate.ts"

const schema = { type: "object", properties: { title: { type: "string" } } }
const asked: Fields = { output_config: { format: { type: "json_schema", schema } } }
const OBJECT = { json_schema: false, json_object: true }
const TOLD = `Answer with one JSON object that fits this JSON schema, and nothing else:\n${JSON.stringify(schema)}`

test.each<[system: Fields["system"], prompt: string]>([
  [undefined, TOLD],
  ["Be brief.", `Be brief.\n\n${TOLD}`],
  [[{ type: "text", text: "Be brief." }], `Be brief.\n\n${TOLD}`],
])("a schema that cannot be sent is told in the system prompt (%j)", (system, prompt) => {
  const { body, notes } = translate({ ...asked, system }, OBJECT)
  expect(body).toEqual({
    model: "qwen",
    max_tokens: 100,
    messages: [
      { role: "system", content: prompt },
      { role: "user", content: "hi" },
    ],
    response_format: { type: "json_object" },
  })
  expect(notes).toEqual([
    "the JSON schema of the answer was told in the system prompt: this backend cannot be held to one",
  ])
})

test("without a schema nothing is told", () => {
  expect(translate({}, OBJECT)).toEqual(translate({}))
})

test("a backend that takes a schema gets it", () => {
  expect(translate(asked, { json_object: true })).toEqual(translate(asked))
})

const answer = {
  type: "function",
  function: {
    name: "answer",
    description: "Gives the answer. Call it once, with the whole answer as its input.",
    parameters: schema,
  },
}

test.each<[forms: ProfileFlags, fields: object]>([
  [{}, { tool_choice: { type: "function", function: { name: "answer" } }, parallel_tool_calls: false }],
  [{ tool_choice: ["auto", "required"], parallel_tool_calls: false }, { tool_choice: "required" }],
])("a backend that takes neither is made to call a tool with the answer (%j)", (flags, fields) => {
  expect(translate(asked, { json_schema: false, ...flags })).toEqual({
    body: { model: "qwen", max_tokens: 100, messages: [{ role: "user", content: "hi" }], tools: [answer], ...fields },
    notes: [],
  })
})

test("a schema in strict mode's bounds makes that tool strict", () => {
  const strict = { ...schema, required: ["title"], additionalProperties: false }
  const output_config = { format: { type: "json_schema" as const, schema: strict } }
  const { body } = translate({ output_config }, { json_schema: false })
  expect(body.tools).toEqual([{ ...answer, function: { ...answer.function, parameters: strict, strict: true } }])
})

test("beside tools of the client's there is no telling an answer from a call", () => {
  const tools = [{ name: "f", input_schema: { type: "object" } }]
  expect(refusal(() => translate({ ...asked, tools }, { json_schema: false }))).toBe(
    "400 output_config.format: this backend cannot be held to a JSON schema while it has tools to choose from",
  )
})

test("a backend that can be made to do nothing is no place for it", () => {
  expect(refusal(() => translate(asked, { json_schema: false, tool_choice: ["auto", "none"] }))).toBe(
    "400 output_config.format: this backend cannot be held to a JSON schema",
  )
})
