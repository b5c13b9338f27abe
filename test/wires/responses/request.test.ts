/** Anthropic's request, spelled for the Responses API. */
import { describe, expect, test } from "vitest"
import { refusal, text, toolUse } from "../chat/_translate.ts"
import { extra, translate, type Fields } from "./_translate.ts"

test("a minimal request keeps nothing at the backend and gets reasoning back in encrypted form", () => {
  expect(translate({})).toEqual({
    body: {
      model: "gpt",
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }],
      include: ["reasoning.encrypted_content"],
      max_output_tokens: 100,
      store: false,
    },
    notes: [],
  })
})

test("the leading system prompt becomes the instructions", () => {
  expect(extra({ system: "Be brief." })).toEqual({ instructions: "Be brief." })
  expect(extra({ system: [text("Be brief.") as never, text("Be kind.") as never] })).toEqual({
    instructions: "Be brief.\n\nBe kind.",
  })
  expect(extra({ system: "" })).toEqual({})
})

test("streaming is asked for by `stream` alone", () => {
  expect(extra({ stream: true })).toEqual({ stream: true })
  expect(extra({ stream: false })).toEqual({})
})

test("stop sequences are sent nowhere: there is no field for them, the reply is cut", () => {
  expect(translate({ stop_sequences: ["END"] })).toEqual(translate({}))
})

test.each([
  [15, 16, ["max_tokens was raised to 16, the least this API takes"]],
  [16, 16, []],
  [1, 16, ["max_tokens was raised to 16, the least this API takes"]],
])("max_tokens %s is sent as %s", (max_tokens, sent, notes) => {
  const { body, notes: told } = translate({ max_tokens })
  expect([body.max_output_tokens, told]).toEqual([sent, notes])
})

test("an answer longer than the backend can give is asked for as long as it can, and that is noted", () => {
  const { body, notes } = translate({ max_tokens: 9000 }, { max_tokens_most: 8192 })
  expect([body.max_output_tokens, notes]).toEqual([8192, ["max_tokens was lowered to 8192, the most this backend takes"]])
})

describe("reasoning", () => {
  const table: readonly (readonly [string, Fields, unknown])[] = [
    ["nothing is asked for", {}, undefined],
    ["thinking is asked for", { thinking: { type: "adaptive" } }, { summary: "auto" }],
    ["an effort is asked for", { output_config: { effort: "high" } }, { effort: "high" }],
    [
      "both are asked for",
      { thinking: { type: "adaptive" }, output_config: { effort: "low" } },
      { effort: "low", summary: "auto" },
    ],
    ["a budget is given", { thinking: { type: "enabled", budget_tokens: 1024 } }, { effort: "low", summary: "auto" }],
    ["thinking is turned off", { thinking: { type: "disabled" } }, { effort: "none" }],
    ["thinking between tools is turned off", { thinking: { type: "between_tools" } }, { effort: "none" }],
  ]
  test.each(table)("when %s", (_when, fields, reasoning) => {
    expect(translate(fields, { reasoning: { off: "none" } }).body.reasoning).toEqual(reasoning)
  })

  test("nothing of it is sent to a model that does not reason", () => {
    const fields: Fields = { thinking: { type: "adaptive" }, output_config: { effort: "high" } }
    const { body, notes } = translate(fields, { reasoning: { request: "none" } })
    expect(body).not.toHaveProperty("reasoning")
    expect(body).not.toHaveProperty("include")
    expect(notes).toEqual(["thinking effort was dropped: this backend takes none"])
  })
})

describe("the answer's form", () => {
  const closed = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false }

  test.each([
    [closed, true],
    [{ type: "object", properties: { a: { type: "string" } } }, false],
  ])("a schema %j is strict: %s", (schema, strict) => {
    expect(extra({ output_config: { format: { type: "json_schema", schema } } })).toEqual({
      text: { format: { type: "json_schema", name: "response", schema, strict } },
    })
  })

  test("a schema that the backend cannot be held to is refused", () => {
    const fields: Fields = { output_config: { format: { type: "json_schema", schema: closed } } }
    expect(refusal(() => translate(fields, { json_schema: false, tool_choice: [] }))).toBe(
      "400 output_config.format: this backend cannot be held to a JSON schema",
    )
  })

  test("a schema that cannot be sent is told, or made the input of the one tool", () => {
    const fields: Fields = { output_config: { format: { type: "json_schema", schema: closed } } }
    const told = `Answer with one JSON object that fits this JSON schema, and nothing else:\n${JSON.stringify(closed)}`
    expect(extra(fields, { json_schema: false, json_object: true })).toEqual({
      instructions: told,
      text: { format: { type: "json_object" } },
    })
    const description = "Gives the answer. Call it once, with the whole answer as its input."
    expect(extra(fields, { json_schema: false })).toEqual({
      tools: [{ type: "function", name: "answer", description, parameters: closed, strict: true }],
      tool_choice: { type: "function", name: "answer" },
      parallel_tool_calls: false,
    })
  })
})

