/**
 * A backend below HTTP: a server on loopback whose sockets the tests write to themselves, for what no HTTP server lets
 * one do. It may close a connection at any byte, reset it, freeze, or answer with what is no answer.
 */
import { once } from "node:events"
import { createServer, type AddressInfo, type Socket } from "node:net"

export interface RawBackend {
  /** Without a slash at its end. */
  readonly url: string
  /** All connections so far, oldest first. */
  readonly sockets: readonly Socket[]
  /** How many requests have come. */
  readonly requests: number
  close(): void
}

/** A request on a connection: the how manieth on it, and on all. */
export type Answerer = (socket: Socket, nth: { readonly here: number; readonly ever: number }) => void

/** Calls `answer` for each request that has come whole, by its `content-length`. */
export async function startRawBackend(answer: Answerer): Promise<RawBackend> {
  const sockets: Socket[] = []
  let ever = 0
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}))
    let here = 0
    let text = ""
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1")
      for (let end = endOf(text); end !== undefined; end = endOf(text)) {
        text = text.slice(end)
        answer(socket, { here: ++here, ever: ++ever })
      }
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    sockets,
    get requests() {
      return ever
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Where the first request in a text ends; undefined when it is not all there. */
function endOf(text: string): number | undefined {
  const head = text.indexOf("\r\n\r\n")
  const [, length = "0"] = /^content-length: *(\d+)/im.exec(text.slice(0, head)) ?? []
  const end = head + 4 + Number(length)
  return head < 0 || text.length < end ? undefined : end
}

/** The beginning of an answer whose length nobody knows yet. */
export const CHUNKED = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

/** A piece of such an answer. */
export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

/** An answer with its length; without a body where none is given. */
export function whole(body: string, head = "HTTP/1.1 200 OK"): string {
  return `${head}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** A completion, whole. */
export const HELLO = JSON.stringify({ choices: [{ message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }] })

/** An event of a completion that streams. */
export function says(delta: object, finish_reason: string | null = null): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`
}
