/** Connections to a backend: kept ones that it closes, answers that are left, broken off, or read slowly. */
import { once } from "node:events"
import { createServer, type AddressInfo, type Socket } from "node:net"
import type { Dispatcher } from "undici"
import { afterEach, expect, test } from "vitest"
import type { Answered } from "../../src/dial/dial.ts"
import { Pump } from "../../src/node/pump.ts"
import { undiciFetch } from "../../src/node/undici.ts"

const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

/** A server whose connections answer so many requests and close, or reset, at the next one, without a word. */
async function serverFor(requests: readonly number[], end: "end" | "resetAndDestroy" = "end"): Promise<{ url: string; connections(): number }> {
  const left = [...requests]
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let answers = left[connections++] ?? 0
    sockets.add(socket)
    socket.on("data", () => (answers-- > 0 ? socket.write(ANSWER) : socket[end]()))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  closing.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, connections: () => connections }
}

/** All that comes of an answer. */
const textOf = async ({ body }: Answered): Promise<string> => {
  let text = ""
  for await (const bytes of body ?? []) text += Buffer.from(bytes).toString()
  return text
}

const post = async (url: string): Promise<string> => textOf(await undiciFetch(url, { method: "POST", body: "{}" }))

test.each(["end", "resetAndDestroy"] as const)("a request that meets a kept connection's %s is sent over a new one (undici#3141)", async (end) => {
  const { url, connections } = await serverFor([1, 1], end)
  expect([await post(url), await post(url), connections()]).toEqual(["ok", "ok", 2])
})

test("it is sent twice and not more often", async () => {
  const { url, connections } = await serverFor([1, 0, 1])
  await post(url)
  await expect(post(url)).rejects.toMatchObject({ code: "UND_ERR_SOCKET" })
  expect(connections()).toBe(2)
})

test("a new connection that is closed without an answer is a failure", async () => {
  const { url, connections } = await serverFor([0, 1])
  await expect(post(url)).rejects.toMatchObject({ code: "UND_ERR_SOCKET" })
  expect(connections()).toBe(1)
})

/** Writes to a connection as soon as a request has come. */
async function serverThat(answer: (socket: Socket) => void): Promise<{ url: string; sockets: readonly Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}))
    socket.on("data", () => answer(socket))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  closing.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets }
}

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

test("a signal breaks off before the answer and within it, with its reason", async () => {
  const { url } = await serverThat((socket) => socket.write(CHUNKED + chunk("begun")))
  const silent = await serverThat(() => {})
  const reason = new Error("enough")
  await expect(undiciFetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)

  const waiting = new AbortController()
  const waited = undiciFetch(silent.url, { signal: waiting.signal })
  setTimeout(() => waiting.abort(reason), 20)
  await expect(waited).rejects.toBe(reason)

  const reading = new AbortController()
  const answer = await undiciFetch(url, { signal: reading.signal })
  reading.abort(reason)
  await expect(textOf(answer)).rejects.toBe(reason)
})

test("an answer that breaks off is read up to there", async () => {
  const { url } = await serverThat((socket) => void socket.write(CHUNKED + chunk("begun"), () => socket.destroy()))
  const reader = (await undiciFetch(url)).body?.getReader()
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("begun")
  await expect(reader?.read()).rejects.toBeInstanceOf(Error)
})

test("who reads on slowly pauses the backend, and gets every byte", async () => {
  const size = 32 * 1024 * 1024
  const { url, sockets } = await serverThat((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size))
  })
  const answer = await undiciFetch(url)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(sockets[0]?.writableLength).toBeGreaterThan(0)
  expect((await textOf(answer)).length).toBe(size)
})

/** An answer whose end comes a little after its beginning. */
const endSoon = (socket: Socket): void => {
  socket.write(CHUNKED + chunk("begun"))
  setTimeout(() => socket.write("0\r\n\r\n"), 10)
}

test("an answer that is cut off takes its connection with it", async () => {
  const { url, sockets } = await serverThat(endSoon)
  await (await undiciFetch(url)).body?.cancel("the client has gone")
  await expect.poll(() => sockets[0]?.destroyed).toBe(true)
})

test("a connection outlives an answer of which only the last bytes are not wanted", async () => {
  const { url, sockets } = await serverThat(endSoon)
  for (let n = 0; n < 2; n++) {
    await (await undiciFetch(url)).body?.cancel()
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false])
})

test("what is more than last bytes is cut off", async () => {
  const { url, sockets } = await serverThat((socket) => {
    socket.write(CHUNKED + chunk("begun"))
    setTimeout(() => socket.write(chunk("x".repeat(20_000))), 10)
    setTimeout(() => socket.write("0\r\n\r\n"), 25)
  })
  await (await undiciFetch(url)).body?.cancel()
  await expect.poll(() => sockets[0]?.destroyed).toBe(true)
})

test("a call that is left while its connection is still being made ends at once, and is cut when it has one", async () => {
  const gone = new AbortController()
  const reason = new Error("the client closed the connection")
  const pump = new Pump(gone.signal)
  gone.abort(reason)
  await expect(pump.head).rejects.toBe(reason)
  const aborted: unknown[] = []
  pump.onRequestStart({ abort: (why: unknown) => void aborted.push(why) } as unknown as Dispatcher.DispatchController)
  expect(aborted).toEqual([reason])
})
