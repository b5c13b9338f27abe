/**
 * Clients that take their time, take too much, or speak no HTTP. Faults of the list, and what must hold:
 *
 * | Fault | |
 * | --- | --- |
 * | 16 slowloris: headers, a body, byte by byte; connections that say nothing; a header of 20 KiB | 408, 431, in time and in words; live streams go on |
 * | 16 what Node refuses by itself | Anthropic's shape, with an id |
 * | 5(10) too many connections | the further ones are closed, and the log says so once |
 *
 * Here the limits are a fraction of a second; `slow/slow-clients.test.ts` waits for the real ones.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { controlled, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta } from "../_proxy.ts"
import { DEMO } from "../node/_start.ts"
import { head, heardIn, KEY, question, refusal, serveFiles, speakTo, type Heard, type Served, type Speaker } from "./_wire.ts"

const WORDS = "the request did not come in time: its headers within 0.3 s, all of it within 0.3 s"

let backend: ScriptedBackend
let server: Served

beforeAll(async () => {
  backend = await startBackend()
  server = await serveFiles({
    "config.yaml": `models: { m: { backend: b, model: m } }
backends: { b: { base_url: "${backend.url}" } }
server: { timeout: { request: 0.3, idle: 5 } }
`,
  })
})
afterAll(async () => {
  await server.close()
  await backend.close()
})

/** A stream that runs until it is told to end, and then how it ended. */
async function liveStream(): Promise<{ end(): Promise<string> }> {
  const script = controlled()
  backend.play(script)
  const { socket, until, said } = speakTo(server.url, question("m"))
  await script.opened
  script.push(delta({ role: "assistant", content: "begun" }))
  await until("begun")
  return {
    async end() {
      script.push(delta({}, "stop"))
      script.push("data: [DONE]\n\n")
      script.end()
      await until("\r\n0\r\n\r\n")
      socket.destroy()
      return [...said().matchAll(/^event: (\w+)$/gm)].at(-1)?.[1] ?? ""
    },
  }
}

/** Writes a text byte by byte until it is through or nobody listens any more. */
async function drip({ socket }: Speaker, text: string): Promise<void> {
  for (const byte of text) {
    if (!socket.writable) return
    socket.write(byte)
    await sleep(20)
  }
}

async function heard({ over }: Pick<Speaker, "over">): Promise<Heard> {
  return heardIn(await over)
}

describe("while a stream runs,", () => {
  let live: { end(): Promise<string> }
  beforeAll(async () => {
    live = await liveStream()
  })
  test.concurrent("headers that come byte by byte are not waited for", async () => {
    const speaker = speakTo(server.url)
    await drip(speaker, head("GET /health", `x-slow: ${"a".repeat(200)}`))
    const answer = await heard(speaker)
    expect([answer.status, answer.body]).toEqual([408, refusal("timeout_error", WORDS, answer)])
    expect(answer.headers["request-id"]).toMatch(/^req_[\da-f]{32}$/)
  })

  test.concurrent("a body that comes byte by byte is not waited for", async () => {
    const speaker = speakTo(server.url, `${head("POST /v1/messages", `x-api-key: ${KEY}`, "Content-Length: 500")}\r\n`)
    await drip(speaker, `{"model":"${"m".repeat(200)}`)
    const answer = await heard(speaker)
    expect([answer.status, answer.body]).toEqual([408, refusal("timeout_error", WORDS, answer)])
  })

  test.concurrent("a connection that says nothing is closed without a word", async () => {
    expect(await speakTo(server.url).over).toBe("")
  })

  test("a thousand connections that say nothing, or half a line, are closed, and others are answered meanwhile", async () => {
    const idle = Array.from({ length: 1000 }, (_, n) => speakTo(server.url, n % 2 === 0 ? "" : "GET /health HT"))
    const { status } = await fetch(`${server.url}/health`)
    const ends = await Promise.all(idle.map(({ over }) => over))
    expect(status).toBe(200)
    expect(new Set(ends.map((said, n) => (n % 2 === 0 ? said : heardIn(said).status)))).toEqual(new Set(["", 408]))
  })

  test("it ends as it should", async () => {
    expect(await live.end()).toBe("message_stop")
  })
})

const CHUNKED = head("POST /v1/messages", `x-api-key: ${KEY}`, "Transfer-Encoding: chunked")

