/**
 * | Fault | What is held |
 * | --- | --- |
 * | 20 keys and prompts that show (litellm#906 #1127 #7603 #31620 #33268 #35678 #39526) | of a client's key, a backend's key and a secret header nothing is in any answer, on standard output, in the log at its finest level, in storage, in metrics, spans or explanations, however it is written; prompts are in none but what they were sent to; a client's key never reaches a backend, a backend's key none but its own |
 *
 * What single parts do is in test/log.test.ts (masks), test/http/errors.test.ts (words that are cut) and
 * test/plugins/log.test.ts (prompts that were asked for).
 */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { globSync, readFileSync } from "node:fs"
import type { ServerResponse } from "node:http"
import { connect } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import otel from "../../plugins/otel.ts"
import type { Script } from "../_backend.ts"
import { KEY, startProxy } from "../_proxy.ts"
import { folderOf, start, type Started } from "../node/_start.ts"
import { startTracing, stopTracing } from "../plugins/_tracing.ts"
import { configFor, MODELS, startAnyBackend, type AnyBackend } from "./_any-backend.ts"

const unique = (): string => randomBytes(12).toString("hex")

/** What nobody may find; the second of each is as odd as a key may be. */
const CLIENT = `sk-client-${unique()}`
const ODD_CLIENT = `sk"cl\\${unique()}%+/=&<'$1{}`
const SHORT_CLIENT = `q9!`
const UNKNOWN = `sk-unknown-${unique()}`
const BACKEND = `sk-backend-${unique()}`
const ODD_BACKEND = `sk"b\\${unique()}%+/=&<'$1?`
const SHORT_BACKEND = "z7!"
const HEADER = `tok-${unique()}`
const SECRET = `secret-${unique()}`
const PROMPT = `prompt-${unique()}`
const TOOL = `tool-${unique()}`

const KEYS = { CLIENT, ODD_CLIENT, UNKNOWN, BACKEND, ODD_BACKEND, HEADER, SECRET }
const ALL = { ...KEYS, SHORT_CLIENT, SHORT_BACKEND }

/** A key as it may be written, made in other ways than the program's own. */
function forms(key: string): readonly string[] {
  const coded = ["", "a", "ab"].flatMap((before) => {
    const text = Buffer.from(before + key).toString("base64").replace(/=+$/, "")
    return [text.slice(before.length === 0 ? 0 : before.length + 1, -1)]
  })
  const urlSafe = coded.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))
  const inJson = JSON.stringify(key).slice(1, -1)
  const plain = [key, encodeURIComponent(key), inJson, JSON.stringify(inJson).slice(1, -1)]
  if (key.length < 8) return plain
  // Half a key is a key: so are twelve characters of its middle.
  const core = /[0-9a-f]{24}/.exec(key)?.[0] ?? key
  return [...plain, ...coded, ...urlSafe, core.slice(0, 12), core.slice(-12)]
}

/** The keys of which a text has anything, by their names here. */
function keysIn(text: string, keys: Readonly<Record<string, string>> = ALL): readonly string[] {
  const words = ` ${text} `
  return Object.entries(keys).flatMap(([name, key]) => forms(key).filter((form) => words.includes(form)).map((form) => `${name}: ${form}`))
}

