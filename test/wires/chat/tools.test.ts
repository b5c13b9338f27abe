import { expect, test } from "vitest"
import type { Tool } from "../../../src/anthropic/types.ts"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { extra, refusal, translate } from "./_translate.ts"

const schema = { type: "object", properties: { x: { type: "string" } } }
const f: Tool = { name: "f", input_schema: schema }
const g: Tool = { name: "g", input_schema: schema }
const chat = (name: string) => ({ type: "function", function: { name, parameters: schema } })
const search = { type: "web_search_20260318", name: "web_search", max_uses: 8 } as Tool

test("a custom tool becomes a function, and nothing of Anthropic's own leaks", () => {
  const tool = {
    type: "custom",
    name: "f",
    description: "does f",
    input_schema: schema,
    cache_control: { type: "ephemeral" },
    defer_loading: true,
    eager_input_streaming: true,
    allowed_callers: ["direct"],
  } as Tool
  expect(extra({ tools: [tool, { ...f, type: null }] })).toEqual({
    tools: [{ type: "function", function: { name: "f", description: "does f", parameters: schema } }, chat("f")],
  })
})

test("a schema of any make is handed on as the very same object", () => {
  const odd = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: { a: { anyOf: [{ type: "string" }, { $ref: "#/$defs/a" }] } },
    additionalProperties: { constructor: {} },
    unevaluatedProperties: false,
  }
  const { tools } = translate({ tools: [{ name: "f", input_schema: odd }] }).body
  expect(tools?.[0]?.function.parameters).toBe(odd)
  expect(tools?.[0]?.function).not.toHaveProperty("strict")
})

test("a tool without a schema takes nothing", () => {
  expect(extra({ tools: [{ name: "f" }] }).tools).toEqual([
    { type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } },
  ])
})

test("examples of input are told in the description", () => {
  const description = (tool: Tool) => translate({ tools: [tool] }).body.tools?.[0]?.function.description
  const input_examples = [{ x: "1" }, { x: "2" }]
  expect(description({ ...f, description: "does f", input_examples })).toBe(
    'does f\n\nExamples of input:\n{"x":"1"}\n{"x":"2"}',
  )
  expect(description({ ...f, input_examples })).toBe('Examples of input:\n{"x":"1"}\n{"x":"2"}')
  expect(description({ ...f, input_examples: [] })).toBeUndefined()
})

test("strict is asked for only where the schema can be", () => {
  const closed = { ...schema, required: ["x"], additionalProperties: false }
  const { body, notes } = translate({
    tools: [{ name: "f", input_schema: closed, strict: true }, { ...g, strict: true }],
  })
  expect(body.tools).toEqual([
    { type: "function", function: { name: "f", parameters: closed, strict: true } },
    chat("g"),
  ])
  expect(notes).toEqual([`tool "g" was not made strict: its schema is beyond this API's strict mode`])
})

test("a tool that searches for tools is not needed: deferred tools are sent as they are", () => {
  const finder = { type: "tool_search_tool_regex_20251119", name: "tool_search_tool_regex" }
  const { body, notes } = translate({ tools: [finder, { ...f, defer_loading: true } as Tool] })
  expect(body.tools).toEqual([chat("f")])
  expect(notes).toEqual([])
})

test("a web search beside other tools is left out with a note", () => {
  const { body, notes } = translate({ tools: [search, f], tool_choice: { type: "any" } })
  expect(body.tools).toEqual([chat("f")])
  expect(body.tool_choice).toBe("required")
  expect(notes).toEqual(["tool web_search_20260318 was left out: it runs on Anthropic's servers"])
})

test.each([
  ["web_search_20250305", "web_search"],
  ["web_fetch_20260318", "web_fetch"],
  ["code_execution_20250825", "code_execution"],
  ["advisor_20260301", "advisor"],
])("%s alone or forced is refused", (type, name) => {
  const why = `${type} runs on Anthropic's servers; this backend cannot run it`
  expect(refusal(() => extra({ tools: [{ type, name }] }))).toBe(`400 tools.0: ${why}`)
  expect(refusal(() => extra({ tools: [f, { type, name }], tool_choice: { type: "tool", name } }))).toBe(
    `400 tools.1: ${why}`,
  )
})

test("a web search that must not be used is no reason to refuse", () => {
  expect(extra({ tools: [search], tool_choice: { type: "none" } })).toEqual({})
})

test("mcp_toolset is refused with its path", () => {
  expect(refusal(() => extra({ tools: [f, { type: "mcp_toolset" }] }))).toBe(
    "400 tools.1: mcp_toolset needs Anthropic's MCP connector, which is not available here",
  )
})

