/** JSON Schemas, as backends' validators refuse them. */
import { describe, expect, test } from "vitest"
import { heed, tellLesson, type Lesson } from "../../../src/wires/lesson.ts"
import { learn, openai, sentAgain } from "./_learn.ts"

const FORMATS = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]

/** A tool whose one property has the name of a keyword. */
const tool = (parameters: object): object => ({ type: "function", function: { name: "f", parameters } })
const withTool = (parameters: object): object => ({ messages: [{ role: "user", content: "hi" }], tools: [tool(parameters)] })
const object = (format: object, more: object = {}): object => ({ type: "object", properties: { format }, ...more })

const RICH = object(
  { type: "string", format: "uri", pattern: "\\S", minLength: 1 },
  { $schema: "http://json-schema.org/draft-07/schema#", additionalProperties: false },
)

describe("a keyword by its name", () => {
  const body = withTool(object({ type: "array", items: { type: "integer", exclusiveMinimum: 0, default: 1 }, minItems: 1 }, { $schema: "x" }))
  test.each<[string, unknown, string[]]>([
    [
      "Gemini (nakama#292)",
      [{ error: { code: 400, message: "Invalid JSON payload received. Unknown name \"exclusiveMinimum\" at 'tools[0].function_declarations[0].parameters.properties[0].value.items': Cannot find field.\nInvalid JSON payload received. Unknown name \"$schema\" at 'tools[0].function_declarations[0].parameters': Cannot find field.", status: "INVALID_ARGUMENT" } }],
      ["exclusiveMinimum", "$schema"],
    ],
    [
      "Gemini behind a relay (pollinations#6307)",
      { error: { message: 'Error from provider: {"error":{"message":"vertex-ai error: Invalid JSON payload received. Unknown name \\"exclusiveMinimum\\" at \'tools[0].function_declarations[17].parameters\': Cannot find field."}}' } },
      ["exclusiveMinimum"],
    ],
    ["OpenAI (liam#1162)", openai("Invalid schema for response_format 'review': In context=('properties', 'format', 'items'), 'exclusiveMinimum' is not permitted.", "response_format"), ["exclusiveMinimum"]],
    ["Cerebras (claude-code-router#708)", { message: "Unsupported JSON schema fields: {'minItems', 'default'}", type: "invalid_request_error", param: "response_format", code: "wrong_api_format" }, ["minItems", "default"]],
    ["Groq (beeai-framework#1215)", openai("invalid schema for response format: response_format/json_schema/next_step: minItems is not supported"), ["minItems"]],
    ["vLLM's guidance (club-3090#45)", openai('Grammar error: Unimplemented keys: ["exclusiveMinimum"]'), ["exclusiveMinimum"]],
    [
      "pydantic",
      { detail: [{ type: "extra_forbidden", loc: ["body", "tools", 0, "function", "parameters", "$schema"], msg: "Extra inputs are not permitted" }] },
      ["$schema"],
    ],
    [
      "a validator of schemas (llm-d-inference-sim#609)",
      openai("Tool validation failed: jsonschema: '/parameters/properties/format' does not validate: additionalProperties 'default' not allowed"),
      ["default"],
    ],
    ["Python's jsonschema", openai("Invalid tool schema: Additional properties are not allowed ('default' was unexpected)"), ["default"]],
  ])("%s", (_, answer, remove) => {
    expect(learn(body, answer)).toEqual({ kind: "schema", rules: { remove } })
  })

  test("is left out of tools at any depth, and a property of that name is not", () => {
    const answer = openai("Invalid schema for function 'f': 'format' is not supported", "tools[0].function.parameters")
    expect(sentAgain(withTool(RICH), answer)).toEqual(
      withTool(object({ type: "string", pattern: "\\S", minLength: 1 }, { $schema: "http://json-schema.org/draft-07/schema#", additionalProperties: false })),
    )
  })
})

describe("what is meant without a keyword's name", () => {
  test.each<[string, unknown, string[]]>([
    ["llama.cpp: a pattern without anchors (kubernetes-mcp-server#758)", openai("JSON schema conversion failed:\nPattern must start with '^' and end with '$'"), ["pattern"]],
    ["llama.cpp: a pattern beyond its grammar (llama.cpp#25895)", openai("Failed to initialize samplers: failed to parse grammar"), ["pattern"]],
    ["vLLM's xgrammar (vllm#26421)", openai("The provided JSON schema contains features not supported by xgrammar."), ["format"]],
  ])("%s", (_, answer, remove) => {
    expect(learn(withTool(RICH), answer)).toEqual({ kind: "schema", rules: { remove } })
  })

  test("OpenAI: an id that is no reference (griptape#2150)", () => {
    const answer = openai("Invalid schema for function 'f': 'Parameters Schema' is not a 'uri-reference'.", "tools[0].function.parameters", "invalid_function_parameters")
    expect(learn(withTool({ $id: "Parameters Schema", type: "object", properties: {} }), answer)).toEqual({ kind: "schema", rules: { remove: ["$id"] } })
  })
})

