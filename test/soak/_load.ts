/** A backend for long runs, and a client that asks many times at once. */
import { once } from "node:events"
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** What becomes of a request: told by the model that is asked for. */
export type Kind = (typeof KINDS)[number]
export const KINDS = ["whole", "stream", "leave", "death"] as const

/** Of 100 requests 70 are answered whole, 20 as a stream, 5 are left by their client, and of 5 the backend breaks off. */
export function kindOf(n: number): Kind {
  const place = (n * 37) % 100
  if (place < 70) return "whole"
  if (place < 90) return "stream"
  return place < 95 ? "leave" : "death"
}

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`

const call = (fields: object): string => chunk({ tool_calls: [{ index: 0, ...fields }] })
const STREAM = [
  chunk({ role: "assistant", content: "" }),
  ...Array.from({ length: 12 }, (_, n) => chunk({ content: `word ${n} ` })),
  call({ id: "call_1", function: { name: "get_weather", arguments: "" } }),
  ...['{"ci', 'ty":', '"Par', 'is"}'].map((piece) => call({ function: { arguments: piece } })),
  chunk({}, "tool_calls"),
  "data: [DONE]\n\n",
]
const WHOLE = JSON.stringify({
  id: "c",
  choices: [{ index: 0, message: { role: "assistant", content: "It is 18 °C." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 40, completion_tokens: 9 },
})

export interface Backend {
  readonly url: string
  /** Connections that are open. */
  connections(): Promise<number>
  close(): Promise<void>
}

export async function startLoadBackend(): Promise<Backend> {
  let deaths = 0
  const server = createServer((asked, answer) => {
    let body = ""
    asked.setEncoding("utf8").on("data", (piece: string) => (body += piece))
    asked.on("end", () => reply(JSON.parse(body) as { model: Kind }, answer))
  })
  const reply = ({ model }: { readonly model: Kind }, answer: ServerResponse): void => {
    if (model === "whole") {
      answer.writeHead(200, { "content-type": "application/json" }).end(WHOLE)
      return
    }
    // One in three breaks off before it has said anything.
    if (model === "death" && deaths++ % 3 === 0) {
      answer.destroy()
      return
    }
    answer.writeHead(200, { "content-type": "text/event-stream" })
    if (model === "stream") answer.end(STREAM.join(""))
    else {
      answer.write(STREAM.slice(0, 4).join(""))
      if (model === "death") setImmediate(() => answer.destroy())
    }
  }
  server.keepAliveTimeout = 3000 // below the quiet ahead of each measurement
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    connections: () => new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}

/** Requests at the same time. */
const AT_ONCE = 16

const MESSAGES = [{ role: "user", content: "What is the weather in Paris? ".repeat(20) }]
const TOOLS = [{ name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }]

/**
 * Asks, as a client with this key, from one number to another.
 *
 * @returns What was not answered as it should be, one sentence each.
 */
export async function ask(url: string, key: string, from: number, to: number): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const wrong: string[] = []
  let next = from
  const worker = async (): Promise<void> => {
    while (next < to) {
      const kind = kindOf(next++)
      const fault = await one(url, key, kind, agent)
      if (fault !== undefined && wrong.length < 20) wrong.push(`${kind}: ${fault}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  agent.destroy()
  return wrong
}

async function one(url: string, key: string, kind: Kind, agent: Agent): Promise<string | undefined> {
  const body = JSON.stringify({ model: kind, max_tokens: 100, stream: kind !== "whole", messages: MESSAGES, tools: TOOLS })
  const headers = { "x-api-key": key, "content-type": "application/json", "content-length": Buffer.byteLength(body) }
  const asked = request(`${url}/v1/messages`, { method: "POST", agent, headers })
  const late = setTimeout(() => asked.destroy(new Error("was not over after 30 s")), 30_000)
  asked.end(body)
  try {
    const [answer] = (await once(asked, "response")) as [IncomingMessage]
    let text = ""
    answer.setEncoding("utf8")
    for await (const piece of answer) {
      text += piece as string
      if (kind === "leave") {
        asked.destroy()
        return answer.statusCode === 200 ? undefined : `status ${answer.statusCode}`
      }
    }
    return isRight(kind, answer.statusCode ?? 0, text) ? undefined : `${answer.statusCode} ${text.slice(-200)}`
  } catch (error) {
    return String(error)
  } finally {
    clearTimeout(late)
  }
}

function isRight(kind: Kind, status: number, text: string): boolean {
  if (kind === "whole") return status === 200 && text.includes("18 °C")
  if (kind === "stream") return status === 200 && text.endsWith('{"type":"message_stop"}\n\n') && text.includes("tool_use")
  return status === 502 || (status === 200 && text.includes("event: error") && !text.includes("message_stop"))
}
