/**
 * Half-open backends (fault 12) by the limits and the means of real life: a connection that does not come about within
 * ten seconds, and a process that is stopped in mid-answer. In short: ../half-open.test.ts.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { afterAll, expect, test } from "vitest"
import { eventsIn, startProxy } from "../../_proxy.ts"
import { startBlackHole } from "../_black-hole.ts"

test("a connection that does not come about is given up after ten seconds", async () => {
  const hole = await startBlackHole()
  const proxy = await startProxy({ models: { m: { backend: "b", model: "m" } }, backends: { b: { base_url: hole.url } } })
  const began = performance.now()
  const response = await proxy.send({ model: "m" })
  expect([response.status, await response.json()]).toMatchObject([
    502,
    { error: { type: "api_error", message: 'backend "b" cannot be reached (UND_ERR_CONNECT_TIMEOUT)' } },
  ])
  expect(Math.round((performance.now() - began) / 1000)).toBeLessThanOrEqual(12)
  await proxy.close()
  await hole.close()
})

/** Streams a word each 20 ms. */
const BACKEND = `
const server = require("node:http").createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  setInterval(() => response.write('data: {"choices":[{"delta":{"content":"x"}}]}\\n\\n'), 20)
})
server.listen(0, "127.0.0.1", () => console.log(server.address().port))`

let child: ChildProcess | undefined
afterAll(() => void child?.kill("SIGKILL"))

test("a process that is stopped in mid-answer is silent, and the client told so", async () => {
  child = spawn(process.execPath, ["--eval", BACKEND], { stdio: ["ignore", "pipe", "inherit"] })
  const [bytes] = (await once(child.stdout ?? child, "data")) as [Buffer]
  const base_url = `http://127.0.0.1:${bytes.toString().trim()}/v1`
  const proxy = await startProxy({
    models: { m: { backend: "b", model: "m" } },
    backends: { b: { base_url, timeout: { idle: 2 } } },
    server: { ping: 0.5 },
  })
  const response = await proxy.send({ model: "m", stream: true })
  setTimeout(() => child?.kill("SIGSTOP"), 300)
  const events = eventsIn(await response.text())
  expect(events.at(-1)).toMatchObject({ type: "error", error: { type: "timeout_error", message: 'backend "b" was silent for 2 s' } })
  expect(events.filter(({ type }) => type === "ping").length).toBeGreaterThanOrEqual(3)
  await proxy.close()
})
