/**
 * A `fetch` that rides on undici's dispatcher: Node's own costs more than three times as much a call (351 µs of CPU
 * against less than 110, Node 24). It knows what the proxy needs and no more: no redirects, no decoding, an abort
 * signal, and a body that is a {@link Flow}, so that reading it is one hop.
 */
// Of undici by file: the other 80 are a fifth of what a start costs.
import type { buildConnector as Connectors, Dispatcher } from "undici"
import buildConnector from "undici/lib/core/connect.js"
import Agent from "undici/lib/dispatcher/agent.js"
import { encodingIn, formatOf } from "../dial/compression.ts"
import type { Fetch } from "../dial/dial.ts"
import { ProxyError } from "../error.ts"
import { Flow } from "../stream/flow.ts"
import { Pump, type Head } from "./pump.ts"

/** When the connection was made on which an error came, in ms of performance.now(). */
const made = new WeakMap<Error, number>()

/** Notes when connections are made: of one that broke, that tells whether it had been kept. */
const connector = buildConnector({ timeout: 10_000 })
const connect: Connectors.connector = (options, callback) =>
  connector(options, (...result) => {
    const at = performance.now()
    result[1]?.prependListener("error", (error) => void made.set(error, at))
    callback(...result)
  })

/** Time limits belong to the caller, except the one only the socket knows. */
const LIMITS = { connect, headersTimeout: 0, bodyTimeout: 0 }

const agent = new Agent({
  ...LIMITS,
  // Shorter than any provider keeps an idle connection, so that a request seldom meets one that is being closed.
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 25_000,
})

/** Opens a connection for each request. */
const anew = new Agent({ ...LIMITS, pipelining: 0 })

/** Milliseconds within which a kept connection breaks when the backend was closing it as the request was sent. */
const SOON = 1000

/** What breaks then: a socket that is closed, or reset, or cannot be written to. */
const BROKEN = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])

export const undiciFetch: Fetch = async (url, init = {}) => {
  const { origin, pathname, search } = new URL(url)
  const { status, headers, bytes } = await send({
    origin,
    path: pathname + search,
    method: (init.method ?? "GET") as Dispatcher.HttpMethod,
    headers: toPlain(init.headers),
    body: typeof init.body === "string" ? init.body : null,
    signal: init.signal ?? null,
  })
  const kept = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) kept.append(name, one)
  }
  return { status, headers: kept, body: bodyOf(bytes, status, encodingIn(kept)) }
}

function bodyOf(bytes: Pump, status: number, encoding: string): ReadableStream<Uint8Array> | null {
  if (encoding === "identity") return new Flow(bytes)
  const failed = status < 200 || status > 299
  const format = formatOf(encoding)
  if (failed && format) {
    // Words of a failure are worth it, and no more is unpacked than is read.
    const unpack = new DecompressionStream(format) as ReadableWritablePair<Uint8Array, Uint8Array>
    return new Flow(bytes).pipeThrough(unpack)
  }
  bytes.cancel("not wanted") // the status of a failure says enough
  if (!failed) throw new ProxyError(502, "compressed its answer although it was asked not to")
  return null
}

/** A request, and what breaks it off. */
interface Sent extends Dispatcher.DispatchOptions {
  readonly signal: AbortSignal | null
}

/**
 * Sends, and once more over a new connection when the one that had been kept was just being closed: nobody has looked at
 * the request then (undici#3141, node#52649). A backend that breaks off over a request has worked on it for longer.
 */
async function send(options: Sent): Promise<Head & { readonly bytes: Pump }> {
  const began = performance.now()
  try {
    return await sendBy(agent, options)
  } catch (error) {
    const broke = error instanceof Error && "code" in error && BROKEN.has(String(error.code))
    const kept = broke && (made.get(error) ?? began) < began
    if (!kept || performance.now() - began > SOON) throw error
    return sendBy(anew, options)
  }
}

async function sendBy(dispatcher: Dispatcher, { signal, ...options }: Sent): Promise<Head & { readonly bytes: Pump }> {
  const bytes = new Pump(signal)
  dispatcher.dispatch(options, bytes)
  return { ...(await bytes.head), bytes }
}

/** What undici reads fastest. Headers go through as they are iterated. */
function toPlain(headers: HeadersInit | undefined): Record<string, string> {
  return Object.fromEntries(headers instanceof Headers || Array.isArray(headers) ? headers : Object.entries(headers ?? {}))
}
