/**
 * What a client may take of the server, as Node's options: how long for a request, how many bytes of headers, how many
 * connections. How long an answer takes is limited by the backend's timeouts.
 */
import type { Server } from "node:http"
import type { ServerSettings } from "../config/config.ts"
import type { Log } from "../log.ts"

/** Seconds for the headers of a request, which are small and come at once. */
const HEADERS = 10

/** Milliseconds: how often Node looks after the time limits. Its own 30 s would make 10 s up to 40. */
const CHECK = 5_000

/** Milliseconds between two lines about connections that are closed because there are too many. */
const TOLD = 60_000

export interface Limits {
  /** Seconds for the headers of a request, and for all of it. */
  readonly headers: number
  readonly request: number
  readonly headerBytes: number
}

export function limitsOf({ timeout }: ServerSettings): Limits {
  return { headers: Math.min(HEADERS, timeout.request), request: timeout.request, headerBytes: 16 * 1024 }
}

/** For `createServer`. */
export function toNodeOptions(settings: ServerSettings) {
  const { headers, request, headerBytes } = limitsOf(settings)
  return {
    headersTimeout: headers * 1000,
    requestTimeout: request * 1000,
    keepAliveTimeout: settings.timeout.idle * 1000,
    connectionsCheckingInterval: Math.min(CHECK, (headers * 1000) / 2),
    maxHeaderSize: headerBytes,
    requireHostHeader: false, // the gate asks for it, and answers in words
  }
}

/** Closes connections beyond the most there may be, and says so now and then. */
export function limitConnections(server: Server, most: number, log: Log): void {
  let told = -Infinity
  server.maxConnections = most
  Object.assign(server, { dropMaxConnection: true }) // else a worker of a cluster keeps them; not in Node's types yet
  server.on("drop", () => {
    if (performance.now() - told < TOLD) return
    told = performance.now()
    log.warn("closing connections: there are server.max_connections", { most })
  })
}
