/** A server on loopback that answers paths with JSON: a model server, as far as commands ask one. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll } from "vitest"

export interface Served {
  /** Without a slash at its end. */
  readonly url: string
  /** `METHOD path` of each request, with the key it came with behind it. */
  readonly asked: readonly string[]
  /** The bodies of those that have one. */
  readonly bodies: readonly unknown[]
}

const open: (() => void)[] = []
afterAll(() => open.forEach((close) => close()))

/** How a path is answered: a status and JSON, or a function of the body. */
export type Answer = readonly [status: number, body: unknown] | ((body: unknown) => readonly [status: number, body: unknown])

/** @param answers By `METHOD path`; all else is 404. */
export async function serveJson(answers: Readonly<Record<string, Answer>>): Promise<Served> {
  const asked: string[] = []
  const bodies: unknown[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const text = Buffer.concat(pieces).toString()
    const key = request.headers.authorization ?? request.headers["x-api-key"]
    asked.push([request.method, request.url, key].filter(Boolean).join(" "))
    const body: unknown = text === "" ? undefined : JSON.parse(text)
    if (text !== "") bodies.push(body)
    const answer = answers[`${request.method} ${request.url}`] ?? [404, { error: { message: "no such path" } }]
    const [status, told] = typeof answer === "function" ? answer(body) : answer
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(told))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  open.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, bodies }
}

/** A list of models as OpenAI's API has it. */
export function listOf(owned_by: string, ...ids: readonly string[]): readonly [number, unknown] {
  return [200, { object: "list", data: ids.map((id) => ({ id, object: "model", owned_by })) }]
}

/** A whole answer of Chat Completions. */
export function says(content: string): readonly [number, unknown] {
  const choice = { index: 0, message: { role: "assistant", content }, finish_reason: "stop" }
  return [200, { id: "c", object: "chat.completion", model: "m", choices: [choice], usage: { prompt_tokens: 1, completion_tokens: 1 } }]
}

/** A failure in OpenAI's shape. */
export function refuses(message: string, param: string): readonly [number, unknown] {
  return [400, { error: { message, type: "invalid_request_error", param, code: "unsupported_parameter" } }]
}
