/**
 * A real model, 135 million parameters small, behind llama.cpp's server, asked through the proxy with the official
 * SDK. What it says is nonsense now and then; what is looked at is the form of it.
 */
import Anthropic from "@anthropic-ai/sdk"
import { beforeAll, describe, expect, test } from "vitest"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { checkGrammar } from "../../src/testing/grammar.ts"
import { configFor, GREEDY, startLlama, type Llama } from "./_llama.ts"
import { lacks } from "./_missing.ts"
import { KEY, startProxy } from "./_proxy.ts"
import { lacksModel } from "./_python.ts"

type Params = Anthropic.MessageCreateParamsNonStreaming

const MODEL = "claude-small"
const CAT: Anthropic.MessageParam[] = [{ role: "user", content: "Write one sentence about a cat." }]

describe.skipIf(lacks(import.meta.url, lacksModel()))("a real model", () => {
  let client: Anthropic
  let llama: Llama
  beforeAll(async () => {
    llama = await startLlama({ context: 4096 })
    const { url } = await startProxy(configFor(llama))
    client = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0 })
  })

  const ask = (more: Partial<Params> = {}): Params => {
    return { ...GREEDY, model: MODEL, max_tokens: 100, messages: CAT, ...more }
  }
  const eventsOf = async (params: Params): Promise<readonly MessageEvent[]> => {
    const stream = await client.messages.create({ ...params, stream: true })
    return (await Array.fromAsync(stream)) as readonly MessageEvent[]
  }

  test("answers, ends by itself and counts its tokens", async () => {
    const message = await client.messages.create(ask())
    expect(message).toEqual({
      id: expect.stringMatching(/^msg_\w+$/),
      type: "message",
      role: "assistant",
      model: MODEL,
      content: [{ type: "text", text: expect.stringContaining("cat"), citations: null }],
      stop_reason: "end_turn",
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: expect.any(Object),
    })
    expect(inputOf(message.usage)).toBeGreaterThan(20)
    expect(message.usage.output_tokens).toBeGreaterThan(2)
  })

  test("streams word by word, in Anthropic's grammar, to the same message", async () => {
    const events = await eventsOf(ask())
    const deltas = events.filter(({ type }) => type === "content_block_delta")
    const last = events.find((event) => event.type === "message_delta")
    const whole = await client.messages.create(ask())
    expect(checkGrammar(events)).toEqual([])
    expect(whole.content).toEqual([{ type: "text", text: textOf(events), citations: null }])
    expect(last?.delta.stop_reason).toBe("end_turn")
    expect([deltas.length > 2, last?.usage.output_tokens]).toEqual([true, whole.usage.output_tokens])
  })

  test("the SDK's message stream adds up to one message", async () => {
    const stream = client.messages.stream(ask())
    const pieces: string[] = []
    stream.on("text", (text) => pieces.push(text))
    const message = await stream.finalMessage()
    expect(message.content).toEqual([{ type: "text", text: pieces.join(""), citations: null }])
    expect([message.stop_reason, pieces.length > 2, message.usage.output_tokens > 2]).toEqual(["end_turn", true, true])
  })

  test("remembers what was said before, and what the system prompt tells", async () => {
    const hello: Anthropic.MessageParam = { role: "user", content: "My name is Grizelda. Say hello." }
    const first = await client.messages.create(ask({ messages: [hello] }))
    const texts = ["What is my name?", "Answer with it."].map((text) => ({ type: "text" as const, text }))
    const said: Anthropic.MessageParam = { role: "assistant", content: first.content }
    const messages = [hello, said, { role: "user" as const, content: texts }]
    const second = await client.messages.create(ask({ messages, system: "You repeat names." }))
    expect(JSON.stringify(second.content)).toContain("Grizelda")
    expect(inputOf(second.usage)).toBeGreaterThan(inputOf(first.usage))
  })

  test("text ends before a stop sequence that the backend cut at", async () => {
    const [plain] = (await client.messages.create(ask())).content
    const whole = await client.messages.create(ask({ stop_sequences: ["qq", "cat"] }))
    const events = await eventsOf(ask({ stop_sequences: ["qq", "cat"] }))
    const until = plain?.type === "text" ? plain.text.slice(0, plain.text.indexOf("cat")) : ""
    expect(whole.content).toEqual([{ type: "text", text: until, citations: null }])
    expect([checkGrammar(events), textOf(events)]).toEqual([[], until])
    // llama.cpp does not tell what it cut at, so that only a proxy which cuts by itself can.
    expect([null, "cat"]).toContain(whole.stop_sequence)
  })

  test("stops at one of more stop_sequences than the backend is sent, and says at which", async () => {
    const stop_sequences = ["qq0", "qq1", "qq2", "qq3", "qq4", "cat"]
    const whole = await client.messages.create(ask({ stop_sequences }))
    const events = await eventsOf(ask({ stop_sequences }))
    const ended = { stop_reason: "stop_sequence", stop_sequence: "cat" }
    expect(whole).toMatchObject({ ...ended, content: [{ type: "text", text: textOf(events) }] })
    expect([checkGrammar(events), textOf(events).includes("cat")]).toEqual([[], false])
    expect(events.find((event) => event.type === "message_delta")?.delta).toMatchObject(ended)
  })

  test("is cut at max_tokens, and says so", async () => {
    const whole = await client.messages.create(ask({ max_tokens: 3 }))
    const events = await eventsOf(ask({ max_tokens: 3 }))
    const last = events.find((event) => event.type === "message_delta")
    expect([whole.stop_reason, whole.usage.output_tokens]).toEqual(["max_tokens", 3])
    expect([checkGrammar(events), last?.delta.stop_reason, last?.usage.output_tokens]).toEqual([[], "max_tokens", 3])
  })

  test("an answer in a JSON schema is one", async () => {
    const schema = {
      type: "object",
      properties: { city: { type: "string" }, people: { type: "integer" } },
      required: ["city", "people"],
      additionalProperties: false,
    }
    const message = await client.messages.create(ask({ output_config: { format: { type: "json_schema", schema } } }))
    const [block] = message.content
    const value: unknown = JSON.parse(block?.type === "text" ? block.text : "")
    expect(value).toEqual({ city: expect.any(String), people: expect.any(Number) })
  })

  test("count_tokens comes near to what the model counts", async () => {
    const content = "The quick brown fox jumps over the lazy dog, and the dog does not mind it at all. ".repeat(20)
    const { input_tokens } = await client.messages.countTokens({ model: MODEL, messages: [{ role: "user", content }] })
    const { usage } = await client.messages.create(ask({ max_tokens: 1, messages: [{ role: "user", content }] }))
    const ratio = input_tokens / inputOf(usage)
    expect({ ratio, near: ratio > 0.7 && ratio < 1.4 }).toEqual({ ratio, near: true })
  })

  test("count_tokens is what the model counts, to the token, where its server says so", async () => {
    const { url } = await startProxy(configFor(llama, "llama.cpp"))
    const exact = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0 })
    const call = { type: "tool_use" as const, id: "toolu_1", name: "weather", input: { city: "Oslo" } }
    const asked: Pick<Params, "messages" | "system" | "tools"> = {
      system: [{ type: "text", text: "You are brief. Du bist kurz angebunden. 请简短回答。" }],
      messages: [
        { role: "user", content: "What is the weather in Oslo?" },
        { role: "assistant", content: [{ type: "text", text: "I'll look." }, call] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: '{"celsius": -3.5}' }] },
      ],
      tools: [{ name: "weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }],
    }
    const { input_tokens } = await exact.messages.countTokens({ model: MODEL, ...asked })
    const { usage } = await exact.messages.create(ask({ max_tokens: 1, ...asked }))
    expect(input_tokens).toBe(inputOf(usage))
  })

  test("count_tokens learns from the turns where it does not", async () => {
    const content = "Der schnelle braune Fuchs springt über den faulen Hund, und dem Hund macht es nichts aus. ".repeat(20)
    const messages: Params["messages"] = [{ role: "user", content }]
    const { url } = await startProxy(configFor(llama))
    const learning = new Anthropic({ baseURL: url, apiKey: KEY, maxRetries: 0 })
    const { usage } = await learning.messages.create(ask({ max_tokens: 1, messages }))
    const offBy = async (): Promise<number> => {
      const { input_tokens } = await learning.messages.countTokens({ model: MODEL, messages })
      return Math.abs(input_tokens - inputOf(usage))
    }
    await expect.poll(offBy).toBeLessThan(2)
  })

  test("answers several who ask at once, each with their own words", async () => {
    const names = ["Alpha", "Bravo", "Charlie", "Delta"]
    const answers = await Promise.all(
      names.map(async (name) => {
        const messages: Params["messages"] = [{ role: "user", content: `Repeat this word: ${name}` }]
        const events = await eventsOf(ask({ max_tokens: 40, messages }))
        return { name, breaches: checkGrammar(events), own: textOf(events).includes(name) }
      }),
    )
    expect(answers).toEqual(names.map((name) => ({ name, breaches: [], own: true })))
  })

  test("lists the name the config spells out", async () => {
    const models = await Array.fromAsync(client.models.list())
    expect(models.map(({ id }) => id)).toEqual([MODEL])
  })
})

/** All of the input, what the backend had in its cache among it. */
function inputOf(usage: Anthropic.Usage): number {
  return usage.input_tokens + (usage.cache_read_input_tokens ?? 0)
}

function textOf(events: readonly MessageEvent[]): string {
  const deltas = events.flatMap((event) => (event.type === "content_block_delta" ? [event.delta] : []))
  return deltas.map((delta) => (delta.type === "text_delta" ? delta.text : "")).join("")
}
