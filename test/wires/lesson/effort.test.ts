/** Values of the thinking effort, as backends refuse them. */
import { describe, expect, test } from "vitest"
import { heed, tellLesson, type Lesson } from "../../../src/wires/lesson.ts"
import { learn, openai, sentAgain } from "./_learn.ts"

const MESSAGES = [{ role: "user", content: "hi" }]

describe("a refused effort is the nearest that is named", () => {
  test.each<[string, from: string, unknown, to: string | null]>([
    [
      "OpenAI (ccs#344)",
      "xhigh",
      openai("Unsupported value: 'reasoning_effort' does not support 'xhigh' with this model. Supported values are: 'minimal', 'low', 'medium', and 'high'.", "reasoning_effort", "unsupported_value"),
      "high",
    ],
    [
      "OpenAI (immersive-translate#3529)",
      "minimal",
      openai("Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: 'none', 'low', 'medium', and 'high'."),
      "low",
    ],
    ["Copilot (quotio#287)", "max", openai('level "max" not supported, valid levels: low, medium, high, xhigh'), "xhigh"],
    ["Groq's models that know on and off (pi#1745)", "high", openai("`reasoning_effort` must be one of `none` or `default`"), "default"],
    ["Groq's models with levels", "xhigh", openai("`reasoning_effort` must be one of `low`, `medium`, or `high`"), "high"],
    [
      "pydantic, as in vLLM",
      "xhigh",
      { detail: [{ type: "literal_error", loc: ["body", "reasoning_effort"], msg: "Input should be 'low', 'medium' or 'high'", input: "xhigh" }] },
      "high",
    ],
    [
      "serde, as in DeepSeek",
      "minimal",
      openai("Failed to deserialize the JSON body into the target type: reasoning_effort: unknown variant `minimal`, expected one of `high`, `low`, `max` at line 1 column 20"),
      "low",
    ],
    ["one that names no others is left out", "minimal", openai("The provided reasoning effort 'minimal' is not supported."), null],
    [
      "thinking that was turned off is not turned on: `none` is left out",
      "none",
      openai("Unsupported value: 'reasoning_effort' does not support 'none' with this model. Supported values are: 'low', 'medium', and 'high'."),
      null,
    ],
  ])("%s", (_, from, answer, to) => {
    const body = { messages: MESSAGES, reasoning_effort: from }
    expect(learn(body, answer)).toEqual({ kind: "effort", from, to })
    expect(sentAgain(body, answer)).toEqual({ messages: MESSAGES, ...(to !== null && { reasoning_effort: to }) })
  })
})

test("Responses have it inside `reasoning` (openai-agents-python#2089)", () => {
  const answer = openai("Unsupported value: 'minimal' is not supported with the 'gpt-5.1' model. Supported values are: 'none', 'low', 'medium', and 'high'.", "reasoning.effort", "unsupported_value")
  const body = { input: [], reasoning: { effort: "minimal", summary: "auto" } }
  expect(sentAgain(body, answer, "responses")).toEqual({ input: [], reasoning: { effort: "low", summary: "auto" } })
})

describe("a model that takes tools over this API without any effort alone (litellm#34569)", () => {
  const answer = openai(
    "Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
    "reasoning_effort",
  )
  const asked = { messages: MESSAGES, tools: [] }

  test.each([{}, { reasoning_effort: "high" }])("is asked for none: %j", (effort) => {
    expect(sentAgain({ ...asked, ...effort }, answer)).toEqual({ ...asked, reasoning_effort: "none" })
  })

  test("keeps it where there are no tools, and the log says how it gets it with them", () => {
    const lesson = learn({ ...asked, reasoning_effort: "high" }, answer)
    const body = { messages: MESSAGES, reasoning_effort: "high" }
    expect(lesson && heed(body, [lesson])).toBe(body)
    expect(lesson && tellLesson(lesson)).toBe(
      'the effort is sent as "none" beside tools; with api: responses it would be the client\'s',
    )
  })
})

test("a model that takes none at all is asked for none", () => {
  const body = { messages: MESSAGES, reasoning_effort: "high" }
  expect(learn(body, openai("Unsupported parameter: 'reasoning_effort' is not supported with this model.", "reasoning_effort"))).toEqual({
    kind: "drop",
    field: "reasoning_effort",
  })
})

test("a refusal of another value, or of another field, teaches nothing on the effort", () => {
  const body = { messages: MESSAGES, reasoning_effort: "low" }
  expect(learn(body, openai("`reasoning_effort` must be one of `low` or `high`"))).toBeUndefined()
  expect(learn(body, openai("Invalid detail of an image: must be one of 'auto' or 'high'"))).toBeUndefined()
})

test("other efforts stay as they are, and it is told in words", () => {
  const lesson: Lesson = { kind: "effort", from: "xhigh", to: "high" }
  const body = { reasoning_effort: "medium" }
  expect(heed(body, [lesson])).toBe(body)
  expect([tellLesson(lesson), tellLesson({ ...lesson, to: null })]).toEqual([
    'the effort "xhigh" is sent as "high"',
    'the effort "xhigh" is left out',
  ])
})
