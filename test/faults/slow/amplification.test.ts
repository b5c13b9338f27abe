/**
 * Nothing that a client or a backend sends may cost a hundred times what it cost to send (fault 30): the rule is Envoy's,
 * for what it calls a weakness. CPU is compared with parsing as many bytes of JSON, memory with the bytes. What grows
 * with the square of an input shows here, because the inputs are large.
 */
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { KEY, startMeasured, type Measured } from "../../soak/_server.ts"
import { costOf, type Sent } from "./_costs.ts"

const MOST = 100

let answer: { readonly head: Readonly<Record<string, string>>; readonly bytes: Uint8Array }
let backend: Server
let proxy: Measured

beforeAll(async () => {
  backend = createServer((asked, response) => {
    asked.resume().once("end", () => response.writeHead(200, answer.head).end(answer.bytes))
  }).listen(0, "127.0.0.1")
  await once(backend, "listening")
  const base_url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/v1`
  proxy = await startMeasured({
    models: Object.fromEntries(["chat", "responses", "anthropic", "tags", "details"].map((name) => [name, { backend: name, model: "m" }])),
    backends: {
      chat: { base_url, api: "chat" },
      responses: { base_url, api: "responses" },
      anthropic: { base_url, api: "anthropic" },
      tags: { base_url, api: "chat", flags: { reasoning: { tags: true } } },
      details: { base_url, api: "chat", profile: "openrouter" },
    },
  })
  // What is compiled and loaded with the first requests is no input's doing.
  for (const [model, text] of Object.entries(SHORT)) {
    for (let n = 0; n < 30; n++) await upstream(model, text)
  }
})
afterAll(async () => {
  await proxy.close()
  backend.close()
})

const HELLO = [{ role: "user", content: "Hi" }]

async function send(body: string, path = "/v1/messages"): Promise<string> {
  const headers = { "x-api-key": KEY, "content-type": "application/json" }
  return (await fetch(proxy.url + path, { method: "POST", headers, body })).text()
}

/** Asks while the backend answers with this. */
function upstream(model: string, bytes: string | Uint8Array, request: object = {}, head: Readonly<Record<string, string>> = {}): Promise<string> {
  answer = { head: { "content-type": "text/event-stream", ...head }, bytes: typeof bytes === "string" ? Buffer.from(bytes) : bytes }
  return send(JSON.stringify({ model, max_tokens: 9, stream: true, messages: HELLO, ...request }))
}

const sse = (events: readonly unknown[]): string =>
  events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join("")
const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const delta = (value: object): object => ({ choices: [{ delta: value }] })
const call = (index: number, fields: object): object => delta({ tool_calls: [{ index, ...fields }] })
const END = [{ choices: [{ delta: {}, finish_reason: "stop" }] }, "[DONE]"]
const named = (type: string, fields: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`

const SHORT: Readonly<Record<string, string>> = {
  chat: sse([delta({ content: "Hi" }), call(0, { id: "a", function: { name: "f", arguments: "{}" } }), ...END]),
  responses: sse([{ type: "response.output_text.delta", delta: "Hi" }, { type: "response.completed", response: {} }]),
  anthropic: named("message_delta", { delta: { stop_reason: "end_turn" } }) + named("message_stop", {}),
}

const THINK = { thinking: { type: "adaptive" }, output_config: { effort: "low" } }
const EAGER = { tools: [{ name: "f", input_schema: { type: "object" }, eager_input_streaming: true }] }
const JSON_ANSWER = { output_config: { format: { type: "json_schema", schema: { type: "object" } } } }
const AAA = "a".repeat(100_000)

/** What a backend streams, and for which request. */
const ANSWERS: Readonly<Record<string, readonly [model: string, bytes: () => string | Uint8Array, request?: object, head?: Readonly<Record<string, string>>]>> = {
  "a line of 7 MB": ["chat", () => sse([delta({ content: "x".repeat(7_000_000) }), ...END])],
  "a megabyte of blank lines": ["chat", () => "\n".repeat(1_000_000) + sse(END)],
  "a megabyte of comments": ["chat", () => ":\n".repeat(500_000) + sse(END)],
  "a megabyte of lines of data in one event": ["chat", () => `${"data:\n".repeat(170_000)}\n${sse(END)}`],
  "50,000 events without anything": ["chat", () => sse([...times(50_000, () => "{}"), ...END])],
  "50,000 words of a letter": ["chat", () => sse([...times(50_000, () => delta({ content: "x" })), ...END])],
  "50,000 thoughts of a letter": ["chat", () => sse([...times(50_000, () => delta({ reasoning_content: "x" })), ...END]), THINK],
  "20,000 tool calls": ["chat", () => sse([...times(20_000, (n) => call(n, { id: `c${n}`, function: { name: "f", arguments: "{}" } })), ...END])],
  "20,000 tool calls that take turns": [
    "chat",
    () =>
      sse([
        ...times(20_000, (n) => call(n, { id: `c${n}`, function: { name: "f", arguments: "{" } })),
        ...times(20_000, (n) => call(n, { function: { arguments: "}" } })),
        ...END,
      ]),
  ],
  "arguments in 50,000 pieces, each with the name": [
    "chat",
    () =>
      sse([
        call(0, { id: "a", function: { name: "f", arguments: '{"a":"' } }),
        ...times(50_000, () => call(0, { function: { name: "f", arguments: "xxxxxxxxxx" } })),
        call(0, { function: { arguments: '"}' } }),
        ...END,
      ]),
  ],
  "arguments in 50,000 pieces, for a tool that wants them as they come": [
    "chat",
    () => sse([call(0, { id: "a", function: { name: "f", arguments: '{"a":"' } }), ...times(50_000, () => call(0, { function: { arguments: "xxxxxxxxxx" } })), ...END]),
    EAGER,
  ],
  "a call that is never complete, and 20,000 words behind it": [
    "chat",
    () =>
      sse([
        call(0, { id: "a", function: { name: "f", arguments: `{"a":"${"x".repeat(500_000)}` } }),
        ...times(20_000, () => delta({ content: "x" })),
        ...END,
      ]),
  ],
  "a name in 20,000 pieces": ["chat", () => sse([...times(20_000, (n) => call(0, { id: "a", function: { name: `n${n}` } })), ...END])],
  "20,000 details of reasoning": [
    "details",
    () => sse([...times(20_000, (n) => delta({ reasoning_details: [{ type: "reasoning.text", index: n, text: "x" }] })), ...END]),
    THINK,
  ],
  "10,000 details that say something else than what is shown": [
    "details",
    () =>
      sse([
        delta({ reasoning: "shown ".repeat(50_000) }),
        ...times(10_000, (n) => delta({ reasoning: " ", reasoning_details: [{ type: "reasoning.text", index: n, text: `shown shown ${n} shown` }] })),
        ...END,
      ]),
    THINK,
  ],
  "200,000 blanks where a tag may begin": ["tags", () => sse([...times(200_000, () => delta({ content: " " })), ...END]), THINK],
  "50,000 beginnings of a tag's end": ["tags", () => sse([delta({ content: "<think>" }), ...times(50_000, () => delta({ content: "</thin" })), ...END]), THINK],
  "50,000 blanks where an object should begin": ["chat", () => sse([...times(50_000, () => delta({ content: " " })), ...END]), JSON_ANSWER],
  "an answer that is nearly a long stop sequence": ["chat", () => sse([delta({ content: `${AAA}b${AAA}` }), ...END]), { stop_sequences: [`${AAA}c`] }],
  "the same letter by letter": ["chat", () => sse([...times(30_000, () => delta({ content: "a" })), ...END]), { stop_sequences: [`${AAA}c`] }],
  "packed: 50 MB in 50 KB": ["chat", () => gzipSync(Buffer.alloc(50_000_000)), {}, { "content-encoding": "gzip" }],
  "100,000 brackets": ["chat", () => sse([`${"[".repeat(100_000)}${"]".repeat(100_000)}`])],
  "a whole answer of 5 MB": [
    "chat",
    () => JSON.stringify({ choices: [{ message: { content: "word ".repeat(1_000_000) }, finish_reason: "stop" }] }),
    { stop_sequences: ["Human:", "\n\n\n"] },
  ],
  "20,000 items of a response": [
    "responses",
    () =>
      sse([
        ...times(20_000, (n) => ({ type: "response.output_text.delta", item_id: `i${n}`, output_index: n, delta: "x" })),
        { type: "response.completed", response: { output: times(20_000, (n) => ({ type: "message", id: `j${n}`, content: [] })) } },
      ]),
  ],
  "20,000 parts of a message": [
    "responses",
    () => sse([...times(20_000, (n) => ({ type: "response.output_text.delta", item_id: "i", content_index: n, delta: "x" })), { type: "response.completed", response: {} }]),
  ],
  "a text told whole 200 times": [
    "responses",
    () => sse([...times(200, (n) => ({ type: "response.output_text.done", item_id: "i", content_index: n, text: "x".repeat(10_000) })), { type: "response.completed", response: {} }]),
  ],
  "20,000 blocks behind a call that stays open": [
    "anthropic",
    () =>
      named("content_block_start", { index: 0, content_block: { type: "tool_use", id: "a", name: "f", input: {} } }) +
      times(20_000, (n) => named("content_block_start", { index: n + 1, content_block: { type: "text", text: "x" } })).join("") +
      SHORT["anthropic"],
  ],
  "20,000 unknown events ahead of the message": ["anthropic", () => times(20_000, () => named("of_tomorrow", {})).join("") + SHORT["anthropic"]],
  "20,000 ends of a message": ["anthropic", () => times(20_000, () => named("message_delta", { delta: { stop_reason: "end_turn" } })).join("") + SHORT["anthropic"]],
}

const use = (n: number): object => ({ type: "tool_use", id: `t${n}`, name: "f", input: {} })
const result = (n: number): object => ({ type: "tool_result", tool_use_id: `t${n}`, content: "x" })
const tool = (n: number): object => ({ name: `${"n".repeat(100)}${n}`, input_schema: { type: "object", properties: { a: { type: "string" } } } })

/** What a client sends, beside the model. */
const REQUESTS: Readonly<Record<string, () => object>> = {
  "a text of 5 MB": () => ({ messages: [{ role: "user", content: "word ".repeat(1_000_000) }] }),
  "a text of 2 MB that is all escapes": () => ({ messages: [{ role: "user", content: '"\\\n'.repeat(300_000) }] }),
  "20,000 messages": () => ({ messages: times(20_000, (n) => ({ role: n % 2 ? "assistant" : "user", content: "x" })).concat(HELLO) }),
  "20,000 messages of one role": () => ({ messages: times(20_000, () => HELLO[0]) }),
  "20,000 blocks of text": () => ({ messages: [{ role: "user", content: times(20_000, () => ({ type: "text", text: "x" })) }] }),
  "20,000 blocks of system text": () => ({ system: times(20_000, () => ({ type: "text", text: "x", cache_control: { type: "ephemeral" } })) }),
  "5,000 calls and their results": () => ({
    messages: [...HELLO, { role: "assistant", content: times(5000, use) }, { role: "user", content: times(5000, (n) => result(4999 - n)) }],
  }),
  "5,000 turns of calls": () => ({
    messages: [...HELLO, ...times(5000, (n) => [{ role: "assistant", content: [use(n)] }, { role: "user", content: [result(n)] }]).flat()],
  }),
  "5,000 tools with long names": () => ({ tools: times(5000, tool) }),
  "5,000 images": () => ({
    messages: [{ role: "user", content: times(5000, () => ({ type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } })) }],
  }),
  "a schema of 50,000 properties": () => ({
    tools: [{ name: "f", strict: true, input_schema: { type: "object", properties: Object.fromEntries(times(50_000, (n) => [`p${n}`, { type: "string", format: "uri" }])) } }],
  }),
  "a schema 200 deep": () => ({
    tools: times(200, (n) => ({
      name: `f${n}`,
      strict: true,
      input_schema: times(100, () => 0).reduce<object>((inner) => ({ type: "object", properties: { a: inner }, required: ["a"] }), { type: "object" }),
    })),
  }),
  "100,000 stop sequences": () => ({ stop_sequences: times(100_000, (n) => `s${n}`) }),
  "200,000 unknown fields": () => Object.fromEntries(times(200_000, (n) => [`x${n}`, n])),
  "a user's name of 1 MB": () => ({ metadata: { user_id: "u".repeat(1_000_000) } }),
  "thinking of 2 MB with a signature of 1 MB": () => ({
    messages: [
      ...HELLO,
      { role: "assistant", content: [{ type: "thinking", thinking: "x".repeat(2_000_000), signature: `llm-proxy.1.${"A".repeat(1_000_000)}` }, use(1)] },
      { role: "user", content: [result(1)] },
    ],
    ...THINK,
  }),
}

/** What is no request at all, as it is sent. */
const BODIES: Readonly<Record<string, () => string>> = {
  "half a million brackets": () => `${"[".repeat(500_000)}${"]".repeat(500_000)}`,
  "half a million brackets that stay open": () => "[".repeat(500_000),
  "half a million objects inside each other": () => '{"a":'.repeat(200_000),
  "the same key 100,000 times": () => `{"model":"chat","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]${',"x":1'.repeat(100_000)}}`,
  "the same key 100,000 times, handed on": () => `{"model":"anthropic","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]${',"x":1'.repeat(100_000)}}`,
  "a megabyte of blanks": () => " ".repeat(1_000_000),
  "a number of a million digits": () => "1".repeat(1_000_000),
  "a model's name of 1 MB": () => JSON.stringify({ model: "a".repeat(1_000_000), max_tokens: 9, messages: HELLO }),
  "a model's name like a bad pattern": () => JSON.stringify({ model: `${"(a+)+*".repeat(100_000)}$`, max_tokens: 9, messages: HELLO }),
}

const alone = (text: string): Sent => ({ texts: [text], bytes: text.length })

describe.skipIf(!existsSync("/proc/self/clear_refs"))("costs less than a hundred times what it is", () => {
  const spent: Record<string, string> = {}
  afterAll(() => console.log(spent))

  /** How many times too much it costs; nothing as a rule. */
  const excess = async (name: string, sent: Sent, exchange: () => Promise<unknown>): Promise<readonly string[]> => {
    const { cpu, memory } = await costOf(proxy, sent, exchange)
    spent[name] = `${(sent.bytes / 1000).toFixed(0)} KB: CPU x${cpu.toFixed(1)}, memory x${memory.toFixed(1)}`
    return [...(cpu < MOST ? [] : [`CPU x${cpu}`]), ...(memory < MOST ? [] : [`memory x${memory}`])]
  }

  describe("from a backend", () => {
    test.each(Object.entries(ANSWERS))("%s", async (name, [model, make, request = {}, head]) => {
      const bytes = make()
      const asked = JSON.stringify(request)
      const texts = typeof bytes === "string" ? (bytes.match(/[{[].*/g) ?? []) : []
      expect(await excess(name, { texts: [asked, ...texts], bytes: bytes.length + asked.length }, () => upstream(model, bytes, request, head))).toEqual([])
    })
  })

  describe.each(["chat", "responses", "anthropic"])("from a client, to a backend of the API %s", (model) => {
    test.each(Object.entries(REQUESTS))("%s", async (name, make) => {
      const request = { model, max_tokens: 9, messages: HELLO, stream: true, ...make() }
      expect(await excess(`${name} (${model})`, alone(JSON.stringify(request)), () => upstream(model, SHORT[model] ?? "", request))).toEqual([])
    })

    test.each(Object.entries(REQUESTS))("%s, only to be counted", async (name, make) => {
      const body = JSON.stringify({ model, messages: HELLO, ...make() })
      answer = { head: { "content-type": "application/json" }, bytes: Buffer.from('{"input_tokens":7}') }
      expect(await excess(`${name} (${model}, counted)`, alone(body), () => send(body, "/v1/messages/count_tokens"))).toEqual([])
    })
  })

  describe("from a client, that is no request", () => {
    test.each(Object.entries(BODIES))("%s", async (name, make) => {
      const body = make()
      expect(await excess(name, alone(body), () => send(body))).toEqual([])
    })
  })
})