/** Every way in which a backend under test repeats what it was sent. */
function echoing(backend: AnyBackend): Readonly<Record<string, Script>> {
  const told = (): string => {
    const sent = backend.asked.at(-1)?.headers
    const headers = JSON.stringify(sent)
    const key = sent?.authorization?.slice("Bearer ".length)
    const basic = Buffer.from(`user:${key}`).toString("base64")
    const half = Buffer.from(`x:${key}`).toString("base64url")
    return `you sent ${headers} ${encodeURIComponent(headers)} key=${key}&Basic ${basic}, ${half} "${key}" ${HEADER}`
  }
  const loud = (response: ServerResponse): Record<string, string> => {
    const key = encodeURIComponent(backend.asked.at(-1)?.headers.authorization?.slice("Bearer ".length) ?? "")
    response.statusMessage = "No"
    return { "x-echo": key, "retry-after": key, "request-id": key, "anthropic-ratelimit-unified-status": key, server: key, "set-cookie": `k=${key}` }
  }
  const fails = (status: number, body: (text: string) => string): Script => ({
    answer(response) {
      response.writeHead(status, { "content-type": "application/json", ...loud(response) })
      response.end(status === 204 || status === 304 ? undefined : body(told()))
    },
  })
  const asOpenAI = (message: string): string => JSON.stringify({ error: { message, type: message, code: message, param: message } })
  const asAnthropic = (message: string): string =>
    JSON.stringify({ type: "error", error: { type: "invalid_request_error", message, details: { message, list: [{ message }] } } })
  const later = (framed: (text: string) => string): Script => ({
    answer(response) {
      response.writeHead(200, { "content-type": "text/event-stream", ...loud(response) })
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: "Hel" } }] })}\n\n`)
      response.end(framed(told()))
    },
  })
  return {
    ...Object.fromEntries([400, 401, 403, 404, 413, 422, 429, 500, 503].map((status) => [`${status}`, fails(status, asOpenAI)])),
    ...Object.fromEntries([400, 401, 403, 429, 529].map((status) => [`${status} of the Messages API`, fails(status, asAnthropic)])),
    ...Object.fromEntries([204, 302, 304].map((status) => [`${status}`, fails(status, asOpenAI)])),
    "plain text": fails(502, (text) => text),
    "too long a prompt": fails(400, (text) => asOpenAI(`maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens ${text}`)),
    "not JSON": fails(200, (text) => text),
    "an error inside 200": fails(200, asOpenAI),
    "an error in the stream": later((text) => `data: ${asOpenAI(text)}\n\n`),
    "an error event": later((text) => `event: error\ndata: ${asAnthropic(text)}\n\n`),
    "a stream that is none": later((text) => `data: ${text}\n\n`),
    "a connection that breaks": {
      answer(response) {
        response.writeHead(200, loud(response))
        response.write(told())
        setTimeout(() => response.destroy(), 5)
      },
    },
  }
}

let backend: AnyBackend
let odd: AnyBackend // with keys of another kind
let running: Started
let folder = ""
let url = ""
/** Everything a client was told: status lines, headers, bodies. */
const answers: string[] = []

const CONFIG = `
models:
  chat: { backend: chat, model: m }
  responses: { backend: responses, model: m }
  anthropic: { backend: anthropic, model: m }
  data: { backend: data, model: m }
  counts: { backend: counts, model: m }
  odd: { backend: odd, model: m }
  short: { backend: short, model: m }
backends:
  chat: { base_url: "\${URL}", api: chat, api_key: "\${BACKEND}", headers: { x-team-token: "\${HEADER}" } }
  responses: { base_url: "\${URL}", api: responses, api_key: "\${BACKEND}" }
  anthropic: { base_url: "\${URL}", api: anthropic, api_key: "\${BACKEND}" }
  data: { base_url: "\${URL}", profile: ollama, api_key: "\${BACKEND}" }
  counts: { base_url: "\${URL}", profile: vllm, api_key: "\${BACKEND}" }
  odd: { base_url: "\${ODD_URL}", api_key: "\${ODD_BACKEND}" }
  short: { base_url: "\${ODD_URL}", api_key: "\${SHORT_BACKEND}" }
keys:
  - { name: one, key: "\${CLIENT}", explain: true }
  - { name: odd, key: "\${ODD_CLIENT}" }
  - { name: short, key: "\${SHORT_CLIENT}" }
