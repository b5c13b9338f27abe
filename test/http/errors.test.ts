import { connect } from "node:net"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { chunks, controlled, error, json, raw, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, KEY, startProxy, type TestProxy } from "../_proxy.ts"

const BACKEND_KEY = "sk-backend-canary-7f3a"

let proxy: TestProxy
let backend: ScriptedBackend

// A proxy for each: it would not ask again what has just been refused.
beforeEach(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: {
      m: { backend: "b", model: "backend-model" },
      dead: { backend: "dead", model: "x" },
    },
    backends: {
      b: { base_url: backend.url, api_key: BACKEND_KEY },
      dead: { base_url: "http://127.0.0.1:1/v1" },
    },
    server: { max_body: 2_000_000 },
  })
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

describe.each([true, false])("a backend that fails before it begins (stream: %s)", (stream) => {
  test.each<[string, Script, number, string, RegExp]>([
    ["400", error(400, "bad thing"), 400, "invalid_request_error", /^backend "b": bad thing$/],
    ["401", error(401, `Incorrect API key: ${BACKEND_KEY}`), 502, "api_error", /refused the proxy's credentials/],
    ["402", error(402, "no money"), 402, "billing_error", /no money/],
    ["403", error(403, "no"), 502, "api_error", /refused the proxy's credentials/],
    ["404", error(404, "model not there"), 404, "not_found_error", /model not there/],
    ["408", error(408, "slow"), 408, "timeout_error", /slow/],
    ["409", error(409, "clash"), 409, "conflict_error", /clash/],
    ["413", error(413, "big"), 413, "request_too_large", /big/],
    ["422", error(422, "odd"), 422, "invalid_request_error", /odd/],
    ["429", error(429, "slow down"), 429, "rate_limit_error", /slow down/],
    ["500", error(500, "oops"), 500, "api_error", /oops/],
    ["503", error(503, "full"), 529, "overloaded_error", /full/],
    ["529", error(529, "full"), 529, "overloaded_error", /full/],
    ["a page of HTML", page(502, "<html><h1>Bad Gateway</h1></html>"), 502, "api_error", /^backend "b": /],
    ["an error inside 200", json(200, { error: { code: 429, message: "later" } }), 429, "rate_limit_error", /later/],
    ["a list of errors", json(400, [{ error: { code: 400, message: "gemini" } }]), 400, "invalid_request_error", /gemini/],
    ["an error as the first event", raw('data: {"error":{"message":"overloaded","code":503}}\n\n'), 529, "overloaded_error", /overloaded/],
    ["an event named error", raw('event: error\ndata: {"message":"overloaded"}\n\n'), 529, "overloaded_error", /overloaded/],
    ["a field named error, and then the end (llama.cpp#16109)", raw(`error: {"code":400,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"invalid_request_error"}\n\n`, "data: [DONE]\n\n"), 400, "invalid_request_error", /^prompt is too long: the request exceeds/],
    ["a redirect", json(302, {}, { location: "http://127.0.0.1:1/" }), 502, "api_error", /redirect/],
    ["nothing at all", raw(), 502, "api_error", /said nothing/],
    ["too long a prompt, told as a failure of the server", error(500, "Context size has been exceeded."), 400, "invalid_request_error", /^prompt is too long: Context size/],
    ["too long a prompt", error(400, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."), 400, "invalid_request_error", /^prompt is too long: 9000 tokens > 8192 maximum$/],
  ])("%s", async (_, script, status, type, message) => {
    backend.play(script)
    const response = await proxy.send({ model: "m", stream })
    const text = await response.text()
    expect(response.status).toBe(status)
    expect(JSON.parse(text)).toEqual({
      type: "error",
      error: { type, message: expect.stringMatching(message) },
      request_id: response.headers.get("request-id"),
    })
    expect(text).not.toContain(BACKEND_KEY)
    expect(text).not.toMatch(/<html|node:|\.ts:/)
  })
})

test("retry-after is passed on, and nothing else of the backend's headers", async () => {
  backend.play(error(429, "later", { "retry-after": "7", "set-cookie": "a=b", server: "secret" }))
  const response = await proxy.send({ model: "m" })
  expect(response.headers.get("retry-after")).toBe("7")
  expect(response.headers.get("set-cookie")).toBeNull()
  expect(response.headers.get("server")).toBeNull()
})

test("a backend that refuses the proxy's key is not asked again by the client", async () => {
  backend.play(error(401, "bad key"))
  expect((await proxy.send({ model: "m" })).headers.get("x-should-retry")).toBe("false")
})

test("a backend that is not there", async () => {
  const response = await proxy.send({ model: "dead" })
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({
    error: { type: "api_error", message: 'backend "dead" cannot be reached (ECONNREFUSED)' },
  })
})

test("a key that a backend echoes is shown nowhere", async () => {
  backend.play(error(400, `your key ${BACKEND_KEY} is odd`))
  const text = await (await proxy.send({ model: "m" })).text()
  expect(text).toContain("your key [key] is odd")
  expect(proxy.lines.join("\n")).not.toContain(BACKEND_KEY)
})

test.each(["gzip", "br", "Identity"])("an answer packed as %s costs its own request and nothing else", async (encoding) => {
  const packed: Script = {
    answer(response) {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding })
      response.end(JSON.stringify({ choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
    },
  }
  backend.play(packed)
  const response = await proxy.send({ model: "m" })
  const body = await response.json()
  if (encoding === "Identity") expect(body).toMatchObject({ content: [{ text: "hi" }] })
  else {
    const message = 'backend "b" compressed its answer although it was asked not to'
    expect(body).toMatchObject({ error: { type: "api_error", message } })
  }
  expect((await proxy.ask("/health")).status).toBe(200)
})

test("a failure that is packed, or that breaks off, keeps its status and its retry-after", async () => {
  const answer = (headers: Record<string, string>, cut: boolean): Script => ({
    answer(response) {
      response.writeHead(429, { "retry-after": "5", ...headers })
      response.write("{")
      if (cut) setTimeout(() => response.destroy(), 20)
      else response.end()
    },
  })
  for (const script of [answer({ "content-encoding": "gzip" }, false), answer({ "content-length": "500" }, true)]) {
    backend.play(script)
    const response = await proxy.send({ model: "m" })
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "5"])
  }
})

test("not even half a key is shown where a long message is cut", async () => {
  for (const length of [460, 485, 660, 685, 695]) {
    backend.play(error(500, `${"y".repeat(length)} ${BACKEND_KEY} z`))
    expect(await (await proxy.send({ model: "m" })).text()).not.toContain(BACKEND_KEY.slice(0, 6))
  }
  expect(proxy.lines.join("\n")).not.toContain(BACKEND_KEY.slice(0, 10))
})

test("HTML and stack traces inside a message are left out of it", async () => {
  backend.play(error(502, "Bad Gateway <html><body>nginx</body></html>"))
  backend.play(error(500, 'boom Traceback (most recent call last): File "/app/x.py"'))
  const messages = [await proxy.send({ model: "m" }), await proxy.send({ model: "m" })].map(async (response) => {
    const { error: told } = (await response.json()) as { error: { message: string } }
    return told.message
  })
  expect(await Promise.all(messages)).toEqual(['backend "b": Bad Gateway', 'backend "b": boom'])
})

test("headers of a backend's config win over the proxy's own, whatever their case", async () => {
  const other = await startProxy({
    models: { m: { backend: "b", model: "x" } },
    backends: { b: { base_url: backend.url, api_key: BACKEND_KEY, headers: { Authorization: "Bearer other", "X-Team": "a" } } },
  })
  backend.play(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
  await other.send({ model: "m" })
  expect(backend.asked.at(-1)?.headers).toMatchObject({ authorization: "Bearer other", "x-team": "a" })
  await other.close()
})

test("a client that leaves while it sends is no failure of the proxy", async () => {
  const { port } = new URL(proxy.url)
  const socket = connect(Number(port), "127.0.0.1")
  socket.write(`POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${KEY}\r\nContent-Length: 100\r\n\r\n{"a"`)
  const before = proxy.lines.length
  await expect.poll(() => proxy.lines.length).toBeGreaterThan(before)
  socket.destroy()
  await expect.poll(() => proxy.lines.slice(before).join("\n")).toContain("over")
  expect(proxy.lines.slice(before).filter((line) => line.includes(" error "))).toEqual([])
})

test("neither the client's key nor its headers reach the backend", async () => {
  backend.play(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
  await proxy.send({ model: "m" }, { "x-api-key": KEY, "anthropic-version": "2023-06-01", cookie: "a=b", "x-custom": "c" })
  const { headers } = backend.asked.at(-1) ?? {}
  expect(JSON.stringify(headers)).not.toContain(KEY)
  expect(Object.keys(headers ?? {}).toSorted()).toEqual([
    "accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent",
    "x-llm-proxy-hops",
  ])
  expect(headers?.authorization).toBe(`Bearer ${BACKEND_KEY}`)
})

describe("a body that cannot be taken", () => {
  test.each<[string, string, RegExp]>([
    ["no JSON", "{oops", /not valid JSON/],
    ["empty", "", /empty/],
    ["a list", "[]", /object/i],
    ["null", "null", /object/i],
  ])("%s", async (_, body, message) => {
    const response = await proxy.ask("/v1/messages", { method: "POST", body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { type: "invalid_request_error", message: expect.stringMatching(message) },
    })
  })

  test("larger than the limit", async () => {
    const response = await proxy.send({ model: "m", system: "x".repeat(3_000_000) })
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: { type: "request_too_large" } })
  })

  test("larger than the limit only once it is unpacked", async () => {
    const packed = await gzip(JSON.stringify({ model: "m", max_tokens: 1, messages: [], system: "x".repeat(3_000_000) }))
    expect(packed.byteLength).toBeLessThan(100_000)
    expect((await post(packed, "gzip")).status).toBe(413)
  })

  test("packed in a way nobody can undo", async () => {
    const response = await post(new TextEncoder().encode("{}"), "br")
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { details: { error_code: "request_body_encoding_unsupported" } } })
  })

  test("packed badly", async () => {
    const response = await post(new TextEncoder().encode("no gzip"), "gzip")
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { details: { error_code: "request_body_encoding_invalid" } } })
  })
})

