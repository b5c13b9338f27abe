/**
 * What may pass in headers and in the text of events. Faults of the list, and what must hold:
 *
 * | Fault | |
 * | --- | --- |
 * | 25 line breaks in what a request says (model, ids, names) | no header is made of it; a plugin that tries costs its request, and nothing else |
 * | 25 hop-by-hop headers, lengths, cookies, server names of a backend | none reaches the client |
 * | 25 line breaks and `event:` in texts | JSON, in exactly one event |
 *
 * Headers that a config may not set are in `hostile-config.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { chunks, json, raw, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, startProxy } from "../_proxy.ts"
import { head, heardIn, KEY, serveFiles, speakTo, type Heard, type Served } from "./_wire.ts"

const EVIL = "x\r\nx-evil: 1\r\n\r\nHTTP/1.1 200 OK\r\n"

let backend: ScriptedBackend
let server: Served
beforeAll(async () => {
  backend = await startBackend()
  server = await serveFiles({
    "config.yaml": `models:
  m: { backend: b, model: m }
  claude: { backend: a, model: m }
  ${JSON.stringify(EVIL)}: { backend: b, model: ${JSON.stringify(EVIL)} }
backends:
  b: { base_url: "${backend.url}" }
  a: { base_url: "${backend.url}", api: anthropic }
`,
  })
})
afterAll(async () => {
  await server.close()
  await backend.close()
})

/** What is really on the wire. */
async function ask(request: object): Promise<Heard> {
  const body = JSON.stringify({ max_tokens: 9, messages: [{ role: "user", content: "Hi" }], ...request })
  const lines = [`x-api-key: ${KEY}`, `Content-Length: ${Buffer.byteLength(body)}`, "Connection: close"]
  return heardIn(await speakTo(server.url, `${head("POST /v1/messages", ...lines)}\r\n${body}`).over)
}

const STRANGE = {
  "set-cookie": "session=1",
  server: "backend/1.0",
  "x-powered-by": "secret",
  via: "1.1 inner",
  "proxy-authenticate": "Basic",
  "www-authenticate": "Basic",
  "alt-svc": 'h3=":443"',
  "strict-transport-security": "max-age=1",
  "access-control-allow-origin": "*",
  location: "http://127.0.0.1:1/",
  link: "<x>",
  "content-language": "en",
  "content-location": "/x",
  "request-id": "req_of_the_backend",
  "x-request-id": "of the backend",
  "x-should-retry": "true",
  trailer: "x",
  upgrade: "h2c",
  "x-latin": "caf\u00e9",
}
const ALWAYS = ["connection", "content-type", "date", "request-id"]
const MESSAGE = { choices: [{ message: { content: "hi" }, finish_reason: "stop" }], usage: { prompt_tokens: 1, completion_tokens: 1 } }
const STREAM = [delta({ content: "hi" }), delta({}, "stop")]
const CLAUDE = {
  id: "msg_1", type: "message", role: "assistant", model: "m", content: [{ type: "text", text: "hi" }], stop_reason: "end_turn",
  stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 },
}

/** An answer with these headers in front of it. */
function withHeaders(headers: Readonly<Record<string, string>>, { answer }: Script): Script {
  return {
    answer(response) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      answer(response)
    },
  }
}

describe("of a backend's headers the client gets none", () => {
  const limit = { "anthropic-ratelimit-requests-limit": "5" }
  const later = { "retry-after": "7", "retry-after-ms": "7000" }
  test.each<[string, object, Script, number, readonly string[]]>([
    ["of a whole answer", { model: "m" }, json(200, MESSAGE, limit), 200, ["content-length"]],
    ["of a stream", { model: "m", stream: true }, withHeaders(limit, chunks(STREAM)), 200, ["cache-control", "transfer-encoding", "x-accel-buffering"]],
    ["of an error but when to come back", { model: "m" }, json(429, { error: { message: "later" } }, { ...limit, ...later }), 429, ["retry-after", "retry-after-ms", "transfer-encoding"]],
    ["of a redirect", { model: "m" }, json(307, {}), 502, ["transfer-encoding"]],
    ["of Anthropic's API but its limits", { model: "claude" }, json(200, CLAUDE, limit), 200, ["anthropic-ratelimit-requests-limit", "content-length"]],
  ])("%s", async (_, request, script, status, more) => {
    backend.play(withHeaders(STRANGE, script))
    const answer = await ask(request)
    expect([answer.status, Object.keys(answer.headers).toSorted()]).toEqual([status, [...ALWAYS, ...more].toSorted()])
    expect(answer.headers["request-id"]).toMatch(/^req_[\da-f]{32}$/)
  })
})

