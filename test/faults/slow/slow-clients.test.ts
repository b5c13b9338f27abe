/**
 * Fault 16 with the limits as they are by default: slow headers are closed within 30 s, a slow body soon after its
 * minute, and of 1,000 connections that say nothing none is left, while a stream goes on through all of it. What is
 * answered is in `../slow-clients.test.ts`.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import { controlled, startBackend } from "../../_backend.ts"
import { delta } from "../../_proxy.ts"
import { head, heardIn, KEY, question, serveFiles, speakTo, type Speaker } from "../_wire.ts"

/** Writes one byte a second until nobody listens any more, and says after how many seconds that was. */
async function drip(speaker: Speaker, text: string): Promise<{ seconds: number; status: number }> {
  const began = performance.now()
  let over = false
  void speaker.over.then(() => (over = true))
  for (const byte of text) {
    if (over || !speaker.socket.writable) break
    speaker.write(byte)
    await sleep(1000)
  }
  const said = await speaker.over
  return { seconds: (performance.now() - began) / 1000, status: heardIn(said).status }
}

test("by default, slow clients are let go in time, and a stream goes on", async () => {
  const script = controlled()
  const backend = await startBackend(script)
  const server = await serveFiles({
    "config.yaml": `models: { m: { backend: b, model: m } }\nbackends: { b: { base_url: "${backend.url}" } }\n`,
  })
  const live = speakTo(server.url, question("m"))
  await script.opened
  let words = 0
  const talk = setInterval(() => script.push(delta({ content: `(${words++})` })), 250)

  const began = performance.now()
  const idle = Array.from({ length: 1000 }, () => speakTo(server.url))
  const closed = Promise.all(idle.map(({ over }) => over)).then(() => (performance.now() - began) / 1000)
  const headers = drip(speakTo(server.url), head("GET /health", `x-slow: ${"a".repeat(500)}`))
  const body = drip(
    speakTo(server.url, `${head("POST /v1/messages", `x-api-key: ${KEY}`, "Content-Length: 500")}\r\n`),
    `{"model":"${"m".repeat(400)}`,
  )
  const ends = { idle: await closed, headers: await headers, body: await body }
  process.stdout.write(`let go after: ${JSON.stringify(ends)}\n`)
  expect([ends.headers.status, ends.body.status]).toEqual([408, 408])
  expect([ends.idle < 30, ends.headers.seconds < 30, ends.body.seconds < 75]).toEqual([true, true, true])

  clearInterval(talk)
  script.push(delta({}, "stop"))
  script.push("data: [DONE]\n\n")
  script.end()
  await live.until("message_stop")
  const heard = [...live.said().matchAll(/\((\d+)\)/g)].map(([, n]) => Number(n))
  expect(heard).toEqual(Array.from({ length: words }, (_, n) => n))
  live.socket.destroy()
  await server.close()
  await backend.close()
})