test("sampling and the user's id go where Chat Completions have them", () => {
  const fields: Fields = { temperature: 0.5, top_p: 0.9, top_k: 5, metadata: { user_id: "u1" } }
  expect(extra(fields)).toEqual({ temperature: 0.5, top_p: 0.9, user: "u1" })
  expect(extra(fields, { top_k: true, user_field: "safety_identifier" })).toEqual({
    temperature: 0.5,
    top_p: 0.9,
    top_k: 5,
    safety_identifier: "u1",
  })
  expect(translate(fields).notes).toEqual(["top_k was dropped: this backend does not take it"])
})

test("unknown fields are told of", () => {
  expect(translate({ frobnicate: 1 }).notes).toEqual(['field "frobnicate" is unknown and was ignored'])
})

test("an answer begun by the client is refused in Anthropic's words", () => {
  const messages = [{ role: "user", content: "q" } as const, { role: "assistant", content: "The" } as const]
  expect(refusal(() => translate({ messages }))).toBe(
    "400 messages: This model does not support assistant message prefill. The conversation must end with a user message.",
  )
})

test("a conversation without any content is refused", () => {
  expect(refusal(() => translate({ messages: [{ role: "user", content: "" }] }))).toBe(
    "400 messages: at least one message must have content",
  )
})

describe("tools", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } }
  const closed = { ...schema, required: ["a"], additionalProperties: false }
  const tool = { name: "f", description: "does f", input_schema: schema }

  test("are flat, and always say whether they are strict: the API's default is true", () => {
    const tools = [tool, { name: "g", input_schema: closed, strict: true }]
    expect(extra({ tools })).toEqual({
      tools: [
        { type: "function", name: "f", description: "does f", parameters: schema, strict: false },
        { type: "function", name: "g", parameters: closed, strict: true },
      ],
    })
  })

  test("of Anthropic's that the client runs itself are described", () => {
    const { tools } = extra({ tools: [{ type: "bash_20250124", name: "bash" }] })
    expect(tools).toEqual([
      {
        type: "function",
        name: "bash",
        description: "Runs a command in a bash session that persists between calls.",
        parameters: expect.objectContaining({ type: "object" }),
        strict: false,
      },
    ])
  })

  test.each([
    [{ type: "auto" }, "auto"],
    [{ type: "any" }, "required"],
    [{ type: "none" }, "none"],
    [{ type: "tool", name: "f" }, { type: "function", name: "f" }],
  ] as const)("the choice %j becomes %j", (tool_choice, sent) => {
    expect(extra({ tools: [tool], tool_choice }).tool_choice).toEqual(sent)
  })

  test("one call at a time is asked for where the backend knows how", () => {
    const fields: Fields = { tools: [tool], tool_choice: { type: "auto", disable_parallel_tool_use: true } }
    expect(extra(fields).parallel_tool_calls).toBe(false)
    expect(extra(fields, { parallel_tool_calls: false })).not.toHaveProperty("parallel_tool_calls")
  })

  test("without any there is no choice either", () => {
    expect(extra({ tools: [], tool_choice: { type: "auto" } })).toEqual({})
  })

  test("with long names are shortened alike in tools, choice and history", () => {
    const name = `mcp__server__${"x".repeat(80)}`
    const { body } = translate({
      tools: [{ ...tool, name }],
      tool_choice: { type: "tool", name },
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: [toolUse("a", {}, name)] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "r" }] },
      ],
    })
    const [sent] = body.tools ?? []
    expect(sent?.name).toHaveLength(64)
    expect(body.tool_choice).toEqual({ type: "function", name: sent?.name })
    expect(body.input[1]).toEqual({ type: "function_call", call_id: "a", name: sent?.name, arguments: "{}" })
  })
})
