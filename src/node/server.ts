/**
 * Listens: h3's server (srvx) with Node's limits set for requests that are quick and answers that are slow, and a
 * shutdown that lets running answers end. srvx has a graceful shutdown of its own, but it is off where `CI` is set,
 * takes 0 seconds for 5, does not exit at a second SIGTERM, and writes to the terminal past the log.
 */
import type { Server, ServerResponse } from "node:http"
import { Server as NetServer } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { serve } from "srvx"
import { toAddress } from "./banner.ts"
import type { Basis } from "./basis.ts"
import { answerEarlyRefusals, letGo } from "./early-refusals.ts"
import { createGate } from "./gate.ts"
import { openGenerations, type Generations } from "./generations.ts"
import { limitConnections, limitsOf, toNodeOptions } from "./limits.ts"
import type { Opened, OpenOptions } from "./open.ts"
import { codeOf, firstLine, StartError } from "./start-error.ts"

/** Seconds an answer that is ended gets for its error: a client that reads nothing would not see it for ever. */
const LAST_WORDS = 2

/** Seconds in which a connection that is kept may send a request once more when the server ends without haste. */
const LEISURE = 5

export interface RunningServer {
  /** Where it can be reached, without a slash at the end. */
  readonly url: string
  readonly log: Opened["log"]
  /** Reads config, `.env` and plugins anew, as after an edit of theirs. */
  reload(): Promise<void>
  /** Takes no more requests, gives running answers `server.drain` seconds, ends those that still run, then itself. */
  close(): Promise<void>
  /** Where it can: replaces its processes one by one, as after an upgrade, without losing a request. */
  restart?(): Promise<void>
  /** Where ending this process leaves others: ends those, now. */
  kill?(): void
}

/**
 * @param basis What is known already. @default what the options say
 * @throws {StartError} when it cannot start as it is told to.
 */
export async function startServer(options: OpenOptions = {}, basis?: Basis): Promise<RunningServer> {
  const generations = await openGenerations(options, basis)
  const { log, announce } = generations.first
  const { url, close } = await listen(generations)
  announce(url)
  log.info("listening", { url })
  return { url, log, reload: generations.reload, close }
}

export interface Listening {
  readonly url: string
  /** @param leisurely Whether others take new requests meanwhile: connections that are kept may end by themselves. */
  close(leisurely?: boolean): Promise<void>
}

/**
 * Listens, and says nothing of it.
 *
 * @throws {StartError} when it cannot.
 */
export async function listen(generations: Generations): Promise<Listening> {
  const { log, settings } = generations.first
  const { host, port, max_connections } = settings.server
  const listener = serve({
    fetch: createGate(() => generations.current),
    hostname: host,
    port,
    silent: true,
    gracefulShutdown: false,
    manual: true,
    node: { ...toNodeOptions(settings.server), exclusive: false }, // as workers share a port; srvx has it otherwise
  })
  try {
    await listener.serve()
  } catch (error) {
    await generations.close()
    throw new StartError(`llm-proxy: ${explain(error, host, port)}`, { cause: error })
  }
  const server = listener.node?.server as Server
  answerEarlyRefusals(server, { log, limits: limitsOf(settings.server) })
  limitConnections(server, max_connections, log)
  const answers = followAnswers(server, generations)
  const address = server.address()
  const url = toAddress(host, typeof address === "object" && address ? address.port : port)

  let closing: Promise<void> | undefined
  let hurry = (): void => {}
  const close = async (leisurely: boolean): Promise<void> => {
    log.info("stopping: no new requests", { running: answers.size })
    // An idle connection that sends once more is answered, and told to go.
    server.prependListener("request", (_, response: ServerResponse) => void (response.shouldKeepAlive = false))
    const { drain } = generations.current.settings.server
    const closed = new Promise<void>((resolve) => {
      // That of HTTP closes the connections that are kept, too.
      if (leisurely) NetServer.prototype.close.call(server, () => resolve())
      else server.close(() => resolve())
    })
    const inHaste = async (): Promise<void> => {
      server.closeIdleConnections()
      if (answers.size > 0) await answers.over(drain)
    }
    const atLeisure = async (): Promise<void> => {
      server.keepAliveTimeout = LEISURE * 1000 // of connections whose answer ends later
      await Promise.race([closed, pause(LEISURE * 1000)])
      server.closeIdleConnections()
      await Promise.race([closed, pause(drain * 1000)])
    }
    const hurried = new Promise<void>((resolve) => (hurry = resolve))
    await (leisurely ? Promise.race([atLeisure(), hurried.then(inHaste)]) : inHaste())
    if (answers.size > 0) {
      log.warn("ending answers that still run", { running: answers.size, after: `${drain}s` })
      generations.breakOff()
      await answers.over(LAST_WORDS)
    }
    if (answers.size > 0) log.warn("cutting answers that have not ended", { running: answers.size })
    server.closeAllConnections()
    await closed
    log.info("stopped")
    await generations.close()
  }
  return {
    url,
    close(leisurely = false) {
      if (!leisurely) hurry()
      return (closing ??= close(leisurely))
    },
  }
}

/** The answers that are on their way. */
function followAnswers(server: Server, generations: Generations): { readonly size: number; over(seconds: number): Promise<void> } {
  const running = new Set<ServerResponse>()
  let whenOver = (): void => {}
  server.prependListener("request", (request, response: ServerResponse) => {
    running.add(response)
    const over = generations.begin()
    response.once("close", () => {
      running.delete(response)
      if (!request.complete && !request.destroyed) letGo(request.socket)
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