test("a tool type nobody knows is refused with its path", () => {
  expect(refusal(() => extra({ tools: [f, { type: "function", name: "x" }] }))).toBe(
    `400 tools.1: "function" is no tool type this proxy knows`,
  )
})

test("tools that the client runs itself get a schema", () => {
  const tools = [
    { type: "bash_20250124", name: "bash" },
    { type: "text_editor_20250728", name: "str_replace_based_edit_tool", max_characters: 9 },
    { type: "text_editor_20250124", name: "str_replace_editor" },
    { type: "memory_20250818", name: "memory" },
  ]
  const told = extra({ tools }).tools?.map(({ function: { name, description, parameters } }) => {
    const { properties, required } = parameters as { properties: object; required?: string[] }
    return [name, description !== undefined, Object.keys(properties), required]
  })
  const editor = ["command", "path", "file_text", "old_str", "new_str", "insert_line"]
  expect(told).toEqual([
    ["bash", true, ["command", "restart"], undefined],
    ["str_replace_based_edit_tool", true, [...editor, "insert_text", "view_range"], ["command", "path"]],
    ["str_replace_editor", true, [...editor, "view_range"], ["command", "path"]],
    [
      "memory",
      true,
      "command path view_range file_text old_str new_str insert_line insert_text old_path new_path".split(" "),
      ["command"],
    ],
  ])
})

test("a tool of Anthropic's without its name is refused", () => {
  expect(refusal(() => extra({ tools: [{ type: "bash_20250124" }] }))).toBe("400 tools.0.name: Field required")
})

test.each([
  [{ tools: [] }],
  [{ tools: null }],
  [{ tools: [], tool_choice: { type: "auto" as const, disable_parallel_tool_use: true } }],
  [{ tool_choice: { type: "any" as const } }],
  [{ tools: [{ type: "tool_search_tool_bm25", name: "s" }], tool_choice: { type: "auto" as const } }],
])("without tools there is no tool field at all (%j)", (fields) => {
  expect(extra(fields)).toStrictEqual({})
})

test("the choice among tools is translated, and left out where the client made none", () => {
  const chosen = (tool_choice?: object) => extra({ tools: [f, g], tool_choice: tool_choice as never })
  const tools = [chat("f"), chat("g")]
  expect(chosen()).toStrictEqual({ tools })
  expect(chosen({ type: "auto" })).toStrictEqual({ tools, tool_choice: "auto" })
  expect(chosen({ type: "any" })).toStrictEqual({ tools, tool_choice: "required" })
  expect(chosen({ type: "none" })).toStrictEqual({ tools, tool_choice: "none" })
  expect(chosen({ type: "tool", name: "g" })).toStrictEqual({
    tools,
    tool_choice: { type: "function", function: { name: "g" } },
  })
})

test("a choice of a tool that is not there is refused", () => {
  expect(refusal(() => extra({ tools: [f], tool_choice: { type: "tool", name: "z" } }))).toBe(
    `400 tool_choice.name: there is no tool "z" among the tools`,
  )
})

test("a backend without tool_choice gets the tools that make the choice", () => {
  const chosen = (tool_choice: object) => {
    const { body, notes } = translate({ tools: [f, g], tool_choice: tool_choice as never }, { tool_choice: [] })
    expect(body).not.toHaveProperty("tool_choice")
    return [body.tools?.map((tool) => tool.function.name), notes]
  }
  expect(chosen({ type: "auto" })).toEqual([["f", "g"], []])
  expect(chosen({ type: "none" })).toEqual([undefined, []])
  expect(chosen({ type: "tool", name: "g" })).toEqual([
    ["g"],
    ["this backend cannot be made to call a tool: only the chosen one was sent"],
  ])
  expect(chosen({ type: "any" })).toEqual([
    ["f", "g"],
    ["this backend cannot be made to call a tool: it may answer without a call"],
  ])
})

test("one call at a time is asked for where the backend knows how", () => {
  const tool_choice = { type: "auto", disable_parallel_tool_use: true } as const
  const parallel = (flags: ProfileFlags) => extra({ tools: [f], tool_choice }, flags)
  expect(parallel({})).toStrictEqual({ tools: [chat("f")], tool_choice: "auto", parallel_tool_calls: false })
  expect(parallel({ parallel_tool_calls: false })).toStrictEqual({ tools: [chat("f")], tool_choice: "auto" })
  const several = { ...tool_choice, disable_parallel_tool_use: false }
  expect(extra({ tools: [f], tool_choice: several })).toStrictEqual({ tools: [chat("f")], tool_choice: "auto" })
})
