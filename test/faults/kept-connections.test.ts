/**
 * A backend closes a connection that was kept, just as the proxy sends a request over it (fault 13). Nobody has looked
 * at that request, so it goes out once more over a new connection: undici#3141, node#52649.
 *
 * How often, and when not, is tried in test/node/undici.test.ts; a thousand of them in slow/keep-alive-race.test.ts.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startProxy, type TestProxy } from "../_proxy.ts"
import { HELLO, startRawBackend, whole, type RawBackend } from "./_raw-backend.ts"

let backend: RawBackend
let proxy: TestProxy

beforeAll(async () => {
  // Each connection answers once, and is closed or reset at the next request, without a word.
  backend = await startRawBackend((socket, { here, ever }) => {
    if (here === 1) setTimeout(() => socket.write(whole(HELLO)), 5)
    else if (ever % 2 === 0) socket.end()
    else socket.resetAndDestroy()
  })
  proxy = await startProxy({ models: { m: { backend: "b", model: "m" } }, backends: { b: { base_url: backend.url } } })
})
afterAll(async () => {
  await proxy.close()
  backend.close()
})

test("requests at the same time that meet connections being closed are all answered", async () => {
  const statuses: number[] = []
  const askOften = async (): Promise<void> => {
    for (let n = 0; n < 10; n++) {
      const response = await proxy.send({ model: "m" })
      await response.text()
      statuses.push(response.status)
    }
  }
  await Promise.all(Array.from({ length: 6 }, askOften))
  expect(statuses).toEqual(Array.from({ length: 60 }, () => 200))
  expect(backend.requests).toBeGreaterThan(60) // else no connection was met as it closed
})
