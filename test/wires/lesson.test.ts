/** What refusals teach, in the words of those who refuse. */
import { describe, expect, test } from "vitest"
import { heed, lessonIn, tellLesson, type Lesson } from "../../src/wires/lesson.ts"

const BODY = {
  model: "m",
  messages: [
    { role: "developer", content: "Be brief." },
    { role: "user", content: "Hello" },
  ],
  max_tokens: 100,
  temperature: 0.2,
  top_p: 0.9,
  stream: true,
  stream_options: { include_usage: true },
  parallel_tool_calls: false,
  reasoning_effort: "high",
  user: "u",
  tools: [],
}

const openai = (message: string, param: string | null, code: string | null = "unsupported_parameter"): unknown => ({
  error: { message, type: "invalid_request_error", param, code },
})

describe("a refusal that names what it refuses", () => {
  const drop = (field: string): Lesson => ({ kind: "drop", field })
  test.each<[string, unknown, Lesson]>([
    [
      "OpenAI: max_tokens (copilot-api#222)",
      openai("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "max_tokens"),
      { kind: "rename", field: "max_tokens", to: "max_completion_tokens" },
    ],
    [
      "OpenAI: temperature",
      openai("Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.", "temperature", "unsupported_value"),
      drop("temperature"),
    ],
    ["OpenAI: reasoning_effort on a model without", openai("Unrecognized request argument supplied: reasoning_effort", null, null), drop("reasoning_effort")],
    [
      "OpenAI: the developer role",
      openai("Unsupported value: 'messages[0].role' does not support 'developer' with this model.", "messages[0].role", "unsupported_value"),
      { kind: "role", role: "developer", to: "system" },
    ],
    ["Ollama: a model that does not think", { error: { message: '"llama3.2" does not support thinking' } }, drop("reasoning_effort")],
    ["Databricks and Bedrock: stream_options (opencode#4698)", { error_code: "BAD_REQUEST", message: "stream_options: Extra inputs are not permitted" }, drop("stream_options")],
    [
      "pydantic behind FastAPI",
      { detail: [{ type: "extra_forbidden", loc: ["body", "parallel_tool_calls"], msg: "Extra inputs are not permitted" }] },
      drop("parallel_tool_calls"),
    ],
    ["xAI: a parameter of others", { code: "Client specified an invalid argument", error: "Argument not supported on this model: top_p" }, drop("top_p")],
  ])("%s", (_, answer, lesson) => {
    expect(lessonIn(BODY, JSON.stringify(answer), "chat")).toEqual(lesson)
  })
})

describe("of two things that are refused together", () => {
  test("`top_p` goes where it cannot stand beside `temperature` (bedrock-access-gateway#191)", () => {
    const answer = "The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model. Please use only one."
    expect(lessonIn(BODY, answer, "chat")).toEqual({ kind: "drop", field: "top_p" })
    expect(lessonIn({ temperature: 0.2 }, answer, "chat")).toBeUndefined()
  })

  test("the summary goes and the effort stays where an organization is not verified (continue#12030)", () => {
    const answer = JSON.stringify(
      openai("Your organization must be verified to generate reasoning summaries.", "reasoning.summary", "unsupported_value"),
    )
    const body = { input: [], reasoning: { effort: "medium", summary: "auto" } }
    const lesson = lessonIn(body, answer, "responses")
    expect(lesson && heed(body, [lesson])).toEqual({ input: [], reasoning: { effort: "medium" } })
    expect(lesson && heed({ input: [], reasoning: { summary: "auto" } }, [lesson])).toEqual({ input: [] })
    expect(lesson && tellLesson(lesson)).toBe("reasoning.summary is left out")
  })
})

describe("a refusal that teaches nothing", () => {
  test.each<[string, unknown]>([
    ["it names nothing that was sent", openai("Unknown parameter: 'foo'.", "foo")],
    ["it names what an answer cannot do without", openai("Unsupported parameter: 'tools' is not supported with this model.", "tools")],
    ["a value is out of range", openai("Invalid 'temperature': must be at most 2", "temperature", "invalid_value")],
    ["too many tokens are asked for", openai("max_tokens is too large: 128000. This model supports at most 16384 completion tokens, not supported", "max_tokens", "invalid_value")],
    ["the prompt is too long", openai("This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. stop sending unknown things", "messages", "context_length_exceeded")],
    ["prompt and answer together are too much", openai("Unsupported: input length and `max_tokens` exceed context limit: 5000 + 4000 > 8192", null, null)],
    ["a page of HTML", "<html>unsupported temperature</html>"],
    ["something else is not supported", { error: { message: "image input is not supported" } }],
  ])("%s", (_, answer) => {
    expect(lessonIn(BODY, typeof answer === "string" ? answer : JSON.stringify(answer), "chat")).toBeUndefined()
  })
})

describe("heeded", () => {
  test("a field is left out, and the rest is shared", () => {
    const heeded = heed(BODY, [{ kind: "drop", field: "temperature" }])
    const { temperature: _, ...rest } = BODY
    expect(heeded).toEqual(rest)
    expect(heeded.messages).toBe(BODY.messages)
    expect(BODY.temperature).toBe(0.2)
  })

  test("a field has another name, in its place", () => {
    const heeded = heed({ a: 1, max_tokens: 5, z: 2 }, [{ kind: "rename", field: "max_tokens", to: "max_completion_tokens" }])
    expect(JSON.stringify(heeded)).toBe('{"a":1,"max_completion_tokens":5,"z":2}')
  })

  test("a role is another role", () => {
    const heeded = heed(BODY, [{ kind: "role", role: "developer", to: "system" }])
    expect(heeded.messages).toEqual([{ role: "system", content: "Be brief." }, BODY.messages[1]])
  })

  test("what does not concern a body leaves it as it is", () => {
    const body = { messages: [{ role: "user" }] }
    expect(heed(body, [{ kind: "drop", field: "top_k" }, { kind: "role", role: "developer", to: "system" }])).toBe(body)
  })

  test("is told in words", () => {
    expect([
      tellLesson({ kind: "drop", field: "top_p" }),
      tellLesson({ kind: "rename", field: "a", to: "b" }),
      tellLesson({ kind: "role", role: "developer", to: "system" }),
    ]).toEqual(["top_p is left out", "a is sent as b", "developer messages are sent as system messages"])
  })
})
