/**
 * `llm-proxy/nitro`: the proxy as a route of Nitro 3.
 *
 * ```ts
 * // routes/llm/[...].ts
 * import { createProxy } from "llm-proxy"
 * import { defineProxyHandler } from "llm-proxy/nitro"
 * export default defineProxyHandler("/llm", () => createProxy(config))
 * ```
 */
import { leaving, mount, type OpenProxy, type Outgoing } from "./mount.ts"

export type { OpenProxy, Mounted } from "./mount.ts"

/** What of an event of h3 version 2 is needed here. */
export interface NitroEvent {
  readonly req: Request
}

/**
 * A handler that answers everything under a path with a proxy.
 *
 * @param base Where the route's file lies: `/llm` for `routes/llm/[...].ts`, with Nitro's `baseURL` before it.
 * @param open Makes the proxy, with the first request: bindings and storage of the platform are there by then.
 */
export function defineProxyHandler<Event extends NitroEvent>(
  base: string,
  open: OpenProxy<Event>,
): (event: Event) => Promise<Response> {
  const answer = mount(base, open)
  return (event) => answer(withTrueSignal(event.req), event)
}

/** As srvx, the server below Nitro, tells what a request came with. */
interface Served {
  readonly runtime?: { readonly node?: { readonly res?: Outgoing } }
}

/**
 * On Node srvx 0.8, which Nitro 3.0.0 comes with, aborts a request's signal as soon as its body has been read: it
 * listens to the request's `close` (srvx 0.8.16, adapters/node). The response's tells the same and is right.
 */
function withTrueSignal(request: Request & Served): Request {
  const response = request.runtime?.node?.res
  if (!response) return request
  const signal = leaving(response)
  return new Proxy(request, {
    get(target, name) {
      if (name === "signal") return signal
      const value: unknown = Reflect.get(target, name)
      // Methods and getters of a platform's class need the object itself.
      return typeof value === "function" && name !== "constructor" ? value.bind(target) : value
    },
  })
}
