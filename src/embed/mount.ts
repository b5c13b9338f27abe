/**
 * A proxy under a path of somebody else's server, opened with the first request. What fails is answered in Anthropic's
 * shape, also before there is a proxy to answer it.
 */
import { requestWithBaseURL } from "h3"
import { causeOf, ProxyError, toErrorBody } from "../error.ts"
import { newId } from "../text/new-id.ts"
import type { Proxy } from "../proxy.ts"

/** Makes the proxy. Called with the first request, and again with the next one where it failed. */
export type OpenProxy<Event> = (event: Event) => Mounted | Promise<Mounted>

/** What of a {@link Proxy} is needed here. */
export type Mounted = Pick<Proxy, "fetch">

/** What of Node's ServerResponse tells that its client has left. */
export interface Outgoing {
  readonly writableEnded: boolean
  readonly destroyed: boolean
  once(event: "close", listener: () => void): unknown
}

/**
 * @param base The path it is mounted at, which is taken off: `/llm`.
 * @returns Answers a request; it never rejects.
 */
export function mount<Event>(
  base: string,
  open: OpenProxy<Event>,
): (request: Request, event: Event) => Promise<Response> {
  const root = base.replace(/\/+$/, "")
  let opened: Promise<Mounted> | undefined
  const openOnce = (event: Event): Promise<Mounted> =>
    (opened ??= Promise.resolve(event)
      .then(open)
      .catch((cause: unknown) => {
        opened = undefined
        throw new ProxyError(500, "the proxy cannot be opened; the server's log says why", { cause })
      }))
  return async (request, event) => {
    try {
      const proxy = await openOnce(event)
      return await proxy.fetch(requestWithBaseURL(request, root))
    } catch (error) {
      return toFailure(error)
    }
  }
}

/** Aborts when the client leaves before its answer was complete. */
export function leaving(response: Outgoing): AbortSignal {
  const controller = new AbortController()
  const leave = (): void => {
    if (!response.writableEnded) controller.abort(new DOMException("the client has left", "AbortError"))
  }
  if (response.destroyed) leave()
  else response.once("close", leave)
  return controller.signal
}

/** Where no proxy is, no log is either. */
function toFailure(thrown: unknown): Response {
  const error = thrown instanceof ProxyError ? thrown : new ProxyError(500, "the proxy failed", { cause: thrown })
  console.error(`llm-proxy: ${error.message}\n${causeOf(error) ?? ""}`)
  const id = newId("req_")
  return Response.json(toErrorBody(error, id, (text) => text), { status: error.status, headers: { "request-id": id } })
}
