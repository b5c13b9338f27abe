/**
 * What requests of all kinds leave behind in the process: no timer and no socket. How the heap fares over 100,000 of them
 * is tried by `npm run test:soak`.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { setTimeout as after } from "node:timers/promises"
import { KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { ask, KINDS, startLoadBackend, type Backend } from "../soak/_load.ts"

let backend: Backend
let proxy: TestProxy
beforeAll(async () => {
  backend = await startLoadBackend()
  proxy = await startProxy({
    models: Object.fromEntries(KINDS.map((kind) => [kind, { backend: "b", model: kind }])),
    backends: { b: { base_url: backend.url } },
  })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

test("requests that are answered, left and broken off leave no timer behind", async () => {
  const before = timers()
  expect(await ask(proxy.url, KEY, 0, 300)).toEqual([])
  // A request that is left is over a moment after its client has gone.
  for (let tries = 0; tries < 20 && timers() > before; tries++) await after(50)
  expect(timers()).toBeLessThanOrEqual(before)
})
