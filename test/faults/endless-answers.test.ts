/**
 * An answer that has no end (fault 9): a line without a break, an event without a blank line, a whole answer that never
 * closes its bracket. At the limit it fails in words, and the backend is let go (undici#5814).
 *
 * How much memory it takes until then: slow/memory.test.ts.
 */
import type { Socket } from "node:net"
import { afterAll, beforeAll, expect, test } from "vitest"
import { eventsIn, startProxy, type TestProxy } from "../_proxy.ts"
import { chunk, CHUNKED, says, startRawBackend, type RawBackend } from "./_raw-backend.ts"

let play: (socket: Socket) => void
let backend: RawBackend
let proxy: TestProxy

beforeAll(async () => {
  backend = await startRawBackend((socket) => play(socket))
  proxy = await startProxy({ models: { m: { backend: "b", model: "m" } }, backends: { b: { base_url: backend.url } } })
})
afterAll(async () => {
  await proxy.close()
  backend.close()
})

const MB = 1024 * 1024
const LIMIT = "the backend's answer has no end: it was cut off at the proxy's limit"

/** Writes a beginning, and then the same piece for as long as somebody takes it. */
function endless(beginning: string, piece: string): (socket: Socket) => void {
  return (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk(piece)));
    }
    socket.write(CHUNKED + chunk(beginning))
    socket.on("drain", more)
    more()
  }
}

const X = "x".repeat(256 * 1024)
const LINES = `data: ${"and more ".repeat(100)}\n`.repeat(250)

test.each([
  ["a line", 'data: {"choices":[{"delta":{"content":"', X, 8],
  ["an event", "data: {\n", LINES, 8],
  ["a whole answer", '{"choices":[{"message":{"content":"', X, 64],
])("%s that never ends is cut at the limit, before the first word", async (_, beginning, piece, megabytes) => {
  play = endless(beginning, piece)
  for (const stream of megabytes > 8 ? [false] : [true, false]) {
    const response = await proxy.send({ model: "m", stream })
    expect([response.status, await response.json()]).toMatchObject([502, { error: { type: "api_error", message: LIMIT } }])
    const socket = backend.sockets.at(-1)
    await expect.poll(() => socket?.destroyed).toBe(true)
    expect(socket?.bytesWritten).toBeLessThan((megabytes + 16) * MB) // what the kernel held is among it
  }
})

test.each(["a comment", "no field at all"])("%s of 32 MB is passed over, and nothing of it kept", async (what) => {
  const end = `\n\n${says({ content: "Hello" }, "stop")}data: [DONE]\n\n`
  play = (socket) => {
    socket.write(CHUNKED + chunk(what === "a comment" ? ": " : "datum"))
    for (let n = 0; n < 128; n++) socket.write(chunk(X))
    socket.write(chunk(end) + "0\r\n\r\n")
  }
  const events = eventsIn(await (await proxy.send({ model: "m", stream: true })).text())
  expect(events.at(-1)).toEqual({ type: "message_stop" })
})

test("in mid-stream what was said stands, and an error follows", async () => {
  play = endless(`${says({ content: "one" })}data: `, X)
  const events = eventsIn(await (await proxy.send({ model: "m", stream: true })).text())
  expect(events.map(({ type }) => type)).toEqual(["message_start", "content_block_start", "content_block_delta", "error"])
  expect(events.at(-1)).toMatchObject({ error: { type: "api_error", message: LIMIT } })
})
