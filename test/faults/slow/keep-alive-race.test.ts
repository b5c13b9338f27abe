/**
 * A backend that closes a connection after 50 ms without a request, and clients that ask every 49 to 51 ms (fault 13):
 * of a thousand requests none fails. Each meeting on purpose, one by one: ../kept-connections.test.ts.
 */
import type { Socket } from "node:net"
import { expect, test } from "vitest"
import { startProxy } from "../../_proxy.ts"
import { HELLO, startRawBackend, whole } from "../_raw-backend.ts"

/** Milliseconds. */
const IDLE = 50
const LANES = 10
const EACH = 100

test("a thousand requests at the edge of keep-alive are all answered", async () => {
  const idle = new Map<Socket, ReturnType<typeof setTimeout>>()
  const backend = await startRawBackend((socket, { ever }) => {
    clearTimeout(idle.get(socket))
    socket.write(whole(HELLO))
    // Now and then as a server does that has gone.
    idle.set(socket, setTimeout(() => (ever % 10 === 0 ? socket.resetAndDestroy() : socket.end()), IDLE))
  })
  const proxy = await startProxy({ models: { m: { backend: "b", model: "m" } }, backends: { b: { base_url: backend.url } } })
  const statuses = new Map<number, number>()
  const lane = async (): Promise<void> => {
    for (let n = 0; n < EACH; n++) {
      const response = await proxy.send({ model: "m" })
      await response.text()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, IDLE - 1 + Math.random() * 2))
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  console.log(`${LANES * EACH} requests over ${backend.sockets.length} connections`)
  expect([...statuses]).toEqual([[200, LANES * EACH]])
  expect(backend.sockets.length).toBeGreaterThan(LANES) // else none was closed
  await proxy.close()
  backend.close()
})
