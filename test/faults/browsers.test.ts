/**
 * Pages that somebody else's server sent to a browser on this machine. Faults of the list, and what must hold:
 *
 * | Fault | |
 * | --- | --- |
 * | 26 a name that leads to 127.0.0.1 (DNS rebinding, CVE-2024-28224) | refused on a loopback address, but for the names of `server.hosts` |
 * | 26 a preflight, a request with an origin | no `access-control-*` header, but for the origins of `server.cors` |
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { DEMO } from "../node/_start.ts"
import { heardIn, KEY, refusal, serveFiles, speakTo, type Heard, type Served } from "./_wire.ts"

const servers: Served[] = []
afterAll(() => Promise.all(servers.map((server) => server.close())))

async function serve(options: string): Promise<Served> {
  const server = await serveFiles({ "config.yaml": `${DEMO}server: { ${options} }\n` })
  servers.push(server)
  return server
}

async function ask({ url }: Served, line: string, ...headers: readonly string[]): Promise<Heard> {
  return heardIn(await speakTo(url, [`${line} HTTP/1.1`, ...headers, "Connection: close", "", ""].join("\r\n")).over)
}

/** Headers that let a page read something. */
function shownTo({ headers }: Heard): string[] {
  return Object.keys(headers).filter((name) => name.startsWith("access-control-"))
}

describe("the name a page was asked for by", () => {
  let loopback: Served
  let named: Served
  let open: Served
  let every: Served
  beforeAll(async () => {
    loopback = await serve("")
    named = await serve('hosts: [llm.example, "*.team.example"]')
    open = await serve('host: "0.0.0.0"')
    every = await serve('hosts: ["*"]')
  })

  const OWN = ["127.0.0.1", "127.0.0.1:8081", "127.1.2.3", "localhost", "LOCALHOST:80", "llm.localhost", "[::1]", "[::1]:8081"]
  const FOREIGN = ["evil.example", "evil.example:8081", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example.", "0.0.0.0", "[::]", "192.168.0.2", "10.0.0.1:80"]
  const NONE = ["", "localhost evil.example", "localhost/evil", "a@localhost", "[::1", "localhost:80:80", "localhost:x"]

  test.each(OWN)("%s is the machine's own, everywhere", async (host) => {
    const answers = await Promise.all([loopback, named, open, every].map((server) => ask(server, "GET /health", `Host: ${host}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  test.each(FOREIGN)("%s is not, and on a loopback address refused", async (host) => {
    const answers = await Promise.all([loopback, named, open, every].map((server) => ask(server, "GET /health", `Host: ${host}`)))
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 200, 200])
    const [first] = answers as [Heard]
    const words = `this server does not answer to the name ${host.replace(/:\d+$/, "")}; server.hosts says to which`
    expect(first.body).toEqual(refusal("permission_error", words, first))
  })

  test.each(NONE)("%j is none, and refused everywhere", async (host) => {
    const answers = await Promise.all([loopback, named, open, every].map((server) => ask(server, "GET /health", `Host: ${host}`)))
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400])
  })

  test("is asked for on every path, and before the key", async () => {
    for (const line of ["GET /", "GET /health/ready", "GET /v1/models", "POST /v1/messages", "OPTIONS /v1/messages", "GET /none"]) {
      const { status } = await ask(loopback, line, "Host: evil.example", `x-api-key: ${KEY}`, "Content-Length: 0")
      expect([line, status]).toEqual([line, 403])
    }
  })

  test("may be one that server.hosts lists, with patterns", async () => {
    const hosts = ["llm.example", "LLM.example:443", "a.team.example", "a.b.team.example", "team.example", "evil.example"]
    const answers = await Promise.all(hosts.map((host) => ask(named, "GET /health", `Host: ${host}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 403, 403])
  })

  test("need not be there for who speaks HTTP/1.0, which no browser does", async () => {
    expect(heardIn(await speakTo(loopback.url, "GET /health HTTP/1.0\r\n\r\n").over).status).toBe(200)
  })
})

describe("a page of another origin", () => {
  const EVIL = "Origin: https://evil.example"
  const CHAT = "Origin: https://chat.example"
  const PREFLIGHT = ["Host: localhost", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type,x-api-key"]
  const GET = ["GET /v1/models", "Host: localhost", `x-api-key: ${KEY}`] as const
  let closed: Served
  let open: Served
  let every: Served
  beforeAll(async () => {
    closed = await serve("")
    open = await serve('cors: ["https://chat.example", "http://localhost:*", "null"]')
    every = await serve('cors: ["*"]')
  })

  test("reads nothing unless the config names it, whatever it asks", async () => {
    const preflight = await ask(closed, "OPTIONS /v1/messages", EVIL, ...PREFLIGHT)
    const other = await ask(open, "OPTIONS /v1/messages", EVIL, ...PREFLIGHT)
    const read = await ask(closed, ...GET, EVIL)
    const keyless = await ask(closed, "POST /v1/messages", "Host: localhost", EVIL, "Content-Type: text/plain", "Content-Length: 2\r\n\r\n{}")
    expect([preflight, other, read, keyless].map((answer) => [answer.status, shownTo(answer)])).toEqual([
      [405, []],
      [405, []],
      [200, []],
      [401, []],
    ])
  })

  test("reads answers and errors when the config names it, and is told what it may send", async () => {
    const preflight = await ask(open, "OPTIONS /v1/messages", CHAT, ...PREFLIGHT)
    expect([preflight.status, preflight.body]).toEqual([204, ""])
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "https://chat.example",
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers": "content-type,x-api-key",
      "access-control-max-age": "7200",
      vary: "origin, access-control-request-headers",
    })
    const read = await ask(open, ...GET, CHAT)
    const wrong = await ask(open, "GET /v1/models", "Host: localhost", CHAT)
    const shown = { "access-control-allow-origin": "https://chat.example", "access-control-expose-headers": "*", vary: "origin" }
    expect([read.status, wrong.status]).toEqual([200, 401])
    expect(read.headers).toMatchObject(shown)
    expect(wrong.headers).toMatchObject(shown)
  })

  test("reads a stream too", async () => {
    const body = JSON.stringify({ model: "demo", max_tokens: 9, stream: true, messages: [{ role: "user", content: "Hi" }] })
    const headers = { origin: "http://localhost:3000", "x-api-key": KEY }
    const answer = await fetch(`${open.url}/v1/messages`, { method: "POST", headers, body })
    expect([answer.headers.get("access-control-allow-origin"), answer.headers.get("content-type")]).toEqual([
      "http://localhost:3000",
      "text/event-stream; charset=utf-8",
    ])
    expect((await answer.text()).endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n')).toBe(true)
  })

  test.each([
    ["https://chat.example", true],
    ["https://chat.example:444", false],
    ["http://chat.example", false],
    ["https://chat.example.evil.example", false],
    ["https://evil.example/https://chat.example", false],
    ["null", true],
    ["https://a.example, https://chat.example", false],
  ])("%s is named: %s", async (origin, named) => {
    const answer = await ask(open, ...GET, `Origin: ${origin}`)
    expect(answer.headers["access-control-allow-origin"]).toBe(named ? origin : undefined)
  })

  test("is any when the config says so", async () => {
    expect((await ask(every, ...GET, EVIL)).headers["access-control-allow-origin"]).toBe("*")
  })

  test("is named as origins are: one that never comes is a mistake", async () => {
    for (const origin of ["chat.example", "https://chat.example/", "https://chat.example/path", ""]) {
      await expect(serve(`cors: ["${origin}"]`)).rejects.toThrow("server.cors.0: must be an origin such as https://chat.example")
    }
  })
})
