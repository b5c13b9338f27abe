/**
 * A server that has to end before its answers have (fault 14, when `server.drain` is over): each client is told so in
 * words, and its answer ends as HTTP wants it. Nobody is asked again for it.
 *
 * What ends in time: test/node/server.test.ts. Fifty streams and signals: those are tried with the real process.
 */
import { afterAll, expect, test } from "vitest"
import { Calls, SHUTTING_DOWN } from "../../src/dial/calls.ts"
import { failureKind } from "../../src/failure-kind.ts"
import { startServer, type RunningServer } from "../../src/node/server.ts"
import { folderOf, recorder } from "../node/_start.ts"
import { chunk, CHUNKED, says, startRawBackend } from "./_raw-backend.ts"

/** Answers the model `begins` with a word, and no other at all. */
const backend = await startRawBackend((socket, { ever }) => {
  if (ever > 0 && begins) socket.write(CHUNKED + chunk(says({ content: "begun" })))
})
let begins = true
afterAll(() => backend.close())

const KEY = "k-0123456789abcdef"

async function start(ping: number): Promise<RunningServer> {
  const config = `models:
  m: { backend: b, model: m }
backends:
  b: { base_url: "${backend.url}" }
server: { drain: 0.05, ping: ${ping} }
plugins: [retry]
`
  const cwd = await folderOf({ "config.yaml": config })
  return startServer({ cwd, env: { PROXY_API_KEY: KEY, PORT: "0" }, terminal: recorder() })
}

const BODY = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] }
const post = ({ url }: RunningServer, stream: boolean): Promise<Response> =>
  fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": KEY, "content-type": "application/json" },
    body: JSON.stringify({ ...BODY, stream }),
  })
const TOLD = { type: "overloaded_error", message: "the proxy is shutting down; ask again" }

test.each([
  ["an answer that has not begun", false, false],
  ["an answer that has begun, for a client that does not stream", true, false],
  ["a stream that has not begun", false, true],
])("%s is a status that says so", async (_, beginning, stream) => {
  const server = await start(10)
  begins = beginning
  const before = backend.requests
  const answering = post(server, stream)
  await expect.poll(() => backend.requests).toBe(before + 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await server.close()
  const response = await answering
  expect([response.status, await response.json()]).toMatchObject([529, { type: "error", error: TOLD }])
  expect(backend.requests).toBe(before + 1)
})

test("streams end with an error event, whole, pinged ones too", async () => {
  const server = await start(0.1)
  begins = true
  const one = await post(server, true)
  begins = false
  const pinged = post(server, true)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await server.close()
  for (const text of [await one.text(), await (await pinged).text()]) {
    const last = text.trimEnd().split("data: ").at(-1) ?? ""
    expect(JSON.parse(last)).toMatchObject({ type: "error", error: TOLD })
  }
})

test("a call that begins when all have been ended is ended, too", () => {
  const calls = new Calls()
  const ended: unknown[] = []
  const call = (name: string) => ({ breakOff: (error: unknown) => void ended.push([name, error]) })
  const over = call("over")
  calls.add(over)
  calls.add(call("running"))
  calls.delete(over)
  calls.breakOff()
  calls.add(call("late"))
  expect(ended).toEqual([["running", SHUTTING_DOWN], ["late", SHUTTING_DOWN]])
})

test("plugins do not take it for a backend's failure, which they would ask again or hold against it", () => {
  expect(failureKind(SHUTTING_DOWN)).toBeUndefined()
})
