/** Forms of `tool_choice`, as backends refuse them. */
import { describe, expect, test } from "vitest"
import { heed, tellLesson } from "../../../src/wires/lesson.ts"
import { learn, openai, sentAgain } from "./_learn.ts"

const tool = (name: string): object => ({ type: "function", function: { name, parameters: { type: "object", required: ["a"] } } })
const choose = (tool_choice: unknown): object => ({ messages: [], tools: [tool("a"), tool("b")], tool_choice })
const NAMED = { type: "function", function: { name: "b" } }

describe("a choice that a model refuses is left to it", () => {
  test.each<[string, unknown, unknown]>([
    ["DeepSeek (DeepSeek-V3#1376)", "required", openai("Thinking mode does not support this tool_choice")],
    [
      "DashScope (eino#994)",
      "required",
      openai("<400> InternalError.Algo.InvalidParameter: The tool_choice parameter does not support being set to required or object in thinking mode", null, "invalid_parameter_error"),
    ],
    ["Moonshot (inspect_ai#5152)", "required", openai("tool_choice 'required' is incompatible with thinking enabled")],
    ["a server that knows one word alone", "required", openai("tool_choice: Input should be 'auto'")],
    ["`auto` itself", "auto", openai("tool_choice is not supported by this model", "tool_choice")],
  ])("%s", (_, choice, answer) => {
    const { tool_choice: _choice, ...rest } = choose(choice) as { tool_choice: unknown }
    expect(sentAgain(choose(choice), answer)).toEqual(rest)
  })
})

test("a tool that cannot be chosen by name is sent alone (oh-my-pi#827)", () => {
  expect(sentAgain(choose(NAMED), openai("tool_choice 'specified' is incompatible with thinking enabled"))).toEqual({
    messages: [],
    tools: [tool("b")],
  })
})

test.each<[string, unknown]>([
  ["pydantic", openai("tool_choice: Input should be 'none', 'auto' or 'required'")],
  ["LM Studio (lmstudio-bug-tracker#670)", { error: "Invalid tool_choice type: 'object'. Supported string values: none, auto, required" }],
])("and has to be called where that can be told: %s", (_, answer) => {
  expect(sentAgain(choose(NAMED), answer)).toEqual({ messages: [], tools: [tool("b")], tool_choice: "required" })
})

test("likewise in Responses, where a choice and a tool have their name at once", () => {
  const tools = [{ type: "function", name: "a" }, { type: "function", name: "b" }]
  const body = { input: [], tools, tool_choice: { type: "function", name: "a" } }
  expect(sentAgain(body, openai("Thinking mode does not support this tool_choice"), "responses")).toEqual({
    input: [],
    tools: [tools[0]],
  })
})

test("where `none` is refused there are no tools to be called", () => {
  expect(sentAgain(choose("none"), openai("tool_choice 'none' is not supported"))).toEqual({ messages: [] })
})

test("what the server's start decides cannot be learned", () => {
  expect(learn(choose("auto"), openai('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'))).toBeUndefined()
})

test("other forms stay as they are, and it is told in words", () => {
  const body = choose("auto")
  expect(heed(body, [{ kind: "choice", from: "required", to: null }])).toBe(body)
  expect([
    tellLesson({ kind: "choice", from: "required", to: null }),
    tellLesson({ kind: "choice", from: "function", to: "required" }),
    tellLesson({ kind: "choice", from: "none", to: null }),
  ]).toEqual([
    'tool_choice "required" is left to the backend',
    'tool_choice "function" is sent as "required"',
    'tools are left out where tool_choice is "none"',
  ])
})
