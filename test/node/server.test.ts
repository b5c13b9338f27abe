import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, expect, test } from "vitest"
import { startServer } from "../../src/node/server.ts"
import { folderOf, recorder, start } from "./_start.ts"

/** A backend that begins each answer, and goes on when told to. */
const waiting: ServerResponse[] = []
const backend = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "begun" } }] })}\n\n`)
  waiting.push(response)
})
await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve))
const { port } = backend.address() as AddressInfo
afterAll(() => {
  backend.closeAllConnections()
  backend.close()
})

const configOf = (drain: number) => `models:
  m: { backend: slow, model: m }
backends:
  slow: { base_url: "http://127.0.0.1:${port}/v1" }
server: { drain: ${drain} }
`
const ENV = { PROXY_API_KEY: "k-1", PORT: "0" }

/** Asks for a stream, and waits until it has begun. */
async function beginAnswer(url: string): Promise<{ rest(): Promise<string> }> {
  const answer = await fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": "k-1", "content-type": "application/json" },
    body: JSON.stringify({ model: "m", max_tokens: 9, stream: true, messages: [{ role: "user", content: "Hi" }] }),
  })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  const read = async (until: string): Promise<string> => {
    while (!text.includes(until)) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) return text
      text += value
    }
    return text
  }
  await read("begun")
  return { rest: () => read("no such text") }
}

function finish(response: ServerResponse | undefined): void {
  const usage = { prompt_tokens: 1, completion_tokens: 1 }
  const last = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage }
  response?.end(`data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`)
}

/** How a stream ended: `terminated` when its connection was cut. */
function outcomeOf(text: Promise<string>): Promise<string> {
  return text.catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
}

/** The words of log lines, without times and addresses. */
function wordsOf(log: string): string[] {
  const lines = [...log.matchAll(/^\S+Z (\w+) +(.*)$/gm)]
  return lines.map(([, level, words = ""]) => `${level} ${words.replace(/ url=\S+/, "")}`)
}

test("a running answer ends before the server does, and nobody new is let in", async () => {
  const cwd = await folderOf({ "config.yaml": configOf(30) })
  const terminal = recorder()
  const { url, close } = await startServer({ cwd, env: ENV, terminal })
  const { rest } = await beginAnswer(url)
  const closing = close()
  await expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed")
  finish(waiting.at(-1))
  expect((await rest()).trimEnd().split("\n").at(-1)).toBe('data: {"type":"message_stop"}')
  await closing
  expect(wordsOf(terminal.text.err)).toEqual([
    "info listening",
    "info stopping: no new requests running=1",
    "info stopped",
  ])
})

test("an answer that takes longer than server.drain ends with an error in words, and its stream is whole", async () => {
  const cwd = await folderOf({ "config.yaml": configOf(0.05) })
  const terminal = recorder()
  const { url, close } = await startServer({ cwd, env: ENV, terminal })
  const { rest } = await beginAnswer(url)
  const outcome = outcomeOf(rest())
  await close()
  expect((await outcome).trimEnd().split("\n").at(-1)).toMatch(
    /^data: {"type":"error","error":{"type":"overloaded_error","message":"the proxy is shutting down; ask again"}/,
  )
  expect(wordsOf(terminal.text.err).filter((line) => !line.startsWith("error reply failed"))).toEqual([
    "info listening",
    "info stopping: no new requests running=1",
    "warn ending answers that still run running=1 after=0.05s",
    "info stopped",
  ])
})

test("closing twice is closing once", async () => {
  const cwd = await folderOf({ "config.yaml": configOf(1) })
  const { close } = await startServer({ cwd, env: ENV, terminal: recorder() })
  expect(close()).toBe(close())
  await close()
})

test("a second signal ends the program at once", async () => {
  const { child, until, output, ended } = start(await folderOf({ "config.yaml": configOf(600) }), ENV)
  await until("listening")
  const { rest } = await beginAnswer(/on (http:\S+)/.exec(output.out)?.[1] ?? "")
  const outcome = outcomeOf(rest())
  child.kill("SIGTERM")
  await until("no new requests")
  child.kill("SIGTERM")
  const { code, err } = await ended
  expect([await outcome, code, wordsOf(err)]).toEqual([
    "terminated",
    0,
    [
      "info listening",
      "info asked to stop signal=SIGTERM",
      "info stopping: no new requests running=1",
      "info stopping at once signal=SIGTERM",
    ],
  ])
})

test("headers beyond 16 KiB are refused", async () => {
  const cwd = await folderOf({ "config.yaml": configOf(1) })
  const { url, close } = await startServer({ cwd, env: ENV, terminal: recorder() })
  const { status } = await fetch(`${url}/health`, { headers: { "x-long": "a".repeat(17_000) } })
  expect(status).toBe(431)
  await close()
})
