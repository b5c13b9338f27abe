/**
 * The gate before the app: which names the server answers to, and which pages of browsers may read its answers.
 *
 * A page of evil.example can let its own name lead to 127.0.0.1 and is then of one origin with what listens there (DNS
 * rebinding; CVE-2024-28224 is Ollama's). The name it asked for stands in `Host`, so on a loopback address only that
 * machine's own names are answered to, unless `server.hosts` says others. Pages of other origins cannot read an answer
 * without CORS headers, and there are none unless `server.cors` names the origin.
 */
import type { ServerSettings, Settings } from "../config/config.ts"
import { ProxyError, toErrorBody } from "../error.ts"
import { printable, type Log } from "../log.ts"
import { newId } from "../text/new-id.ts"
import { isLoopback } from "./key.ts"

/** What stands behind the gate. */
export interface Gated {
  readonly settings: Pick<Settings, "server">
  readonly proxy: { fetch(request: Request): Response | Promise<Response> }
  readonly log: Log
}

/** @param current What an edit of the config may have changed by the next request. */
export function createGate(current: () => Gated): (request: Request) => Response | Promise<Response> {
  return (request) => {
    const { settings, proxy, log } = current()
    const { cors } = settings.server
    const wrong = faultOf(request.headers.get("host"), settings.server)
    if (wrong) return refuse(wrong, log)
    const origin = cors && request.headers.get("origin")
    if (!origin || cors.match(origin) === undefined) return proxy.fetch(request)
    const shown = cors.match("*") ? "*" : origin
    return isPreflight(request) ? allow(request, shown) : show(proxy.fetch(request), shown)
  }
}

/** A host and maybe a port; an IPv6 address stands in brackets. */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?$/i

/** What is wrong with the name that was asked for. Without one it is no browser that asks. */
function faultOf(host: string | null, server: ServerSettings): ProxyError | undefined {
  if (host === null) return undefined
  const [, written] = HOST.exec(host) ?? []
  if (written === undefined) return new ProxyError(400, "host: must be one name or address, with or without a port")
  const name = written.toLowerCase()
  const any = server.hosts === undefined && !isLoopback(server.host)
  if (any || isOwnName(name, server.host) || server.hosts?.match(name)) return undefined
  return new ProxyError(403, `this server does not answer to the name ${printable(name)}; server.hosts says to which`)
}

/** The machine's own names for itself, which no name server decides, and what the config says to listen on. */
function isOwnName(name: string, host: string): boolean {
  const bare = name.replace(/^\[(.*)\]$/, "$1")
  return isLoopback(bare) || bare.endsWith(".localhost") || bare === host.toLowerCase()
}

function refuse(error: ProxyError, log: Log): Response {
  const id = newId("req_")
  log.debug("refused", { request: id, status: error.status, type: error.type, error: error.message })
  const body = toErrorBody(error, id, (text) => text) // what it quotes is what the client itself has said
  return Response.json(body, { status: error.status, headers: { "request-id": id } })
}

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method")
}

/** Keys are sent in headers by the page itself, never by the browser, so that no credentials need to be allowed. */
function allow({ headers }: Request, origin: string): Response {
  const wanted = headers.get("access-control-request-headers")
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, HEAD, POST",
      ...(wanted && { "access-control-allow-headers": wanted }),
      "access-control-max-age": "7200", // Chromium's most
      vary: "origin, access-control-request-headers",
    },
  })
}

async function show(answering: Response | Promise<Response>, origin: string): Promise<Response> {
  const response = await answering
  response.headers.set("access-control-allow-origin", origin)
  response.headers.set("access-control-expose-headers", "*")
  response.headers.append("vary", "origin")
  return response
}