test("a packed body is unpacked", async () => {
  backend.play(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
  const packed = await gzip(JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "packed" }] }))
  expect((await post(packed, "gzip")).status).toBe(200)
  expect(backend.asked.at(-1)?.body).toMatchObject({ messages: [{ role: "user", content: "packed" }] })
})

test("half an emoji reaches the backend as a replacement character", async () => {
  backend.play(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
  await proxy.ask("/v1/messages", {
    body: String.raw`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a\ud83d b \\ud83d \ud83d\ude00"}]}`,
  })
  expect(backend.asked.at(-1)?.body).toMatchObject({ messages: [{ content: "a\ufffd b \\ud83d 😀" }] })
})

describe("a backend that fails after it has begun", () => {
  const begun = delta({ role: "assistant", content: "half an " })
  test.each<[string, () => Script, string, RegExp]>([
    ["ends without a word", () => chunks([begun], { done: false }), "api_error", /closed the connection before/],
    ["sends an error", () => chunks([begun, { error: { message: "too many", code: 429 } }]), "rate_limit_error", /too many/],
    ["sends half a chunk", () => raw(`data: ${JSON.stringify(begun)}\n\n`, 'data: {"choices":[{"del\n\n'), "api_error", /not a chat completion/],
  ])("%s: what was said stands, an error follows, and no end", async (_, script, type, message) => {
    backend.play(script())
    const response = await proxy.send({ model: "m", stream: true })
    const events = eventsIn(await response.text())
    expect(events.map((event) => event.type)).toEqual(["message_start", "content_block_start", "content_block_delta", "error"])
    expect(events.at(-1)).toEqual({
      type: "error",
      error: { type, message: expect.stringMatching(message) },
      request_id: response.headers.get("request-id"),
    })
  })

  test("breaks its connection", async () => {
    const script = controlled()
    backend.play(script)
    const answering = proxy.send({ model: "m", stream: true })
    await script.opened
    script.push(begun)
    const response = await answering
    setTimeout(() => script.cut(), 20)
    const events = eventsIn(await response.text())
    expect(events.map((event) => event.type)).toEqual(["message_start", "content_block_start", "content_block_delta", "error"])
  })

  test("and the client did not stream: it gets a status", async () => {
    backend.play(chunks([begun], { done: false }))
    const response = await proxy.send({ model: "m" })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { type: "api_error" } })
  })
})

