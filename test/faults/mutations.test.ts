import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fold } from "../../src/anthropic/fold.ts"
import { eventsIn } from "../_proxy.ts"
import { startInProcess, type InProcess } from "./_in-process.ts"
import { tryDamaged } from "./_mutations.ts"
import { RECORDINGS, toText } from "./_recordings.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

test(`a damaged answer becomes a whole one or an error, and nothing throws (seed ${SEED})`, async () => {
  await expect(tryDamaged(SEED, 400)).resolves.toBeUndefined()
})

describe("what such trials have found", () => {
  let proxy: InProcess
  beforeAll(async () => {
    proxy = await startInProcess(RECORDINGS)
  })
  afterAll(() => proxy.close())

  /** What a client is told in the end when a backend streams this. */
  const told = async (like: string, ...events: readonly unknown[]): Promise<unknown> => {
    const recording = RECORDINGS.find(({ name }) => name === like)
    if (!recording) throw new Error(`there is no recording ${like}`)
    const sent = events.map((data) => ({ name: undefined, data: typeof data === "string" ? data : JSON.stringify(data) }))
    const { status, text } = await proxy.answer(recording, [new TextEncoder().encode(toText(sent))], true)
    if (status !== 200) return [status, (JSON.parse(text) as { error: { message: string } }).error.message]
    const all = eventsIn(text)
    const last = all.at(-1)
    const message = fold(all)
    return last?.type === "error" ? last.error.message : [message?.type, message?.content, message?.stop_reason]
  }
  const chat = "groq/usage-in-x-groq"
  const says = { choices: [{ delta: { content: "x" } }] }
  const x = { type: "text", text: "x", citations: null }
  const cutOff = 'backend "chat-groq" closed the connection before its answer was complete'

  test.each([[7], [true], [{}], [[]], [{ toString: 1 }]])("a finish_reason that is no word (%j) ends nothing", async (reason) => {
    expect(await told(chat, says, { choices: [{ delta: {}, finish_reason: reason }] })).toBe(cutOff)
  })

  test.each(["constructor", "__proto__"])("a finish_reason that nobody knows (%s) is a plain end", async (reason) => {
    const end = { choices: [{ delta: {}, finish_reason: reason }] }
    expect(await told(chat, says, end)).toEqual(["message", [x], "end_turn"])
  })

  test("a choice numbered by an object is the first", async () => {
    const choices = [{ index: { toString: 1 }, delta: { content: "x" }, finish_reason: "stop" }]
    expect(await told(chat, { choices })).toEqual(["message", [x], "end_turn"])
  })

  test("a text numbered by an object is its item's first", async () => {
    const part = { type: "response.output_text.delta", content_index: { toString: 1 }, delta: "x" }
    const end = { type: "response.completed", response: { status: "completed" } }
    expect(await told("responses/text", part, end)).toEqual(["message", [x], "end_turn"])
  })

  test("the end of a message changes neither its kind nor its reason to something else", async () => {
    const delta = { type: "ping", stop_reason: ["end_turn"], stop_sequence: null }
    const end = { type: "message_delta", delta, usage: { output_tokens: 1 } }
    const start = { type: "content_block_start", index: 0, content_block: x }
    const events = [start, end, { type: "message_stop" }]
    expect(await told("messages of openai/text", ...events)).toEqual(["message", [x], "end_turn"])
  })

  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`
  const no = "sent something that is not a"
  test.each([
    [chat, `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":${deep}}}]}}]}`, `chat-groq" ${no} chat completion`],
    [chat, `{"error":{"message":${deep}}}`, `chat-groq" ${no} chat completion`],
    [chat, deep, `chat-groq" ${no} chat completion`],
    ["responses/text", `{"type":"response.function_call_arguments.done","arguments":${deep}}`, `responses-general" ${no} response`],
    ["messages of openai/text", `{"type":"of_tomorrow","value":${deep}}`, `anthropic-anthropic" ${no} message`],
  ])("what nests so deep that it could not be written again is no answer (%s, %.35s…)", async (like, event, message) => {
    expect(await told(like, event)).toEqual([502, `backend "${message}`])
  })

  test("arguments that nest so deep are handed on as a text", async () => {
    const call = { index: 0, id: "a", function: { name: "f", arguments: deep } }
    const events = [{ choices: [{ delta: { tool_calls: [call] }, finish_reason: "tool_calls" }] }, "[DONE]"]
    const use = { type: "tool_use", id: "a", name: "f", input: { _raw: deep }, caller: { type: "direct" } }
    expect(await told(chat, ...events)).toEqual(["message", [use], "tool_use"])
  })
})
