import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { startServer } from "../../src/node/server.ts"
import { eventsIn } from "../_proxy.ts"
import { fold } from "../../src/anthropic/fold.ts"
import { folderOf, recorder } from "./_start.ts"

const EDITS = 200
const STREAMS = 50

/** A chunk of text for every stream of a backend, each time it is told to go on. */
const chunk = (choice: object): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, ...choice }] })}\n\n`

test("two hundred edits, half of them broken, lose nothing of fifty streams", async () => {
  const answers: ServerResponse[] = []
  const backend = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(chunk({ delta: { content: "0" } }))
    answers.push(response)
  })
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/v1`
  const good = (n: number) => `models:\n  m: { backend: b, model: m${n} }\nbackends:\n  b: { base_url: "${url}" }\n`
  const folder = await folderOf({ "config.yaml": good(0) })
  const terminal = recorder()
  const server = await startServer({ cwd: folder, env: { PROXY_API_KEY: "k-1", PORT: "0", LOG_LEVEL: "debug" }, terminal })

  const ask = async (): Promise<string> => {
    const response = await fetch(`${server.url}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": "k-1" },
      body: JSON.stringify({ model: "m", max_tokens: 999, stream: true, messages: [{ role: "user", content: "Hi" }] }),
    })
    return response.text()
  }
  const streams: Promise<string>[] = []
  for (let n = 1; n <= EDITS; n++) {
    if (streams.length < STREAMS) streams.push(ask())
    await writeFile(join(folder, "config.yaml"), n % 2 === 0 ? good(n) : `models: { m: { backend: none${n} `)
    await server.reload()
    for (const answer of answers) answer.write(chunk({ delta: { content: ` ${n}` } }))
  }
  for (const answer of answers) answer.end(`${chunk({ finish_reason: "stop" })}data: [DONE]\n\n`)

  const told = await Promise.all(streams)
  expect(told.length).toBe(STREAMS)
  for (const [n, text] of told.entries()) {
    const message = fold(eventsIn(text))
    const [block] = message?.content ?? []
    const words = block?.type === "text" ? block.text.split(" ").map(Number) : []
    expect(message?.stop_reason, `stream ${n}`).toBe("end_turn")
    // Whatever edit it began after, each stream has heard every one since.
    expect(words.slice(1), `stream ${n}`).toEqual(Array.from({ length: words.length - 1 }, (_, i) => EDITS - words.length + 2 + i))
  }
  const lines = terminal.text.err.split("\n")
  expect(lines.filter((line) => line.includes("not reloaded")).length).toBeGreaterThanOrEqual(EDITS / 2)
  expect(lines.filter((line) => line.includes(" reloaded ")).length).toBeGreaterThanOrEqual(EDITS / 2)
  await server.close()
  const closed = terminal.text.err.split("\n").filter((line) => line.includes("closed an earlier config"))
  const made = terminal.text.err.split("\n").filter((line) => line.includes(" reloaded "))
  expect(closed.length).toBe(made.length)
  backend.close()
}, 60_000)