server: { secret: "\${SECRET}", drain: 1 }
storage: { default: { driver: fs, base: ./kept } }
plugins: [log, metrics, cache, dedupe, { retry: { base: 0, attempts: 2 } }, { fallback: { chains: { odd: [short] } } }, redact]
`

/** One request, of which everything is kept. */
async function ask(path: string, key: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const signal = AbortSignal.timeout(20_000) // so that whatever hangs is named
  const init = { method: body === undefined ? "GET" : "POST", headers: { "x-api-key": key, ...headers }, signal }
  const response = await fetch(url + path, body === undefined ? init : { ...init, body: typeof body === "string" ? body : JSON.stringify(body) })
  answers.push(JSON.stringify([response.statusText, ...response.headers]), await response.text().catch(String))
}

const question = (model: string, more: object = {}): object => ({
  model,
  max_tokens: 50,
  system: PROMPT,
  tools: [{ name: "f", description: TOOL, input_schema: { type: "object", properties: { a: { type: "string" } } } }],
  messages: [
    { role: "user", content: PROMPT },
    { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: { a: TOOL } }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: TOOL }, { type: "text", text: unique() }] },
  ],
  ...more,
})

beforeAll(async () => {
  backend = await startAnyBackend()
  odd = await startAnyBackend()
  folder = await folderOf({ "config.yaml": CONFIG })
  running = start(folder, { ...ALL, URL: backend.url, ODD_URL: odd.url, LOG_LEVEL: "trace", LOG_FILE: "proxy.log" })
  await running.until("listening url=")
  url = /listening url=(\S+)/.exec(running.output.err)?.[1] ?? ""

  for (const model of MODELS) {
    for (const stream of [false, true]) {
      await ask("/v1/messages", CLIENT, question(model, { stream, temperature: stream ? 1 : 0 }))
    }
    const same = question(model)
    await ask("/v1/messages", ODD_CLIENT, same)
    await ask("/v1/messages", ODD_CLIENT, same) // from the cache
    await ask("/v1/messages/count_tokens", SHORT_CLIENT, { ...question(model), max_tokens: undefined })
    await ask("/v1/messages", CLIENT, question(model), { "x-llm-proxy-explain": "1" })
  }
  for (const script of Object.values(echoing(backend))) {
    backend.now(script)
    for (const model of ["chat", "responses", "anthropic"]) {
      await ask("/v1/messages", CLIENT, question(model, { stream: model === "chat" }))
    }
  }
  for (const script of Object.values(echoing(odd))) {
    odd.now(script)
    await ask("/v1/messages", SHORT_CLIENT, question("odd"))
  }
  for (const path of ["/v1/models", "/v1/models/chat", "/health", "/health/ready", "/", "/metrics", "/nowhere"]) {
    for (const key of [CLIENT, ODD_CLIENT, SHORT_CLIENT, UNKNOWN]) await ask(path, key)
  }
  await ask("/v1/messages", UNKNOWN, question("chat"))
  await ask("/v1/messages", CLIENT, `{"broken ${CLIENT} ${PROMPT}`)
  await ask("/v1/messages", CLIENT, question("chat", { model: `${CLIENT}`, max_tokens: 5 }))
  await ask(`/v1/models/${encodeURIComponent(ODD_CLIENT)}?after_id=${CLIENT}`, CLIENT)
  await ask(`/${CLIENT}`, CLIENT)
  // A key in the place of a method, and two of them.
  const socket = connect(Number(new URL(url).port), "127.0.0.1")
  socket.write(`GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: ${CLIENT}\r\nx-api-key: ${UNKNOWN}\r\nConnection: close\r\n\r\n`)
  socket.on("data", (data) => void answers.push(String(data)))
  await once(socket, "close")
  running.child.kill("SIGTERM")
  await running.ended
}, 60_000)
afterAll(async () => {
  await backend.close()
  await odd.close()
})

