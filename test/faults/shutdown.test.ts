/**
 * The end of the program. Faults of the list, and what must hold:
 *
 * | Fault | |
 * | --- | --- |
 * | 14 SIGTERM with fifty streams | nobody new is let in, every stream ends as if nothing was, exit code 0, a line for each step |
 * | an exception nobody caught | exit code 1, and the log says which; a promise nobody waited for ends nothing |
 *
 * An answer that takes longer than `server.drain`, a second signal, and closing twice are in `node/server.test.ts`.
 */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, expect, test } from "vitest"
import { DEMO, folderOf, start } from "../node/_start.ts"
import { head, KEY, question, speakTo } from "./_wire.ts"

const STREAMS = 50

const chunk = (choice: object, more: object = {}): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, ...choice }], ...more })}\n\n`
const END = `${chunk({ finish_reason: "stop" }, { usage: { prompt_tokens: 1, completion_tokens: 5 } })}data: [DONE]\n\n`

/** A backend that begins each answer, and goes on when told to. */
const answers: ServerResponse[] = []
const backend = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(chunk({ delta: { content: "begun" } }))
  answers.push(response)
})
await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve))
afterAll(() => {
  backend.closeAllConnections()
  backend.close()
})

/** The words of log lines, without times and addresses. */
function wordsOf(log: string): string[] {
  return [...log.matchAll(/^\S+Z (\w+) +(.*)$/gm)].map(([, level, words = ""]) => `${level} ${words.replace(/(url|ms)=\S+/, "$1")}`)
}

test("fifty streams end as if nothing was when the program is asked to stop, and nobody new is let in", async () => {
  const base_url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/v1`
  const config = `models: { m: { backend: b, model: m } }\nbackends: { b: { base_url: "${base_url}" } }\n`
  const { child, until, output, ended } = start(await folderOf({ "config.yaml": config }), { PROXY_API_KEY: KEY })
  await until("listening")
  const url = /on (http:\S+)/.exec(output.out)?.[1] ?? ""

  const streams = Array.from({ length: STREAMS }, () => speakTo(url, question("m")))
  await Promise.all(streams.map((stream) => stream.until("begun")))
  const idle = speakTo(url, `${head("GET /health")}\r\n`)
  await idle.until("ok")

  child.kill("SIGTERM")
  await until("no new requests")
  await expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed")
  for (const [n, answer] of answers.entries()) {
    for (let word = 0; word < 5; word++) answer.write(chunk({ delta: { content: `(${n}.${word})` } }))
    answer.end(END)
  }
  const said = await Promise.all(streams.map(({ over }) => over))
  const words = said.map((text) => [...text.matchAll(/\((\d+)\.(\d)\)/g)].map(([, n, word]) => `${n}.${word}`))
  const whole = words.map(([first = ""]) => [0, 1, 2, 3, 4].map((word) => `${first.split(".")[0]}.${word}`))
  expect(words).toEqual(whole) // each one got one answer, and all of it
  expect(said.filter((text) => text.includes("event: message_stop") && text.endsWith("\r\n0\r\n\r\n"))).toHaveLength(STREAMS)
  const { code, err } = await ended
  expect([code, wordsOf(err)]).toEqual([
    0,
    [
      "info listening url",
      "info asked to stop signal=SIGTERM",
      `info stopping: no new requests running=${STREAMS}`,
      "info stopped",
    ],
  ])
})

const plugin = (name: string, setup: string): string =>
  `import { definePlugin } from "llm-proxy"\nexport default definePlugin({ name: "${name}", setup() { ${setup}; return [] } })\n`

test("an exception that nobody caught ends the program with code 1, and the log says which", async () => {
  const files = { "config.yaml": `${DEMO}plugins: [throws]\n`, "plugins/throws.ts": plugin("throws", 'setTimeout(() => { throw new Error("no tea") }, 300)') }
  const { code, err } = await start(await folderOf(files), { PROXY_API_KEY: KEY }).ended
  expect([code, err.replaceAll(/\S+Z |http:\S+/g, "").split("\n")]).toEqual([
    1,
    ["info  listening url=", 'error uncaught exception error="Error: no tea"', "llm-proxy: ended by an uncaught exception; the log says which", ""],
  ])
})

test("a promise that a plugin forgot is told, and ends nothing", async () => {
  const files = { "config.yaml": `${DEMO}plugins: [forgets]\n`, "plugins/forgets.ts": plugin("forgets", 'setTimeout(() => { Promise.reject(new Error("no tea")) }, 300)') }
  const { child, until, output, ended } = start(await folderOf(files), { PROXY_API_KEY: KEY })
  await until('error unhandled rejection error="Error: no tea"')
  expect((await fetch(`${/on (http:\S+)/.exec(output.out)?.[1]}/health`)).status).toBe(200)
  child.kill("SIGTERM")
  expect((await ended).code).toBe(0)
})
