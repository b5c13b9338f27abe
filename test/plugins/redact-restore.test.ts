import { afterEach, describe, expect, test } from "vitest"
import redact from "../../plugins/redact.ts"
import type { AssistantMessage, BlockDelta, MessageEvent } from "../../src/anthropic/events.ts"
import { fold } from "../../src/anthropic/fold.ts"
import { checkGrammar } from "../../src/testing/index.ts"
import { chunks, json, raw, startBackend, type Script } from "../_backend.ts"
import { event, end, start } from "../http/_messages.ts"
import { delta, eventsIn, startProxy } from "../_proxy.ts"
import { use } from "./_models.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** The answer to a request in which a@x.de is `[EMAIL_1]` and `KD "7"\` is `[CUSTOMER_1]`. */
async function ask(script: Script, { options = {}, api = "chat", ...request }: Given = {}): Promise<Response> {
  const backend = await startBackend(script)
  const proxy = await startProxy(
    { models: { a: { backend: "b", model: "one" } }, backends: { b: { base_url: backend.url, api } } },
    { plugins: [await use(redact, { restore: true, own: { customer: 'KD "\\d+"\\\\' }, ...options })] },
  )
  closing.push(proxy.close, backend.close)
  const messages = [{ role: "user", content: 'Write to a@x.de about KD "7"\\.' }]
  return proxy.send({ model: "a", stream: true, messages, ...request })
}

async function answer(script: Script, given: Given = {}): Promise<MessageEvent[]> {
  const events = eventsIn(await (await ask(script, given)).text())
  expect(checkGrammar(events)).toEqual([])
  return events
}

interface Given {
  readonly options?: object
  readonly api?: "chat" | "anthropic"
  readonly [field: string]: unknown
}

const f = { name: "f", input_schema: { type: "object" } }
const texts = (...list: string[]): Script => chunks([...list.map((content) => delta({ content })), delta({}, "stop")])
const calls = (...list: string[]): Script => {
  const [first, ...rest] = list.map((piece) => ({ index: 0, function: { arguments: piece } }))
  const head = { ...first, id: "t", function: { name: "f", ...first?.function } }
  return chunks([head, ...rest].map((call) => delta({ tool_calls: [call] })).concat(delta({}, "tool_calls")))
}
const deltas = (events: readonly MessageEvent[]): BlockDelta[] =>
  events.flatMap((event) => (event.type === "content_block_delta" ? [event.delta] : []))
const said = (events: readonly MessageEvent[]): string[] =>
  deltas(events).flatMap((delta) => (delta.type === "text_delta" ? [delta.text] : []))

describe("a word becomes its value", () => {
  test("in a text", async () => {
    expect(said(await answer(texts("I wrote to [EMAIL_1] and ", "[EMAIL_1], of [CUSTOMER_1].")))).toEqual([
      "I wrote to a@x.de and ",
      'a@x.de, of KD "7"\\.',
    ])
  })

  test.each(Array.from("[EMAIL_1]", (_, at) => at + 1))("in a text, where it is cut behind character %i", async (at) => {
    const events = await answer(texts(`to ${"[EMAIL_1]".slice(0, at)}`, `${"[EMAIL_1]".slice(at)}, ok`))
    expect(said(events)).toEqual(at < 9 ? ["to ", "a@x.de, ok"] : ["to a@x.de", ", ok"])
  })

  test("in a text that comes character by character", async () => {
    expect(said(await answer(texts(..."a [EMAIL_1] b"))).join("")).toBe("a a@x.de b")
  })

  test("in an answer that is not streamed", async () => {
    const said = { choices: [{ message: { content: "to [EMAIL_1]" }, finish_reason: "stop" }] }
    const message = (await (await ask(json(200, said), { stream: false })).json()) as AssistantMessage
    expect(message.content).toEqual([{ type: "text", text: "to a@x.de", citations: null }])
  })

  test("in a tool's input, as JSON has it, whatever it is cut into", async () => {
    const json = '{"to":"[EMAIL_1]","of":["[CUSTOMER_1]"],"[EMAIL_1]":1,"n":[1]}'
    const input = { to: "a@x.de", of: ['KD "7"\\'], "a@x.de": 1, n: [1] }
    for (const pieces of [[json], [...json], json.match(/.{1,7}/g) ?? []]) {
      const events = await answer(calls(...pieces), { tools: [f] })
      expect(fold(events)?.content).toEqual([{ type: "tool_use", id: "t", name: "f", input, caller: { type: "direct" } }])
    }
  })

  test("in an answer that is JSON, as JSON has it", async () => {
    const schema = { type: "object", properties: { of: { type: "string" } } }
    const output_config = { format: { type: "json_schema", schema } }
    const events = await answer(texts('{"of":"[CUST', 'OMER_1]"}'), { output_config })
    expect(JSON.parse(said(events).join(""))).toEqual({ of: 'KD "7"\\' })
  })
})