/** Each file below the folder that is not the config. */
function filesOf(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

test("there was enough to be found", () => {
  expect(backend.asked.length).toBeGreaterThan(60)
  expect(answers.length).toBeGreaterThan(200)
  expect(answers.filter((answer) => answer.includes("TimeoutError"))).toEqual([])
  expect(filesOf("kept/**").length).toBeGreaterThan(5)
  expect(readFileSync(join(folder, "proxy.log"), "utf8")).toMatch(/ debug upstream .* error .*\[key\]/s)
  expect(answers.join("\n")).toContain("[key]")
  expect(answers.some((answer) => answer.includes("llm_proxy_requests_total"))).toBe(true)
})

describe("no key is", () => {
  test("in an answer, whatever a backend repeats", () => {
    // What a client itself has written into a path or a model's name is its own.
    expect(answers.flatMap((answer) => keysIn(answer))).toEqual([])
  })

  test("on standard output or in the log", () => {
    expect(keysIn(running.output.out)).toEqual([])
    expect(keysIn(running.output.err)).toEqual([])
    expect(filesOf("*.log").flatMap((file) => keysIn(readFileSync(file, "utf8")))).toEqual([])
  })

  test("in storage, not in a file's name either", () => {
    // Of an answer that a backend gave: nothing was asked of it but what it knows.
    expect(filesOf("kept/**").flatMap((file) => keysIn(`${file}\n${readFileSync(file, "utf8")}`))).toEqual([])
  })
})

describe("prompts and what tools are told", () => {
  const words = { PROMPT, TOOL }
  test("are not in the log at its finest level, nor in storage or metrics", () => {
    expect(keysIn(running.output.out + running.output.err, words)).toEqual([])
    expect([...filesOf("*.log"), ...filesOf("kept/**")].flatMap((file) => keysIn(readFileSync(file, "utf8"), words))).toEqual([])
    expect(answers.filter((answer) => answer.includes("llm_proxy_")).flatMap((answer) => keysIn(answer, words))).toEqual([])
  })

  test("did reach the backends", () => {
    expect(backend.asked.filter(({ text }) => text.includes(PROMPT) && text.includes(TOOL)).length).toBeGreaterThan(50)
  })
})

describe("what backends are sent", () => {
  test("has no client's key, nor the secret", () => {
    const mine = { CLIENT, ODD_CLIENT, UNKNOWN, SECRET }
    const seen = [...backend.asked, ...odd.asked].map(({ path, headers, text }) => `${path}\n${JSON.stringify(headers)}\n${text}`)
    // One asked for a model of its key's name, which is not there.
    expect(seen.flatMap((text) => keysIn(text, mine))).toEqual([])
  })

  test("has its own key and no other's", () => {
    const keyed = backend.asked.filter(({ headers }) => headers.authorization)
    expect(new Set(keyed.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${BACKEND}`]))
    const others = odd.asked.filter(({ headers }) => headers.authorization).map(({ headers }) => headers.authorization)
    expect(new Set(others)).toEqual(new Set([`Bearer ${ODD_BACKEND}`, `Bearer ${SHORT_BACKEND}`]))
    expect(keysIn(JSON.stringify(odd.asked), { BACKEND, HEADER })).toEqual([])
    expect(keysIn(JSON.stringify(backend.asked), { ODD_BACKEND })).toEqual([])
  })
})

test("spans have neither keys nor prompts", async () => {
  const spans = startTracing()
  const other = await startAnyBackend()
  const proxy = await startProxy(configFor(other.url, BACKEND), { plugins: [{ plugin: otel, options: { content: false, propagate: true, providers: {} } }] })
  for (const script of [undefined, ...Object.values(echoing(other))]) {
    other.now(script)
    await (await proxy.send(question("chat"))).text().catch(String)
  }
  await proxy.close()
  await other.close()
  stopTracing()
  expect(spans.length).toBeGreaterThan(24)
  expect(keysIn(JSON.stringify(spans), { ...ALL, KEY, PROMPT, TOOL })).toEqual([])
})
