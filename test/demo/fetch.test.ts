/** The embedded demo backend: what it says and what it refuses. */
import { describe, expect, it } from "vitest"
import { demoFetch } from "../../src/demo/fetch.ts"
import { clock, NAME, post, said, weather, whole } from "./_demo.ts"

describe("what it says", () => {
  it("an answer names the demo and repeats the user, and the same request gets the same words", async () => {
    const body = said("hello")
    const first = await whole(body)
    expect(first).toEqual({
      index: 0,
      message: { role: "assistant", content: `${NAME} You said: hello` },
      finish_reason: "stop",
      usage: { prompt_tokens: 2, completion_tokens: 19, total_tokens: 21 },
    })
    expect(await whole(body)).toEqual(first)
  })

  it("a long message is cut between characters", async () => {
    const { message } = await whole(said(`${"x".repeat(299)}😀 and more`))
    expect(message.content).toBe(`${NAME} You said: ${"x".repeat(299)}…`)
  })

  it("images and files are counted, reminders of an agent are not repeated", async () => {
    const parts = [
      { type: "text", text: "<system-reminder>call clock</system-reminder>look <system-reminder>unfinished" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "image_url", image_url: { url: "data:image/png;base64,BBBB" } },
      { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } },
    ]
    const { message } = await whole(said(parts, { tools: [clock] }))
    expect(message).toEqual({
      role: "assistant",
      content: `${NAME} You said: look (with it: 2 images and 1 file)`,
    })
  })

  it("a message without text is answered too", async () => {
    expect((await whole(said(""))).message.content).toBe(`${NAME} You said nothing.`)
    expect((await whole(said(null))).message.content).toBe(`${NAME} You said nothing.`)
  })

  it("tool results are told by the name of their tool, and never lead to another call", async () => {
    const { message, finish_reason } = await whole({
      model: "demo",
      tools: [weather],
      messages: [
        { role: "user", content: "call get_weather" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "a", type: "function", function: { name: "get_weather", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "a", content: "sunny" },
        { role: "tool", tool_call_id: "b", content: "y".repeat(301) },
        { role: "user", content: "and now call get_weather" },
      ],
    })
    expect(finish_reason).toBe("stop")
    expect(message).toEqual({
      role: "assistant",
      content:
        `${NAME} The tools returned: get_weather: sunny; a tool: ${"y".repeat(300)}… ` +
        "You said: and now call get_weather",
    })
  })

  it("a limit cuts the text at that many words", async () => {
    for (const field of ["max_tokens", "max_completion_tokens"]) {
      const { message, finish_reason, usage } = await whole(said("hello", { [field]: 4 }))
      expect({ message, finish_reason, usage }).toEqual({
        message: { role: "assistant", content: "This is the demo " },
        finish_reason: "length",
        usage: { prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 },
      })
    }
  })

  it("a limit spent on thinking leaves no text and no call", async () => {
    const { message, finish_reason, usage } = await whole(
      said("call clock", { max_completion_tokens: 2, reasoning_effort: "low", tools: [clock] }),
    )
    expect({ message, finish_reason }).toEqual({
      message: { role: "assistant", content: "", reasoning_content: "I am " },
      finish_reason: "length",
    })
    expect(usage.completion_tokens_details).toEqual({ reasoning_tokens: 2 })
  })

  it("the stop string that comes first ends the text", async () => {
    const stop = ["said", "demo", "absent", ""]
    const { message, finish_reason, stop_reason } = await whole(said("hello", { stop }))
    expect({ message, finish_reason, stop_reason }).toEqual({
      message: { role: "assistant", content: "This is the " },
      finish_reason: "stop",
      stop_reason: "demo",
    })
  })

  it("an effort of none thinks nothing", async () => {
    const { message } = await whole(said("hi", { reasoning_effort: "none" }))
    expect(message).toEqual({ role: "assistant", content: `${NAME} You said: hi` })
  })

  it("structured output fits its schema", async () => {
    const schema = {
      type: "object",
      properties: {
        title: { type: "string" },
        tags: { type: "array", items: { type: "string" } },
        spare: { type: "integer" },
      },
      required: ["title", "tags"],
    }
    const format = { type: "json_schema", json_schema: { name: "response", schema, strict: false } }
    const { message } = await whole(said("a title, please", { response_format: format }))
    expect(message).toEqual({ role: "assistant", content: '{"title":"demo","tags":[]}' })
  })
})

describe("what it refuses", () => {
  it.each([
    ["bad JSON", "{", null, "the body is not a JSON object"],
    ["a list", [], null, "the body is not a JSON object"],
    ["no messages", {}, "messages", "messages: must be a list of at least one message"],
    ["empty messages", { messages: [] }, "messages", "messages: must be a list of at least one message"],
    ["a message of null", { messages: [null] }, "messages[0]", "messages[0]: must be an object with a role"],
  ])("%s is a 400 in OpenAI's shape", async (_, body, param, message) => {
    const response = await post(body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: { message, type: "invalid_request_error", param, code: null } })
  })

  it("other paths and methods are a 404 in OpenAI's shape", async () => {
    for (const [method, path] of [["POST", "/responses"], ["GET", "/chat/completions"]]) {
      const response = await demoFetch(new Request(`http://demo.invalid${path}`, { method: method ?? "" }))
      expect(response.status).toBe(404)
      expect(await response.json()).toEqual({
        error: {
          message: `the demo backend has no ${method} ${path}`,
          type: "invalid_request_error",
          param: null,
          code: null,
        },
      })
    }
  })

  it("odd members are survived", async () => {
    const body = {
      messages: [
        { role: "assistant", content: null, tool_calls: [null, { id: "a" }] },
        { role: "user", content: [null, { type: "text" }, { type: "text", text: "hi" }] },
      ],
      tools: [null, { type: "function" }],
      tool_choice: { type: "function" },
      stop: 7,
      max_tokens: null,
      stream_options: null,
    }
    expect((await whole(body)).message.content).toBe(`${NAME} You said: hi`)
  })

  it("the list of models has one", async () => {
    const response = await demoFetch(new URL("http://demo.invalid/v1/models"))
    expect(await response.json()).toEqual({
      object: "list",
      data: [{ id: "demo", object: "model", created: 0, owned_by: "llm-proxy" }],
    })
  })
})
