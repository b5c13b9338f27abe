/**
 * `llm-proxy/nuxt`: the proxy as a server route of Nuxt 4, and of nitropack 2, which is below it; both stand on h3
 * version 1.
 *
 * ```ts
 * // server/api/llm/[...].ts
 * import { createProxy } from "llm-proxy"
 * import { defineProxyHandler } from "llm-proxy/nuxt"
 * export default defineProxyHandler("/api/llm", () => createProxy(config))
 * ```
 *
 * h3 1 tells a web handler neither that its client has left nor that it should wait, so both are done here.
 */
import { leaving, mount, type OpenProxy, type Outgoing } from "./mount.ts"

export type { OpenProxy, Mounted } from "./mount.ts"

/** What of an event of h3 version 1 is needed here. */
export interface NuxtEvent {
  readonly method: string
  /** Without Nuxt's `app.baseURL`. */
  readonly path: string
  /** Where the platform has web requests itself. */
  readonly web?: { readonly request?: Request | undefined } | undefined
  readonly node: { readonly req: Incoming; readonly res: Draining }
}

/** What of Node's IncomingMessage is needed. Other platforms bring a stand-in for it. */
interface Incoming {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What of Node's ServerResponse is needed. */
interface Draining extends Outgoing {
  readonly writableNeedDrain: boolean
  once(event: "close" | "drain", listener: () => void): unknown
  off(event: "close" | "drain", listener: () => void): unknown
}

/**
 * A handler that answers everything under a path with a proxy.
 *
 * @param base Where the route's file lies: `/api/llm` for `server/api/llm/[...].ts`.
 * @param open Makes the proxy, with the first request: bindings and storage of the platform are there by then.
 */
export function defineProxyHandler<Event extends NuxtEvent>(
  base: string,
  open: OpenProxy<Event>,
): (event: Event) => Promise<Response> {
  const answer = mount(base, open)
  return async (event) => {
    const { res } = event.node
    const signal = leaving(res)
    const response = await answer(await toRequest(event, signal), event)
    return response.body ? new Response(paced(response.body, res, signal), response) : response
  }
}

async function toRequest({ method, path, web, node }: NuxtEvent, signal: AbortSignal): Promise<Request> {
  if (web?.request) return new Request(web.request, { signal })
  const headers = new Headers()
  for (const [name, value] of Object.entries(node.req.headers)) {
    if (name.startsWith(":")) continue // HTTP/2 has its method and path among them
    for (const one of [value ?? []].flat()) headers.append(name, one)
  }
  const body = method === "GET" || method === "HEAD" ? null : await toBody(node.req)
  // The host is the client's word, and nobody asks for it.
  const init = { method, headers, body, signal, ...(body !== null && { duplex: "half" }) }
  return new Request(`http://localhost${path}`, init)
}

/** Where a body is that has been read already: by h3's `readBody`, or by a platform that hands it over whole. */
const READ = [Symbol.for("h3RawBody"), "rawBody", "body"] as const

async function toBody(req: Incoming): Promise<BodyInit | null> {
  for (const place of READ) {
    const given: unknown = await Reflect.get(req, place)
    if (given !== undefined && given !== null) return isBody(given) ? given : JSON.stringify(given)
  }
  // Of a platform that is not Node all is in those places.
  return isReadable(req) && !("__unenv__" in req) ? toStream(req) : null
}

function isReadable(req: object): req is AsyncIterable<Uint8Array> {
  return Symbol.asyncIterator in req
}

/** What is too much is left unread: a Node request that is cancelled takes its answer's connection with it. */
function toStream(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
}

function isBody(given: unknown): given is BodyInit {
  if (typeof given === "string" || ArrayBuffer.isView(given)) return true
  return given instanceof ReadableStream || given instanceof ArrayBuffer
}

/** The body, read no faster than its client takes it, and cancelled when the client leaves: h3 1 does neither. */
function paced(body: ReadableStream<Uint8Array>, response: Draining, signal: AbortSignal): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  signal.addEventListener("abort", () => void reader.cancel(signal.reason).catch(() => {}), { once: true })
  return new ReadableStream(
    {
      async pull(controller) {
        if (response.writableNeedDrain) await drained(response)
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** Settles when it takes more, or when nobody takes anything any more. */
function drained(response: Draining): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      response.off("drain", over)
      response.off("close", over)
      resolve()
    }
    response.once("drain", over)
    response.once("close", over)
  })
}
