/**
 * What faults of backends and clients cost the real process in memory: lines without an end (fault 9), clients that
 * read nothing (fault 10), errors that unpack to fifty megabytes (fault 18). In short, without the figures:
 * ../endless-answers.test.ts, ../stalled-clients.test.ts, ../odd-answers.test.ts.
 */
import { readFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { folderOf, start, type Started } from "../../node/_start.ts"
import { chunk, CHUNKED, says, startRawBackend, type RawBackend } from "../_raw-backend.ts"

const KEY = "k-0123456789abcdef"
const MB = 1024 * 1024
const X = "x".repeat(256 * 1024)

let play: (socket: Socket) => void
let backend: RawBackend
let proxy: Started
let url: string

beforeAll(async () => {
  backend = await startRawBackend((socket) => play(socket))
  const config = `models: { m: { backend: b, model: m } }\nbackends: { b: { base_url: "${backend.url}" } }\n`
  proxy = start(await folderOf({ "config.yaml": config }), { PROXY_API_KEY: KEY })
  await proxy.until("listening")
  url = /on (http:\S+)/.exec(proxy.output.out)?.[1] ?? ""
  // What is loaded with the first request and grows with the first megabytes is no fault's.
  play = flood(`data: {"choices":[{"delta":{"content":"`, X, 4)
  await ask(true)
})
afterAll(() => void proxy.child.kill("SIGKILL"))
beforeEach(() => new Promise((resolve) => setTimeout(resolve, 500)))

/** A figure of the process's memory in megabytes: what it takes now, or the most it has taken. */
function memory(name: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${proxy.child.pid}/status`, "utf8")
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
}

const body = (stream: boolean): string =>
  JSON.stringify({ model: "m", stream, max_tokens: 9, messages: [{ role: "user", content: "Hi" }] })

async function ask(stream: boolean): Promise<string> {
  const headers = { "x-api-key": KEY, "content-type": "application/json" }
  return (await fetch(`${url}/v1/messages`, { method: "POST", headers, body: body(stream) })).text()
}

/** Writes a beginning and then pieces of 256 KB, so many megabytes, as fast as they are taken. */
function flood(beginning: string, piece: string, megabytes: number): (socket: Socket) => void {
  return (socket) => {
    let left = megabytes * 4
    const more = (): void => {
      while (!socket.destroyed && left > 0 && left-- > 0) if (!socket.write(chunk(piece))) return
      if (left <= 0) socket.end()
    }
    socket.write(CHUNKED + chunk(beginning))
    socket.on("drain", more)
    more()
  }
}

test("fifty clients that read nothing for ten seconds bound memory, and another's stream flows on", async () => {
  // The least of three: what else runs on the machine is not the proxy's doing.
  const gaps = async (): Promise<number> => {
    play = pace
    const found: number[] = []
    for (let n = 0; n < 3; n++) {
      const all = await pacedGaps()
      found.push(all[Math.floor(all.length * 0.99)] ?? 0)
    }
    return Math.min(...found)
  }
  const alone = await gaps()
  const before = memory("VmRSS")
  play = flood("", says({ content: "x".repeat(1000) }).repeat(250), 100_000)
  const { port } = new URL(url)
  const stalled = Array.from({ length: 50 }, () => {
    const socket = connect(Number(port), "127.0.0.1").pause().on("error", () => {})
    const text = body(true)
    socket.write(`POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${KEY}\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
    return socket
  })
  const asked = backend.requests
  await expect.poll(() => backend.requests, { timeout: 10_000 }).toBe(asked + 50)
  const flooding = backend.sockets.slice(-50)
  await new Promise((resolve) => setTimeout(resolve, 3_000)) // until all buffers on the way are full
  const taken = flooding.map((socket) => socket.bytesWritten - socket.writableLength)
  const beside = await gaps()
  const later = flooding.map((socket) => socket.bytesWritten - socket.writableLength)
  const grown = memory("VmRSS") - before
  const most = Math.max(...later) / MB
  console.log(`50 stalled: ${grown.toFixed(0)} MB more, at most ${most.toFixed(1)} MB taken of one; gap p99 ${alone.toFixed(1)} → ${beside.toFixed(1)} ms`)
  for (const socket of stalled) socket.destroy()
  expect(later).toEqual(taken)
  expect(most).toBeLessThan(16)
  expect(grown).toBeLessThan(100)
  expect(beside).toBeLessThan(2 * alone)
})

test.each([
  ["a line", 'data: {"choices":[{"delta":{"content":"', 8],
  ["a whole answer", '{"choices":[{"message":{"content":"', 64],
])("256 MB of %s without an end take less than four times the limit", async (what, beginning, limit) => {
  const before = memory("VmRSS")
  play = flood(beginning, X, 256)
  expect(await ask(true)).toContain("has no end")
  const grown = memory("VmHWM") - before
  console.log(`${what} without an end: ${grown.toFixed(0)} MB more at most, limit ${limit} MB`)
  expect(grown).toBeLessThan(4 * limit)
})

test("twenty errors that unpack to 50 MB each take less than 64 MB", async () => {
  const bomb = gzipSync(Buffer.alloc(50 * MB, "x"))
  play = (socket) => {
    socket.write(`HTTP/1.1 500 Oops\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`)
    socket.write(bomb)
  }
  for (let n = 0; n < 10; n++) await ask(false) // what is loaded for the first stays
  const before = memory("VmRSS")
  for (let n = 0; n < 20; n++) await ask(false)
  const grown = memory("VmRSS") - before
  console.log(`twenty bombs: ${grown.toFixed(0)} MB more`)
  expect(grown).toBeLessThan(64)
})

/** A word each 10 ms, three hundred of them. */
function pace(socket: Socket): void {
  let n = 0
  socket.write(CHUNKED)
  const timer = setInterval(() => {
    if (n++ < 300) socket.write(chunk(says({ content: "x" })))
    else {
      clearInterval(timer)
      socket.write(`${chunk(`${says({}, "stop")}data: [DONE]\n\n`)}0\r\n\r\n`)
    }
  }, 10)
}

/** The milliseconds between pieces of such an answer, in order of size. */
async function pacedGaps(): Promise<readonly number[]> {
  const headers = { "x-api-key": KEY, "content-type": "application/json" }
  const response = await fetch(`${url}/v1/messages`, { method: "POST", headers, body: body(true) })
  const times: number[] = []
  for await (const _ of response.body ?? []) times.push(performance.now())
  return times.slice(1).map((time, n) => time - (times[n] ?? 0)).toSorted((a, b) => a - b)
}
