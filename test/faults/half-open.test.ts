/**
 * A backend that is half there (fault 12): it takes no connection, takes one and says nothing, or freezes in
 * mid-answer. Each ends in time, in words, and its connection is closed.
 *
 * The connection's own limit of 10 s: slow/half-open.test.ts. Silence in general: silences.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { eventsIn, startProxy, type TestProxy } from "../_proxy.ts"
import { startBlackHole, type BlackHole } from "./_black-hole.ts"
import { chunk, CHUNKED, says, startRawBackend, type RawBackend } from "./_raw-backend.ts"

let hole: BlackHole
let mute: RawBackend
let freezing: RawBackend
let proxy: TestProxy

beforeAll(async () => {
  hole = await startBlackHole()
  mute = await startRawBackend(() => {})
  freezing = await startRawBackend((socket) => void socket.write(CHUNKED + chunk(says({ content: "one" }))))
  const timeout = { first_byte: 0.2, idle: 0.2 }
  proxy = await startProxy({
    models: { hole: { backend: "hole", model: "m" }, mute: { backend: "mute", model: "m" }, freezing: { backend: "freezing", model: "m" } },
    backends: {
      hole: { base_url: hole.url, timeout },
      mute: { base_url: mute.url, timeout },
      freezing: { base_url: freezing.url, timeout },
    },
  })
})
afterAll(async () => {
  await proxy.close()
  mute.close()
  freezing.close()
  await hole.close()
})

describe.each(["hole", "mute"])("a backend that is a %s", (model) => {
  test.each([true, false])("is told as one that did not begin (stream: %s)", async (stream) => {
    const response = await proxy.send({ model, stream })
    expect([response.status, await response.json()]).toMatchObject([
      504,
      { error: { type: "timeout_error", message: `backend "${model}" did not begin to answer within 0.2 s` } },
    ])
  })
})

test("one that freezes is told as silent, behind what it has said", async () => {
  const events = eventsIn(await (await proxy.send({ model: "freezing", stream: true })).text())
  expect(events.map(({ type }) => type)).toEqual(["message_start", "content_block_start", "content_block_delta", "error"])
  expect(events.at(-1)).toMatchObject({ error: { type: "timeout_error", message: 'backend "freezing" was silent for 0.2 s' } })
})

test("no connection is kept for any of them", async () => {
  await expect.poll(() => [...mute.sockets, ...freezing.sockets].filter(({ destroyed }) => !destroyed)).toEqual([])
})

test("which of them are not ready is known without asking", async () => {
  expect(await (await proxy.ask("/health/ready")).json()).toMatchObject({
    backends: { hole: { ready: false }, mute: { ready: false }, freezing: { ready: true } },
  })
})