describe("a format", () => {
  test.each<[string, unknown, readonly string[]]>([
    ["OpenAI (forgecode#2974)", openai("Invalid schema for function 'f': In context=('properties', 'url'), 'uri' is not a valid format.", "tools[15].parameters", "invalid_function_parameters"), FORMATS],
    ["vLLM's guidance (paroquant#31)", openai("Grammar error: Unknown format: uri"), FORMATS],
    [
      "Gemini, which tells those it takes (gemini-cli#2237)",
      { error: { code: 400, message: "* GenerateContentRequest.tools[0].function_declarations[22].parameters.properties[url].format: only 'enum' and 'date-time' are supported for STRING type\n" } },
      ["enum", "date-time"],
    ],
  ])("%s", (_, answer, formats) => {
    expect(learn(withTool(RICH), answer)).toEqual({ kind: "schema", rules: { formats } })
  })
})

test("objects without properties get some (github-mcp-server#1548)", () => {
  const answer = openai("Invalid schema for function 'f': In context=(), object schema missing properties.", "tools[0].function.parameters", "invalid_function_parameters")
  expect(sentAgain(withTool({ type: "object" }), answer)).toEqual(withTool({ type: "object", properties: {} }))
})

describe("a root that is no plain object", () => {
  const union = { type: "object", anyOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }
  const plain = { type: "object", properties: { a: {}, b: {} } }
  test.each<[string, unknown]>([
    ["OpenAI (google-calendar-mcp#39)", openai("Invalid schema for function 'f': schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.", "tools[5].function.parameters")],
    ["OpenAI, without a type (GPT_API_free#403)", openai(`Invalid schema for function 'f': schema must be a JSON Schema of 'type: "object"', got 'type: null'.`)],
    ["Moonshot (kimi-code#2661)", openai("tools.function.parameters is not a valid moonshot flavored json schema, details: <At path 'root': when using anyOf, type should be defined in anyOf items instead of the parent schema>")],
    ["Moonshot, without a type", openai('tools.function.parameters.type is required and must be "object"')],
  ])("%s", (_, answer) => {
    expect(sentAgain(withTool(union), answer)).toEqual(withTool(plain))
  })

  test("Anthropic (claude-code#5319), whose tools have it elsewhere", () => {
    const answer = { type: "error", error: { type: "invalid_request_error", message: "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level" } }
    expect(sentAgain({ messages: [], tools: [{ name: "f", input_schema: union }] }, answer, "anthropic")).toEqual({
      messages: [],
      tools: [{ name: "f", input_schema: plain }],
    })
  })
})

describe("heeded", () => {
  const lesson: Lesson = { kind: "schema", rules: { remove: ["minLength", "additionalProperties"] } }
  const closed = { type: "object", properties: { a: { type: "string", minLength: 1 } }, required: ["a"], additionalProperties: false }
  const open = { type: "object", properties: { a: { type: "string" } }, required: ["a"] }

  test("in tools and in the answer's form of either API, which are strict no longer where they cannot be", () => {
    expect(
      heed(
        {
          tools: [{ type: "function", function: { name: "f", parameters: closed, strict: true } }, { type: "function", name: "g", parameters: closed, strict: true }],
          response_format: { type: "json_schema", json_schema: { name: "r", schema: closed, strict: true } },
          text: { format: { type: "json_schema", name: "r", schema: closed, strict: false } },
        },
        [lesson],
      ),
    ).toEqual({
      tools: [{ type: "function", function: { name: "f", parameters: open, strict: false } }, { type: "function", name: "g", parameters: open, strict: false }],
      response_format: { type: "json_schema", json_schema: { name: "r", schema: open, strict: false } },
      text: { format: { type: "json_schema", name: "r", schema: open, strict: false } },
    })
  })

  test("a body without the keyword stays the same object", () => {
    const body = withTool({ type: "object", properties: {} })
    expect(heed(body, [lesson])).toBe(body)
  })

  test("is told in words", () => {
    expect(tellLesson({ kind: "schema", rules: { remove: ["a", "b"], formats: ["date"], properties: true, plain_root: true } })).toBe(
      "schemas are sent with a, b left out, no format but date, properties on every object, a plain object as the root of a tool's",
    )
    expect(tellLesson(lesson)).toBe("schemas are sent with minLength, additionalProperties left out")
  })
})

describe("teaches nothing", () => {
  test.each<[string, unknown]>([
    ["a keyword that was not sent", openai("Invalid schema for function 'f': 'oneOf' is not permitted.")],
    ["a whole schema in a refusal (pdf-reader-mcp#63)", openai("Invalid tool schema: {'type': 'object', 'properties': {'format': {'pattern': 1}}, 'additionalProperties': False} is not valid under any of the given schemas")],
    ["a keyword that has to be there (eigent#1786)", openai("invalid JSON schema for tool f, tools[2].function.parameters: /properties/inputs/anyOf/0/items: additionalProperties:false must be set on every object")],
    ["what keeps a schema a schema", openai("Invalid schema for function 'f': 'properties' is not permitted.")],
    ["the same word about something else", openai("audio: format is not supported")],
  ])("%s", (_, answer) => {
    expect(learn(withTool(RICH), answer)).toBeUndefined()
  })

  test("a word of another field's values", () => {
    const body = { ...withTool(object({}, { required: ["format"] })), tool_choice: "required" }
    expect(learn(body, openai("tool_choice 'required' is not supported"))).toEqual({ kind: "choice", from: "required", to: null })
  })
})