test("names a client makes up are cut and escaped", async () => {
  const response = await proxy.send({ model: `evil\n${"x".repeat(5000)}` })
  expect(response.status).toBe(404)
  const { error: told } = (await response.json()) as { error: { message: string } }
  expect(told.message.length).toBeLessThan(250)
  expect(told.message).toContain("evil\\u000a")
  expect(proxy.lines.every((line) => !line.includes("\n"))).toBe(true)
})

async function gzip(value: string): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([value]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer())
}

function post(bytes: Uint8Array, encoding: string): Promise<Response> {
  return fetch(`${proxy.url}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": KEY, "content-encoding": encoding },
    body: bytes as Uint8Array<ArrayBuffer>,
  })
}

function page(status: number, html: string): Script {
  return {
    answer(response) {
      response.writeHead(status, { "content-type": "text/html" })
      response.end(html)
    },
  }
}

test("a body that is no UTF-8 is refused, and one with a byte order mark is not", async () => {
  backend.play(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
  const body = JSON.stringify({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "\ufffd is a character" }] })
  const bytes = new TextEncoder().encode(`\ufeff${body}`)
  expect((await post(bytes, "identity")).status).toBe(200)
  const broken = await post(bytes.map((byte) => (byte === 0x69 ? 0xff : byte)), "identity")
  expect(broken.status).toBe(400)
  expect(await broken.json()).toMatchObject({ error: { message: "the request body is not valid UTF-8" } })
})
