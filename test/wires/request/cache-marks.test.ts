import { describe, expect, test } from "vitest"
import { profileFor } from "../../../src/backends/index.ts"
import type { MessageRequest } from "../../../src/anthropic/types.ts"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { toChatRequest } from "../../../src/wires/chat/request.ts"
import { extra, messagesOf, toolCall, translate, user, assistant, type Fields } from "../chat/_translate.ts"
import { translate as toResponses } from "../responses/_translate.ts"

const ephemeral = { type: "ephemeral" } as const
const mark = { cache_control: ephemeral }
const breakpoint = { prompt_cache_breakpoint: { mode: "explicit" } }
const claude: ProfileFlags = { cache_marks: "cache_control" }
const gpt: ProfileFlags = { cache_marks: "prompt_cache_breakpoint", cache_places: ["system", "user", "tool_results"] }

const said = (text: string, marked: object = {}) => ({ type: "text", text, ...marked })
const system = (...blocks: object[]): Fields => ({ system: blocks as MessageRequest["system"] & object })
const use = (id: string) => ({ type: "tool_use", id, name: "f", input: {} })
const result = (id: string, content: unknown, more: object = {}) => {
  return { type: "tool_result", tool_use_id: id, content, ...more }
}

describe("marks of the client", () => {
  test("are dropped without a trace where the backend takes none, and texts are joined", () => {
    const fields = { ...system(said("a"), said("b", mark)), messages: [user(said("c", mark), said("d"))] }
    const { body, notes } = translate({ ...fields, cache_control: ephemeral })
    expect([body.messages, notes]).toEqual([
      [
        { role: "system", content: "a\n\nb" },
        { role: "user", content: "c\n\nd" },
      ],
      [],
    ])
  })

  test("stay where they are: on a text, an image, a document", () => {
    const source = { type: "base64", media_type: "image/png", data: "aa" }
    const pdf = { type: "document", source: { ...source, media_type: "application/pdf" }, title: "t.pdf" }
    const image = { type: "image", source }
    const lasting = { cache_control: { ...ephemeral, ttl: "1h" } }
    const content = [said("a", mark), { ...image, ...mark }, said("b"), { ...pdf, ...lasting }]
    const url = "data:image/png;base64,aa"
    const file = { filename: "t.pdf", file_data: "data:application/pdf;base64,aa" }
    expect(messagesOf([user(...content)], claude)).toEqual([
      {
        role: "user",
        content: [
          said("a", mark),
          { type: "image_url", image_url: { url }, ...mark },
          said("b"),
          { type: "file", file, ...lasting },
        ],
      },
    ])
    expect(toResponses({ messages: [user(...content)] }, gpt).body.input).toEqual([
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_text", text: "a", ...breakpoint },
          { type: "input_image", image_url: url, detail: "auto", ...breakpoint },
          { type: "input_text", text: "b" },
          { type: "input_file", ...file, ...breakpoint },
        ],
      },
    ])
  })

  test("say nothing but their kind and how long they last", () => {
    const odd = { cache_control: { ...ephemeral, ttl: "9h", scope: "global" } }
    expect(messagesOf([user(said("a", odd))], claude)).toEqual([{ role: "user", content: [said("a", mark)] }])
    expect(messagesOf([user(said("a", { cache_control: { type: "other" } }))], claude)).toEqual([{ role: "user", content: "a" }])
  })

  test("on a tool go on the function, and on the last of a toolset", () => {
    const tools = [
      { name: "f", input_schema: { type: "object" }, ...mark },
      { type: "computer_toolset_20260801", ...mark },
    ]
    const sent = extra({ tools }, claude).tools ?? []
    expect(sent.map((tool) => [tool.function.name, tool.cache_control]).filter(([, marked]) => marked)).toEqual([
      ["f", ephemeral],
      ["computer__zoom", ephemeral],
    ])
    expect(sent[0]?.function).toEqual({ name: "f", parameters: { type: "object" } })
    const { tools: flat } = toResponses({ tools: tools.slice(0, 1) }, claude).body
    expect(flat).toEqual([{ type: "function", name: "f", parameters: { type: "object" }, strict: false, ...mark }])
  })
})

describe("a tool's result", () => {
  const conversation = (...results: Readonly<Record<string, unknown>>[]) => [user(said("q")), assistant(use("a"), use("b")), user(...results)]
  const before = [
    { role: "user", content: "q" },
    { role: "assistant", content: null, tool_calls: [toolCall("a"), toolCall("b")] },
  ]

  test("is marked at its end, also where it is empty or failed", () => {
    const results = [result("a", [said("1"), said("2")], { ...mark, is_error: true }), result("b", [], mark)]
    expect(messagesOf(conversation(...results), claude)).toEqual([
      ...before,
      { role: "tool", tool_call_id: "a", content: [said("Error: 1"), said("2", mark)] },
      { role: "tool", tool_call_id: "b", content: [said("(no output)", mark)] },
    ])
    expect(toResponses({ messages: conversation(...results) }, gpt).body.input.slice(-2)).toEqual([
      {
        type: "function_call_output",
        call_id: "a",
        output: [
          { type: "input_text", text: "Error: 1" },
          { type: "input_text", text: "2", ...breakpoint },
        ],
      },
      { type: "function_call_output", call_id: "b", output: [{ type: "input_text", text: "(no output)", ...breakpoint }] },
    ])
  })

  test("is marked as a whole where the mark stands inside it", () => {
    const results = [result("a", [said("1", mark), said("2")]), result("b", "3")]
    expect(messagesOf(conversation(...results), claude).slice(2)).toEqual([
      { role: "tool", tool_call_id: "a", content: [said("1"), said("2", mark)] },
      { role: "tool", tool_call_id: "b", content: "3" },
    ])
  })

  test("leaves its mark to the last place before it where the backend takes none there", () => {
    const flags: ProfileFlags = { ...claude, cache_places: ["system", "user"] }
    const messages = conversation(result("a", "1"), result("b", "2", mark))
    const { body } = translate({ tools: [{ name: "f", input_schema: {}, ...mark }], messages }, flags)
    expect(body.messages).toEqual([
      { role: "user", content: [said("q", mark)] },
      ...before.slice(1),
      { role: "tool", tool_call_id: "a", content: "1" },
      { role: "tool", tool_call_id: "b", content: "2" },
    ])
    expect(body.tools?.[0]).not.toHaveProperty("cache_control")
  })
})

