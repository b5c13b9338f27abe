/** Roles and their order, as backends and their chat templates refuse them. */
import { describe, expect, test } from "vitest"
import { heed, tellLesson, type Lesson } from "../../../src/wires/lesson.ts"
import { learn, openai, sentAgain } from "./_learn.ts"

const system = (content: string) => ({ role: "system", content })
const user = (content: string) => ({ role: "user", content })
const assistant = (content: string) => ({ role: "assistant", content })
const tool = { role: "tool", tool_call_id: "c", content: "r" }
const reminder = (text: string): string => `<system-reminder>\n${text}\n</system-reminder>`

const TURNS: Lesson = { kind: "order", rule: "turns" }

describe("an order that a chat template refuses", () => {
  const messages = [system("s"), user("a"), system("m"), user("b"), assistant("c"), assistant("d"), user("e"), system("n")]

  test.each<[string, unknown]>([
    ["Qwen's, in llama.cpp (llama.cpp#20733)", { error: { code: 500, message: "Unable to generate parser for this template. Automatic parser generation failed: \n------------\nError: Jinja Exception: System message must be at the beginning.", type: "server_error" } }],
    ["Gemma's, in vLLM (conversations#197)", { object: "error", message: "Conversation roles must alternate user/assistant/user/assistant/... Conversation roles must alternate user/assistant/user/assistant/...", code: 400 }],
    ["Mistral's, in vLLM (vllm#6862)", { object: "error", message: "After the optional system message, conversation roles must alternate user/assistant/user/assistant/...", code: 400 }],
    ["Mistral's own check", { object: "error", message: "Unexpected role 'system' after role 'user'", type: "invalid_request_message_order", code: "3230" }],
    ["LM Studio's, in a stream", 'backend "b": Error rendering prompt with jinja template: "Conversation roles must alternate user/assistant/user/assistant/...".'],
  ])("%s", (_, answer) => {
    expect(learn({ messages }, answer)).toEqual(TURNS)
    expect(sentAgain({ messages }, answer)).toEqual({
      messages: [
        system("s"),
        user(["a", reminder("m"), "b"].join("\n\n")),
        assistant("c\n\nd"),
        user(["e", reminder("n")].join("\n\n")),
      ],
    })
  })

  test("user and assistant take turns in Responses as well, where the system prompt stands elsewhere", () => {
    const item = (role: string, text: string) => ({ type: "message", role, content: [{ type: "input_text", text }] })
    const call = { type: "function_call", call_id: "c", name: "f", arguments: "{}" }
    const body = { instructions: "s", input: [item("system", "m"), item("user", "a"), call, item("user", "b")] }
    expect(sentAgain(body, openai("System message must be at the beginning."), "responses")).toEqual({
      instructions: "s",
      input: [
        { type: "message", role: "user", content: [{ type: "input_text", text: reminder("m") }, { type: "input_text", text: "a" }] },
        call,
        item("user", "b"),
      ],
    })
  })

  test("a system message may be a list of texts", () => {
    const parts = { role: "system", content: [{ type: "text", text: "m" }, { type: "text", text: "n" }] }
    expect(heed({ messages: [user("a"), parts] }, [TURNS])).toEqual({ messages: [user(`a\n\n${reminder("m\n\nn")}`)] })
  })

  test("messages that take turns already teach nothing", () => {
    expect(learn({ messages: [system("s"), user("a"), assistant("b"), tool] }, openai("roles must alternate user/assistant"))).toBeUndefined()
  })
})

test("a word stands between a tool's result and the user where they may not touch (datapizza-ai#98)", () => {
  const answer = { object: "error", message: "Unexpected role 'user' after role 'tool'", type: "invalid_request_message_order", code: "3230" }
  expect(sentAgain({ messages: [user("a"), tool, user("b")] }, answer)).toEqual({
    messages: [user("a"), tool, assistant("Understood."), user("b")],
  })
})

test("a template without a system role gets the system prompt from the user (llama-cpp-python#1580)", () => {
  const answer = { object: "error", message: "System role not supported", type: "BadRequestError", code: 400 }
  expect(sentAgain({ messages: [system("s"), user("a")] }, answer)).toEqual({ messages: [user("s\n\na")] })
})

describe("a role by its name", () => {
  const developer = { role: "developer", content: "s" }
  test.each<[string, unknown]>([
    ["OpenAI", openai("Unsupported value: 'messages[0].role' does not support 'developer' with this model.", "messages[0].role", "unsupported_value")],
    ["serde, as in DeepSeek (cc-switch#3330)", openai("Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool` at line 1 column 49")],
    [
      "OpenAI's older models",
      openai("Invalid value: 'developer'. Supported values are: 'system', 'assistant', 'user', 'function', and 'tool'.", "messages[0].role", "invalid_value"),
    ],
    ["DashScope (redmine_ai_helper#242)", openai("developer is not one of ['system', 'assistant', 'user', 'tool', 'function'] - 'messages.['0].role'")],
    ["a gateway (new-api#5330)", openai("invalid parameter 'messages[0].role': invalid role 'developer', must be one of: system, user, assistant, tool")],
    ["zod, as at Vercel (chatwise#971)", openai("Invalid enum value. Expected 'system' | 'user' | 'assistant' | 'tool', received 'developer'", "messages.0.role")],
    ["Qwen's template, which leaves open what it refuses (kon#5)", { error: { code: 500, message: "Jinja Exception: Unexpected message role.", type: "server_error" } }],
    ["one that tells what came last", openai("messages[0].role is not supported: must be one of 'system', 'user' or 'assistant', got 'developer'")],
  ])("%s", (_, answer) => {
    expect(sentAgain({ messages: [developer, user("a")] }, answer)).toEqual({ messages: [system("s"), user("a")] })
  })

  test("where the other role is not listed either, the user says it", () => {
    const answer = { detail: [{ type: "literal_error", loc: ["body", "messages", 0, "role"], msg: "Input should be 'user' or 'assistant'", input: "system" }] }
    expect(sentAgain({ messages: [system("s"), user("a")] }, answer)).toEqual({ messages: [user("s\n\na")] })
  })

  test("one that is only listed as taken is not the refused one", () => {
    const answer = openai("messages[1].role: unknown variant `tool`, expected one of `system`, `user`")
    expect(learn({ messages: [system("s"), tool] }, answer)).toBeUndefined()
  })
})

test("messages of the client's own form are left alone", () => {
  const body = { messages: [{ role: "system", content: [{ type: "text", text: "s" }] }, user("a"), user("b")] }
  expect(learn(body, openai("Conversation roles must alternate user/assistant"), "anthropic")).toBeUndefined()
})

test("is told in words", () => {
  const order: Lesson = { kind: "order", rule: "user_after_tool" }
  expect([tellLesson(TURNS), tellLesson(order), tellLesson({ kind: "role", role: "system", to: "user" })]).toEqual([
    "system messages after the first are told by the user, and messages of one role are joined",
    "the assistant says a word between a tool's result and the user",
    "system messages are sent as user messages",
  ])
})

test("what is in order already stays the same object", () => {
  const body = { messages: [system("s"), user("a")] }
  expect(heed(body, [TURNS, { kind: "order", rule: "user_after_tool" }])).toBe(body)
})