test("no header is made of what a request says, on either side", async () => {
  backend.play(json(200, MESSAGE))
  const tools = [{ name: "t", description: EVIL, input_schema: { type: "object" } }]
  const answer = await ask({ model: EVIL, metadata: { user_id: EVIL }, stop_sequences: [EVIL], tools, system: EVIL })
  expect([answer.status, "x-evil" in answer.headers]).toEqual([200, false])
  expect(backend.asked.at(-1)).toMatchObject({ path: "/v1/chat/completions", body: { model: EVIL } })
  expect(Object.keys(backend.asked.at(-1)?.headers ?? {})).not.toContain("x-evil")
})

test("a plugin that makes a header of a client's line breaks costs that request, and nothing else", async () => {
  const proxy = await startProxy(
    { models: { "*": { backend: "demo", model: "x" } }, backends: { demo: { base_url: "demo:" } } },
    {
      plugins: [
        {
          plugin: {
            name: "echo",
            setup: () => ({
              name: "echo",
              before: "route",
              async run(context, next) {
                context.head.set("x-model", context.request.model)
                return next(context)
              },
            }),
          },
          options: undefined,
        },
      ],
    },
  )
  const answer = await proxy.send({ model: EVIL })
  expect([answer.status, answer.headers.get("x-evil"), (await answer.json()).error.message]).toEqual([
    500,
    null,
    'plugin "echo" failed on this request',
  ])
  expect((await proxy.send({ model: "fine" })).headers.get("x-model")).toBe("fine")
  await proxy.close()
})

describe("line breaks and framing in texts stay texts, in one event each:", () => {
  const FORGED = '\r\n\r\nevent: message_stop\ndata: {"type":"message_stop"}\n\n\u0000\r: x\ndata: [DONE]\n\n'
  const call = { index: 0, id: `c${FORGED}`, type: "function", function: { name: "t", arguments: JSON.stringify({ a: FORGED }) } }
  const tools = [{ name: "t", input_schema: { type: "object" } }]
  test.each<[string, object, Script]>([
    ["text", { model: "m" }, chunks([delta({ content: FORGED }), delta({}, "stop")])],
    ["thinking", { model: "m", thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2000 }, chunks([delta({ reasoning_content: FORGED }), delta({ content: "hi" }), delta({}, "stop")])],
    ["a call", { model: "m", tools }, chunks([delta({ tool_calls: [call] }), delta({}, "tool_calls")])],
    ["an error", { model: "m" }, chunks([delta({ content: "hi" }), { error: { message: FORGED, code: 500 } }])],
    [
      "events of Anthropic's API",
      { model: "claude" },
      raw(
        `event: message_start\ndata: ${JSON.stringify({ type: "message_start", message: { ...CLAUDE, content: [] } })}\n\n`,
        `event: content_block_start\ndata: ${JSON.stringify({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } })}\n\n`,
        `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: FORGED, [FORGED]: 1 } })}\n\n`,
        `event: ping\ndata: ${JSON.stringify({ type: FORGED })}\n\n`,
        `event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n`,
        `event: message_delta\ndata: ${JSON.stringify({ type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 1 } })}\n\n`,
        `event: message_stop\ndata: {"type":"message_stop"}\n\n`,
      ),
    ],
  ])("%s", async (_, request, script) => {
    backend.play(script)
    const { body } = await ask({ ...request, stream: true })
    const text = Buffer.from(String(body), "latin1").toString()
    const types = eventsIn(text).map(({ type }) => type) // throws for what is framed otherwise
    const ends = types.filter((type) => type === "message_stop" || type === "error")
    expect([ends, types.at(-1)]).toEqual([[types.at(-1)], types.at(-1)])
    expect(text.match(/[\r\u0000]/g)).toBeNull()
  })
})
