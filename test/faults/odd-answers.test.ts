/**
 * Answers of a backend that are none: statuses of which nobody asked for, interim ones, redirects, what is packed
 * although it was asked not to be (fault 18, the backend's side), and its word on when to come back wherever it stands.
 * Nothing of the backend's own shows: not where it would redirect to, not its headers, not a key it repeats.
 *
 * Statuses of ordinary failures: test/http/errors.test.ts. Keys in every place: keys.test.ts.
 */
import { brotliCompressSync, gzipSync } from "node:zlib"
import type { Socket } from "node:net"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { startProxy, type TestProxy } from "../_proxy.ts"
import { HELLO, startRawBackend, whole, type RawBackend } from "./_raw-backend.ts"

const BACKEND_KEY = "sk-canary-5d41402abc4b2a76b9719d911017c592"
const ELSEWHERE = "http://metadata.internal.test/secret-path"

let play: (socket: Socket) => void
let backend: RawBackend
let proxy: TestProxy

beforeEach(async () => {
  backend = await startRawBackend((socket) => play(socket))
  proxy = await startProxy({
    models: { m: { backend: "b", model: "m" } },
    backends: { b: { base_url: backend.url, api_key: BACKEND_KEY } },
  })
})
afterEach(async () => {
  await proxy.close()
  backend.close()
})

const LEAKY = `location: ${ELSEWHERE}\r\nset-cookie: s=${BACKEND_KEY}\r\nserver: inside/1.0\r\nx-echo: ${BACKEND_KEY}`
const bare = (status: string): string => `HTTP/1.1 ${status}\r\n${LEAKY}\r\ncontent-length: 0\r\n\r\n`
const withBody = (status: string, body = `see ${ELSEWHERE} with ${BACKEND_KEY}`): string => whole(body, `HTTP/1.1 ${status}\r\n${LEAKY}`)

/** What a client gets: its status, the error's type and its words. */
async function outcome(stream: boolean): Promise<{ told: readonly unknown[]; all: string }> {
  const response = await proxy.send({ model: "m", stream })
  const text = await response.text()
  const { error } = JSON.parse(text) as { error: { type: string; message: string } }
  return { told: [response.status, error.type, error.message], all: JSON.stringify([...response.headers]) + text }
}

describe.each([true, false])("stream: %s", (stream) => {
  const redirected = (status: number): string =>
    `backend "b" answered with a redirect (HTTP ${status}), which is not followed; check its base_url`
  test.each<[string, string, number, string]>([
    ["204 No Content", bare("204 No Content"), 502, 'backend "b" answered 204 and said nothing'],
    ["205 Reset Content", bare("205 Reset Content"), 502, 'backend "b" answered 205 and said nothing'],
    ["200 and nothing", bare("200 OK"), 502, 'backend "b" answered 200 and said nothing'],
    ["206 and a part of something", withBody("206 Partial Content", "data: part\n\n"), 502, 'backend "b" answered 206 and said nothing'],
    ...[300, 301, 302, 303, 307, 308].map((status): [string, string, number, string] => [
      `a redirect with ${status}`,
      withBody(`${status} Elsewhere`),
      502,
      redirected(status),
    ]),
    ["304 Not Modified", bare("304 Not Modified"), 502, redirected(304)],
    ["a status beyond all", withBody("999 Odd", ""), 502, 'backend "b": it gave no reason (HTTP 999)'],
  ])("%s is an error of the proxy", async (_, answer, status, message) => {
    play = (socket) => socket.write(answer)
    const { told, all } = await outcome(stream)
    expect(told).toEqual([status, "api_error", message])
    expect(all).not.toMatch(new RegExp(`metadata|secret-path|inside/1.0|set-cookie|x-echo|${BACKEND_KEY.slice(0, 12)}`))
    expect(proxy.lines.join("\n")).not.toContain(BACKEND_KEY)
    expect(backend.requests).toBe(1)
  })

  test("interim answers are waited through", async () => {
    play = (socket) => {
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
      setTimeout(() => socket.write(whole(HELLO)), 5)
    }
    const response = await proxy.send({ model: "m", stream })
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("Hello")])
  })

  test.each([
    ["interim answers and no other", (socket: Socket) => socket.end("HTTP/1.1 103 Early Hints\r\n\r\n")],
    ["a 100 for which nobody asked", (socket: Socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${whole(HELLO)}`)],
    ["a change of protocols", (socket: Socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n")],
    ["another protocol", (socket: Socket) => socket.write("SSH-2.0-OpenSSH_9.7\r\n")],
    ["two lengths", (socket: Socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\nok")],
    ["a head of 100 KB", (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nx-long: ${"a".repeat(100_000)}\r\n\r\n`)],
  ])("%s: it cannot be reached", async (_, answer) => {
    play = answer
    const { told } = await outcome(stream)
    expect(told).toEqual([502, "api_error", expect.stringMatching(/^backend "b" cannot be reached( \([A-Z_]+\))?$/)])
  })
})