describe("what is refused before there is a request", () => {
  test.each<[string, string, number, string, string]>([
    ["headers of 20 KiB", head("GET /health", `x-long: ${"a".repeat(20_480)}`), 431, "invalid_request_error", "the request's headers are larger than 16384 bytes"],
    ["no HTTP", "\x16\x03\x01\x02\x00\x01 is TLS", 400, "invalid_request_error", "the request is not valid HTTP"],
    ["a length and chunks at once", `${CHUNKED}Content-Length: 5\r\n\r\n0\r\n\r\n`, 400, "invalid_request_error", "the request is not valid HTTP"],
    ["a chunk without a size", `${CHUNKED}\r\nzz\r\n`, 400, "invalid_request_error", "the request is not valid HTTP"],
    ["endless extensions of a chunk", `${CHUNKED}\r\n1;${"a".repeat(20_000)}\r\n`, 413, "request_too_large", "the request's chunk extensions are too large"],
    ["a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 405, "invalid_request_error", "CONNECT is not allowed"],
    ["an expectation nobody knows", `${head("GET /health", "Expect: 200-maybe")}\r\n`, 417, "invalid_request_error", "expect: must be 100-continue"],
  ])("%s: is told in words, and the connection closed", async (_, text, status, type, message) => {
    const answer = await heard(speakTo(server.url, text))
    expect([answer.status, answer.body]).toEqual([status, refusal(type, message, answer)])
    expect(server.lines().filter((line) => line.includes(`request=${answer.headers["request-id"]} status=${status}`))).toHaveLength(1)
  })

  const HOST = "host: must be one name or address, with or without a port"
  test.each<[string, string, number, string, string]>([
    ["no host", "GET /health HTTP/1.1\r\n\r\n", 400, "invalid_request_error", HOST],
    ["two hosts", "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400, "invalid_request_error", HOST],
    ["what is no host", "GET /health HTTP/1.1\r\nHost: <script>\r\n\r\n", 400, "invalid_request_error", HOST],
    ["a URL of another kind", `${head("GET ftp://evil.example/x")}\r\n`, 404, "not_found_error", "there is no /ftp://evil.example/x here"],
    ["a path that cannot be decoded", `${head("GET /%zz")}\r\n`, 400, "invalid_request_error", "Bad Request"],
  ])("%s: is told in words", async (_, text, status, type, message) => {
    const speaker = speakTo(server.url, text)
    await speaker.until("}")
    await speaker.until("\r\n0\r\n\r\n")
    speaker.socket.destroy()
    const answer = heardIn(speaker.said())
    expect([answer.status, answer.body]).toEqual([status, refusal(type, message, answer)])
  })
})

test("nonsense behind a request does not get between the events of its answer", async () => {
  const script = controlled()
  backend.play(script)
  const { write, until, over } = speakTo(server.url, question("m"))
  await script.opened
  script.push(delta({ role: "assistant", content: "begun" }))
  await until("begun")
  write("nonsense\r\n\r\n")
  const said = await over
  expect([heardIn(said).status, said.includes("HTTP/1.1 400")]).toEqual([200, false])
  expect(await script.closed).toBe(true)
})

test.concurrent.each([
  ["the key is wrong", ["x-api-key: wrong", "Transfer-Encoding: chunked"], 401],
  ["it is known to be too large", [`x-api-key: ${KEY}`, "Content-Length: 99999999999"], 413],
  ["it has become too large", [`x-api-key: ${KEY}`, "Transfer-Encoding: chunked"], 413],
])("a body that never ends is not read on once %s: it is answered, and the connection closed", async (_, lines, status) => {
  const patient = await serveFiles({ "config.yaml": `${DEMO}server: { max_body: 1024 }\n` }) // a request has a minute
  const speaker = speakTo(patient.url, `${head("POST /v1/messages", ...lines)}\r\n`)
  const more = setInterval(() => speaker.socket.writable && speaker.write("200\r\n" + "x".repeat(0x200) + "\r\n"), 5)
  const answer = await heard(speaker)
  clearInterval(more)
  expect(answer.status).toBe(status)
  await patient.close()
})

test("beyond server.max_connections a connection is closed, and the log says so once", async () => {
  const small = await serveFiles({ "config.yaml": `${DEMO}server: { max_connections: 2 }\n` })
  const two = [speakTo(small.url, "GET"), speakTo(small.url, "GET")]
  await expect.poll(() => two.every(({ socket }) => socket.readyState === "open")).toBe(true)
  expect(await speakTo(small.url, `${head("GET /health")}\r\n`).over).toBe("")
  expect(await speakTo(small.url, `${head("GET /health")}\r\n`).over).toBe("")
  two[0]?.write(" /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
  await two[0]?.until("200")
  expect(small.lines().filter((line) => line.startsWith("warn"))).toEqual([
    "warn  closing connections: there are server.max_connections most=2",
  ])
  for (const { socket } of two) socket.destroy()
  await small.close()
})
