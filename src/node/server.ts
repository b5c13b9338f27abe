/**
 * Listens: h3's server (srvx) with Node's limits set for requests that are quick and answers that are slow, and a
 * shutdown that lets running answers end. srvx has a graceful shutdown of its own, but it is off where `CI` is set,
 * takes 0 seconds for 5, does not exit at a second SIGTERM, and writes to the terminal past the log.
 */
import type { Server, ServerResponse } from "node:http"
import { serve } from "srvx"
import { toAddress } from "./banner.ts"
import { openGenerations, type Generations } from "./generations.ts"
import type { Opened, OpenOptions } from "./open.ts"
import { codeOf, firstLine, StartError } from "./start-error.ts"

/** Milliseconds and bytes, for what a client sends; how long an answer takes is limited by the backend's timeouts. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 75_000, // longer than a load balancer's 60 s, which would else meet a connection that just closed
  connectionsCheckingInterval: 5_000, // how often the above are looked after; Node's 30 s would make 10 s up to 40
  maxHeaderSize: 16 * 1024,
} as const

export interface RunningServer {
  /** Where it can be reached, without a slash at the end. */
  readonly url: string
  readonly log: Opened["log"]
  /** Reads config, `.env` and plugins anew, as after an edit of theirs. */
  reload(): Promise<void>
  /** Takes no more requests, gives running answers `server.drain` seconds, then ends. */
  close(): Promise<void>
}

/** @throws {StartError} when it cannot start as it is told to. */
export async function startServer(options: OpenOptions = {}): Promise<RunningServer> {
  const generations = await openGenerations(options)
  const { first } = generations
  const { log } = first
  const { host, port } = first.settings.server
  const listener = serve({
    fetch: (request) => generations.current.proxy.fetch(request),
    hostname: host,
    port,
    silent: true,
    gracefulShutdown: false,
    manual: true,
    node: LIMITS,
  })
  try {
    await listener.serve()
  } catch (error) {
    await generations.close()
    throw new StartError(`llm-proxy: ${explain(error, host, port)}`, { cause: error })
  }
  const server = listener.node?.server as Server
  const answers = followAnswers(server, generations)
  const address = server.address()
  const url = toAddress(host, typeof address === "object" && address ? address.port : port)
  first.announce(url)
  log.info("listening", { url })

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    log.info("stopping: no new requests", { running: answers.size })
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // An idle connection that sends once more is answered, and told to go.
    server.prependListener("request", (_, response: ServerResponse) => void (response.shouldKeepAlive = false))
    const { drain } = generations.current.settings.server
    if (answers.size > 0) await answers.over(drain)
    if (answers.size > 0) log.warn("cutting answers that still run", { running: answers.size, after: `${drain}s` })
    server.closeAllConnections()
    await closed
    log.info("stopped")
    await generations.close()
  }
  return { url, log, reload: generations.reload, close: () => (closing ??= close()) }
}

/** The answers that are on their way. */
function followAnswers(server: Server, generations: Generations): { readonly size: number; over(seconds: number): Promise<void> } {
  const running = new Set<ServerResponse>()
  let whenOver = (): void => {}
  server.prependListener("request", (_, response: ServerResponse) => {
    running.add(response)
    const over = generations.begin()
    response.once("close", () => {
      running.delete(response)
      over()
      if (running.size === 0) whenOver()
    })
  })
  return {
    get size() {
      return running.size
    },
    over: (seconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000)
        whenOver = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
  }
}

function explain(error: unknown, host: string, port: number): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `${host}:${port} is in use already; set PORT, or server.port in the config`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${JSON.stringify(host)} is not an address of this machine; set HOST, or server.host in the config`
    case "EACCES":
      return `this user may not listen on port ${port}; set PORT, or server.port in the config`
    default:
      return `cannot listen on ${host}:${port}: ${firstLine(error instanceof Error ? error.message : String(error))}`
  }
}