describe("what is packed although it was asked not to be", () => {
  const packed = (status: string, encoding: string, bytes: Uint8Array) => (socket: Socket) => {
    socket.write(`HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${bytes.length}\r\n\r\n`)
    socket.write(bytes)
  }
  const REFUSED = 'backend "b" compressed its answer although it was asked not to'
  const chain = Array.from({ length: 1000 }, () => "gzip").join(", ")

  test.each<[string, string, Uint8Array]>([
    ["gzip", "gzip", gzipSync(HELLO)],
    ["brotli", "br", brotliCompressSync(HELLO)],
    ["a bomb of 48 KB that holds 50 MB", "gzip", gzipSync(Buffer.alloc(50_000_000, "x"))],
    ["a chain of a thousand (CVE-2026-22036)", chain, gzipSync(HELLO)],
  ])("an answer: %s is refused", async (_, encoding, bytes) => {
    play = packed("200 OK", encoding, bytes)
    for (const stream of [true, false]) expect((await outcome(stream)).told).toEqual([502, "api_error", REFUSED])
  })

  const words = Buffer.from(JSON.stringify({ error: { message: "maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens" } }))
  test("an error: its words are read, as clients act on them", async () => {
    play = packed("400 Bad Request", "gzip", gzipSync(words))
    expect((await outcome(false)).told).toEqual([400, "invalid_request_error", "prompt is too long: 9000 tokens > 8192 maximum"])
  })

  test.each<[string, string, Uint8Array]>([
    ["a bomb", "gzip", gzipSync(Buffer.concat([Buffer.from('{"error":{"message":"'), Buffer.alloc(50_000_000, "x")]))],
    ["no gzip at all", "gzip", Buffer.from("plain")],
    ["brotli", "br", brotliCompressSync(words)],
    ["a chain of a thousand", chain, gzipSync(words)],
  ])("an error: of %s no more is unpacked than is read, or nothing; its status says enough", async (_, encoding, bytes) => {
    play = packed("500 Oops", encoding, bytes)
    const before = process.memoryUsage().rss
    const { told } = await outcome(false)
    expect(told).toEqual([500, "api_error", expect.stringMatching(/^backend "b": (it gave no reason \(HTTP 500\)|\{"error":\{"message":"x{600,700}…)$/)])
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })
})

describe("when to come back is told", () => {
  const failed = JSON.stringify({ error: { message: "later", code: 429 } })
  test.each<[string, string]>([
    ["a failure", whole(failed, "HTTP/1.1 429 Too Many\r\nretry-after: 7")],
    ["a 200 whose body is an error", whole(failed, "HTTP/1.1 200 OK\r\nretry-after: 7")],
    ["a 200 that begins with an error", whole(`data: ${failed}\n\n`, "HTTP/1.1 200 OK\r\nretry-after: 7").replace("application/json", "text/event-stream")],
  ])("of %s", async (_, answer) => {
    for (const stream of [true, false]) {
      play = (socket) => socket.write(answer)
      const response = await proxy.send({ model: "m", stream })
      expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"])
    }
  })
})

test("words of several lines are told in one, for people to read", async () => {
  const message = "2 validation errors:\n  messages.0.role\n\tinput should be 'user'\r\nmodel\u2028\tfield required\n"
  play = (socket) => socket.write(whole(JSON.stringify({ error: { message } }), "HTTP/1.1 400 Bad Request"))
  const { told } = await outcome(false)
  expect(told).toEqual([
    400,
    "invalid_request_error",
    `backend "b": 2 validation errors: messages.0.role input should be 'user' model field required`,
  ])
})
