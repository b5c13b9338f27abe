/**
 * What Node refuses before the app sees a request, or while the app reads its body: headers that are too large, bytes
 * that are no HTTP, a request that takes too long. Node's own answers are a bare status; clients of this API read JSON.
 */
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { ProxyError, toErrorBody } from "../error.ts"
import type { Log } from "../log.ts"
import type { Limits } from "./limits.ts"
import { newId } from "../text/new-id.ts"
import { codeOf } from "./start-error.ts"

/** In milliseconds: how long a socket that was answered before all was read stays open, so that the answer is read. */
const LINGER = 1000

export interface EarlyRefusals {
  readonly log: Log
  /** For the messages. */
  readonly limits: Limits
}

/** Answers them in Anthropic's shape, and closes the connections they came on. */
export function answerEarlyRefusals(server: Server, { log, limits }: EarlyRefusals): void {
  const refused = new WeakSet<Socket>() // what still arrives there is told again and again
  const refuse = (socket: Socket, error: ProxyError): void => {
    if (refused.has(socket)) return
    refused.add(socket)
    // In the middle of an answer, or to a client that has sent nothing, another one would only confuse.
    if (!socket.writable || isAnswered(socket) || socket.bytesRead === 0) return void socket.destroy()
    const id = newId("req_")
    log.debug("refused", { request: id, status: error.status, type: error.type, error: error.message })
    socket.end(toText(error, id))
    letGo(socket)
  }
  server.on("clientError", (error, socket) => refuse(socket as Socket, toRefusal(error, limits)))
  server.on("connect", (_, socket) => refuse(socket as Socket, new ProxyError(405, "CONNECT is not allowed")))
  server.on("checkExpectation", ({ socket }: IncomingMessage) =>
    refuse(socket, new ProxyError(417, "expect: must be 100-continue")),
  )
  server.prependListener("request", (request) => {
    const { url = "", httpVersion, headers } = request
    // srvx answers what is no path and no URL with a bare 400; as a path, the app says that there is no such thing.
    if (!url.startsWith("/") && url !== "*" && !isUrl(url)) request.url = `/${url}`
    // It must be there since HTTP/1.1 (RFC 9112, 3.2); an empty one the gate refuses.
    if (httpVersion === "1.1") headers.host ??= ""
  })
}

/**
 * Closes a connection whose request was answered before it had been read: what still comes is nobody's. Not at once, as
 * a client would then lose the answer with the connection.
 */
export function letGo(socket: Socket): void {
  setTimeout(() => socket.destroy(), LINGER).unref()
}

function isUrl(url: string): boolean {
  return /^https?:\/\/[^/]/i.test(url) && URL.canParse(url)
}

/** What Node itself asks before it writes there (lib/_http_server.js, socketOnError; Node 22 to 26). */
function isAnswered(socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.headersSent === true
}

function toRefusal(error: Error, { headers, request, headerBytes }: Limits): ProxyError {
  switch (codeOf(error)) {
    case "HPE_HEADER_OVERFLOW":
      return new ProxyError(431, `the request's headers are larger than ${headerBytes} bytes`)
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new ProxyError(413, "the request's chunk extensions are too large")
    case "ERR_HTTP_REQUEST_TIMEOUT": {
      const words = `its headers within ${headers} s, all of it within ${request} s`
      return new ProxyError(408, `the request did not come in time: ${words}`)
    }
    default:
      return new ProxyError(400, "the request is not valid HTTP")
  }
}

function toText(error: ProxyError, id: string): string {
  const body = JSON.stringify(toErrorBody(error, id, (text) => text)) // nothing of the request is in it
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ""}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    `request-id: ${id}`,
    "connection: close",
  ]
  return `${head.join("\r\n")}\r\n\r\n${body}`
}
