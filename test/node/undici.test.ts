/** Connections that a backend closes while they are kept. */
import { once } from "node:events"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { afterEach, expect, test } from "vitest"
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

const post = async (url: string): Promise<string> => (await undiciFetch(url, { method: "POST", body: "{}" })).text()

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
