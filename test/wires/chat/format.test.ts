import { expect, test } from "vitest"
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

test("a backend that takes neither is no place for it", () => {
  expect(refusal(() => translate(asked, { json_schema: false }))).toBe(
    "400 output_config.format: this backend cannot be held to a JSON schema",
  )
})