describe("what is no word stays", () => {
  test.each([
    ["[EMAIL_2] [PHONE_1] EMAIL_1 [email_1] [EMAIL_1"],
    ["[EM", "PTY] [EMAIL_", "x] [["],
    ["a[0]", "[1]"],
  ])("%j", async (...pieces) => {
    expect(said(await answer(texts(...pieces))).join("")).toBe(pieces.join(""))
  })

  test("and nothing is held that cannot become one", async () => {
    const pieces = ["see [1", "] and [EX", "] and [EMAIL_10"]
    expect(said(await answer(texts(...pieces)))).toEqual(pieces)
  })

  test("and what was held comes before the end of its block", async () => {
    expect(said(await answer(texts("see [EMAIL", "_")))).toEqual(["see ", "[EMAIL_"])
  })

  test("and what was held comes before a failure", async () => {
    const events = await answer(chunks([delta({ content: "see [EMAIL" })], { done: false }))
    expect([said(events), events.at(-1)?.type]).toEqual([["see ", "[EMAIL"], "error"])
  })

  test("where restore is off", async () => {
    expect(said(await answer(texts("to [EMAIL_1]"), { options: { restore: false } }))).toEqual(["to [EMAIL_1]"])
  })
})

test("thinking stays as it was signed, and citations are put back", async () => {
  const block = (index: number, content_block: object, ...list: object[]): string =>
    event("content_block_start", { index, content_block }) +
    list.map((delta) => event("content_block_delta", { index, delta })).join("") +
    event("content_block_stop", { index })
  const script = raw(
    start +
      block(
        0,
        { type: "thinking", thinking: "", signature: "" },
        { type: "thinking_delta", thinking: "[EMAIL_1]?" },
        { type: "signature_delta", signature: "s" },
      ) +
      block(
        1,
        { type: "text", text: "", citations: [] },
        { type: "text_delta", text: "[EMAIL_1" },
        { type: "citations_delta", citation: { type: "char_location", cited_text: "[EMAIL_1]", document_index: 0 } },
        { type: "text_delta", text: "]" },
      ) +
      end(),
  )
  const events = eventsIn(await (await ask(script, { api: "anthropic" })).text())
  expect(fold(events)?.content).toEqual([
    { type: "thinking", thinking: "[EMAIL_1]?", signature: "s" },
    { type: "text", text: "a@x.de", citations: [{ type: "char_location", cited_text: "a@x.de", document_index: 0 }] },
  ])
})

test("what was put back is taken out again in the next turn, and the backend finds its own words", async () => {
  const backend = await startBackend(calls('{"to":"[EMAIL_1]"}'), texts("sent"))
  const proxy = await startProxy(
    { models: { a: { backend: "b", model: "one" } }, backends: { b: { base_url: backend.url } } },
    { plugins: [await use(redact, { restore: true })] },
  )
  closing.push(proxy.close, backend.close)
  const asked = { role: "user", content: "Write to a@x.de" }
  const first = await proxy.send({ model: "a", tools: [f], messages: [asked] })
  const { content } = (await first.json()) as { content: object[] }
  expect(content).toEqual([expect.objectContaining({ input: { to: "a@x.de" } })])
  const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "sent to a@x.de, cc b@x.de" }] }
  await (await proxy.send({ model: "a", tools: [f], messages: [asked, { role: "assistant", content }, result] })).text()
  expect(backend.asked[1]?.body).toMatchObject({
    messages: [
      { role: "user", content: "Write to [EMAIL_1]" },
      { role: "assistant", tool_calls: [{ function: { name: "f", arguments: '{"to":"[EMAIL_1]"}' } }] },
      { role: "tool", content: "sent to [EMAIL_1], cc [EMAIL_2]" },
    ],
  })
})
