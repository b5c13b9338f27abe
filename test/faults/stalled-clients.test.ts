/**
 * A client that reads nothing while its backend floods (fault 10): the backend is held back, little is kept for the
 * client, and others are served as ever.
 *
 * Fifty of them, with the memory and the others' delay: slow/memory.test.ts.
 */
import { connect, type Socket } from "node:net"
import { afterAll, beforeAll, expect, test } from "vitest"
import { eventsIn, KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { chunk, CHUNKED, says, startRawBackend, type RawBackend } from "./_raw-backend.ts"

let play: (socket: Socket) => void
let backend: RawBackend
let proxy: TestProxy

beforeAll(async () => {
  backend = await startRawBackend((socket) => play(socket))
  proxy = await startProxy({
    models: { m: { backend: "b", model: "m" }, short: { backend: "short", model: "m" } },
    backends: { b: { base_url: backend.url }, short: { base_url: backend.url, timeout: { idle: 0.2 } } },
  })
})
afterAll(async () => {
  await proxy.close()
  backend.close()
})

const MB = 1024 * 1024

test("holds its backend back, and nobody else", async () => {
  const words = chunk(says({ content: "x".repeat(1000) }).repeat(100))
  let wanted = 400 // 40 MB
  play = (socket) => {
    const more = (): void => {
      while (!socket.destroyed && wanted > 0) {
        wanted--
        if (!socket.write(words)) return
      }
      if (wanted === 0) socket.write(chunk(says({}, "stop")) + chunk("data: [DONE]\n\n") + "0\r\n\r\n")
    }
    socket.write(CHUNKED)
    socket.on("drain", more)
    more()
  }
  const stalled = askAndStall("m")
  const flooding = await settled(() => backend.sockets.at(-1))
  const taken = flooding.bytesWritten - flooding.writableLength
  expect(taken).toBeLessThan(16 * MB) // the kernel's buffers on both ways are most of it
  expect(wanted).toBeGreaterThan(0)

  play = (socket) => socket.write(CHUNKED + chunk(`${says({ content: "Hello" }, "stop")}data: [DONE]\n\n`) + "0\r\n\r\n")
  const events = eventsIn(await (await proxy.send({ model: "m", stream: true })).text())
  expect(events.at(-1)).toEqual({ type: "message_stop" })
  expect(wanted).toBeGreaterThan(0)

  // Once it reads on, it gets all of it.
  let text = ""
  stalled.on("data", (bytes: Buffer) => void (text = (text + bytes.toString("latin1")).slice(-500)))
  stalled.resume()
  await expect.poll(() => text, { timeout: 5_000 }).toContain("message_stop")
  stalled.destroy()
})

test("that goes on for timeout.idle is let go, and it is not the backend that was silent", async () => {
  const words = chunk(says({ content: "x".repeat(1000) }).repeat(100))
  let flooding: Socket | undefined
  play = (socket) => {
    flooding = socket
    const more = (): void => {
      while (!socket.destroyed && socket.write(words));
    }
    socket.write(CHUNKED)
    socket.on("drain", more)
    more()
  }
  const stalled = askAndStall("short")
  await expect.poll(() => flooding?.destroyed).toBe(true)
  let text = ""
  stalled.on("data", (bytes: Buffer) => void (text = (text + bytes.toString("latin1")).slice(-500)))
  stalled.resume()
  await expect.poll(() => text).toContain('"message":"the client read nothing for 0.2 s"')
  stalled.destroy()
})

/** Asks for a stream and reads nothing of it. */
function askAndStall(model: string): Socket {
  const body = JSON.stringify({ model, stream: true, max_tokens: 9, messages: [{ role: "user", content: "Hi" }] })
  const head = ["POST /v1/messages HTTP/1.1", "host: p", `x-api-key: ${KEY}`, `content-length: ${body.length}`, "", body]
  const socket = connect(Number(new URL(proxy.url).port), "127.0.0.1").pause().on("error", () => {})
  socket.write(head.join("\r\n"))
  return socket
}

/** The socket, once it takes nothing more. */
async function settled(find: () => Socket | undefined): Promise<Socket> {
  let before = -1
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const socket = find()
    const written = socket?.bytesWritten ?? 0
    if (socket && written > 0 && written === before) return socket
    before = written
  }
}