describe("texts of a request with marks", () => {
  test("are kept apart wherever the marks stand this time, so that the prompt reads alike the next", () => {
    const turn = (first: object, second: object) => {
      const history = [user(said("a"), said("b", first)), assistant(said("c"), said("d"))]
      return messagesOf([...history, user(said("e"), said("f", second))], claude)
    }
    const written = `,"cache_control":${JSON.stringify(ephemeral)}`
    const reads = (messages: readonly object[]) => JSON.stringify(messages).replaceAll(written, "")
    const [early, late] = [turn(mark, {}), turn({}, mark)]
    expect(late).toEqual([
      { role: "user", content: [said("a"), said("b")] },
      { role: "assistant", content: "cd" },
      { role: "user", content: [said("e"), said("f", mark)] },
    ])
    expect(reads(early)).toBe(reads(late))
  })

  test("are told of the system as parts, over the Responses API as a message", () => {
    const fields = system(said("a"), said("b", mark))
    const told = { role: "system", content: [said("a"), said("b", mark)] }
    expect(translate(fields, claude).body.messages[0]).toEqual(told)
    const { body } = toResponses(fields, gpt)
    expect([body.instructions, body.input[0]]).toEqual([
      undefined,
      {
        type: "message",
        role: "system",
        content: [
          { type: "input_text", text: "a" },
          { type: "input_text", text: "b", ...breakpoint },
        ],
      },
    ])
  })

  test("of a system message in the middle keep their mark, as a reminder too", () => {
    const messages = [user(said("q")), { role: "system" as const, content: [said("a"), said("b", mark)] as never }]
    expect(messagesOf(messages, claude).at(-1)).toEqual({ role: "system", content: [said("a"), said("b", mark)] })
    expect(messagesOf(messages, { ...claude, mid_system: "user" })).toEqual([
      { role: "user", content: [said("q"), said("<system-reminder>\na\n\nb\n</system-reminder>", mark)] },
    ])
  })

  test("stay parts when messages of one role are joined", () => {
    const messages = [user(said("a", mark)), user(said("b"))]
    expect(messagesOf(messages, { ...claude, merge_roles: true })).toEqual([
      { role: "user", content: [said("a", mark), said("b")] },
    ])
  })
})

describe("a mark for the whole request", () => {
  const cached: Fields = { cache_control: ephemeral }

  test("stands on the last block, or on a message that is one string", () => {
    expect(translate(cached, claude).body.messages).toEqual([{ role: "user", content: [said("hi", mark)] }])
    const messages = [user(said("a"), said("b"), said(""))]
    expect(translate({ ...cached, messages }, claude).body.messages).toEqual([
      { role: "user", content: [said("a"), said("b", mark)] },
    ])
  })

  test("is none where the client says null", () => {
    expect(translate({ cache_control: null }, claude)).toEqual(translate({}))
  })
})

test("no more than four are sent, the last ones", () => {
  const messages = [user(...["a", "b", "c", "d", "e"].map((text) => said(text, mark)))]
  expect(messagesOf(messages, claude)).toEqual([
    { role: "user", content: [said("a"), ...["b", "c", "d", "e"].map((text) => said(text, mark))] },
  ])
})

test("what the assistant said takes no mark: it goes to the last place before", () => {
  const messages = [user(said("q")), assistant(said("a", mark)), user(said("r"))]
  expect(messagesOf(messages, claude)).toEqual([
    { role: "user", content: [said("q", mark)] },
    { role: "assistant", content: "a" },
    { role: "user", content: "r" },
  ])
})

test("a breakpoint is found by the session the client tells of", () => {
  const metadata = { user_id: "user_1_session_2" }
  const keyed = (flags: ProfileFlags, fields: Fields) => {
    return [translate(fields, flags), toResponses(fields, flags)].map(({ body }) => body.prompt_cache_key)
  }
  const key = expect.stringMatching(/^[0-9a-z]{14}$/)
  expect(keyed(gpt, { metadata, cache_control: ephemeral })).toEqual([key, key])
  expect(keyed(gpt, { metadata })).toEqual([undefined, undefined])
  expect(keyed(gpt, { cache_control: ephemeral })).toEqual([undefined, undefined])
  expect(keyed(claude, { metadata, cache_control: ephemeral })).toEqual([undefined, undefined])
})

test.each([
  ["https://openrouter.ai/api/v1", "anthropic/claude-opus-5", true],
  ["https://x.databricks.com/serving-endpoints", "databricks-claude-sonnet-4", true],
  ["https://x.databricks.com/serving-endpoints", "databricks-gpt-oss-120b", false],
  ["https://api.openai.com/v1", "gpt-5.6-terra", true],
  ["https://api.openai.com/v1", "gpt-5.1", false],
  ["https://api.groq.com/openai/v1", "claude", false],
])("%s marks requests for %s: %s", (url, model, marks) => {
  const request: MessageRequest = { model: "claude-x", max_tokens: 1, messages: [user(said("a", mark))] }
  const { messages } = toChatRequest(request, { model, profile: profileFor(url) }).body
  expect(typeof messages[0]?.content === "object").toBe(marks)
})
