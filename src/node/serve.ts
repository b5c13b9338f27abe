/** Serves until a signal ends it: the signals, and what is done about what nobody caught. */
import { startServer, type RunningServer } from "./server.ts"
import type { OpenOptions } from "./open.ts"
import { exit, toWords } from "./exit.ts"

/** Exit codes: 0, 1 when it cannot start or go on. */
export async function serve(options: OpenOptions = {}): Promise<void> {
  let server: RunningServer | undefined
  endOnSignals(() => server)
  try {
    server = await startServer(options)
    survive(server)
  } catch (error) {
    exit(1, toWords(error))
  }
}

/** The first signal lets running answers end; the second one, or one before there is a server, ends at once. */
function endOnSignals(running: () => RunningServer | undefined): void {
  let asked = false
  const end = (signal: NodeJS.Signals): void => {
    const server = running()
    server?.log.info(asked ? "stopping at once" : "asked to stop", { signal })
    if (asked || !server) process.exit(0)
    asked = true
    void server.close().finally(() => process.exit(0))
  }
  process.on("SIGHUP", () => void running()?.reload())
  process.on("SIGTERM", end)
  process.on("SIGINT", end)
}

/**
 * A promise that a plugin forgot must not end the answers of everybody else. After an exception nobody caught, things
 * may be half done, so that one ends the program, as Node advises.
 */
function survive({ log }: RunningServer): void {
  const tell = (what: string, thrown: unknown): void => {
    log.error(what, { error: String(thrown), stack: log.shows("debug") ? stackOf(thrown) : undefined })
  }
  process.on("unhandledRejection", (reason) => tell("unhandled rejection", reason))
  process.on("uncaughtException", (error) => {
    tell("uncaught exception", error)
    exit(1, "llm-proxy: ended by an uncaught exception; the log says which")
  })
}

function stackOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.stack : undefined
}
