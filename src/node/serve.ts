/** Serves until a signal ends it, with one process or several. */
import { availableParallelism } from "node:os"
import { readBasis, type Basis } from "./basis.ts"
import { exit, toWords } from "./exit.ts"
import { TERMINAL, type OpenOptions } from "./open.ts"
import { startServer, type RunningServer } from "./server.ts"
import { survive } from "./survive.ts"

/** Exit codes: 0, 1 when it cannot start or go on. */
export async function serve(options: OpenOptions = {}): Promise<void> {
  let server: RunningServer | undefined
  listenToSignals(() => server)
  try {
    const basis = await readBasis(options, options.terminal ?? TERMINAL)
    const { workers } = basis.settings.server
    server = await start(options, basis, workers === "auto" ? availableParallelism() : workers)
    survive(server.log)
  } catch (error) {
    exit(1, toWords(error))
  }
}

async function start(options: OpenOptions, basis: Basis, workers: number): Promise<RunningServer> {
  if (workers === 1) return startServer(options, basis)
  const { startWorkers } = await import("./workers/primary.ts") // which costs nothing where it is not used
  return startWorkers(options, basis, workers)
}

/** The first signal lets running answers end; the second one, or one before there is a server, ends at once. */
function listenToSignals(running: () => RunningServer | undefined): void {
  let asked = false
  const end = (signal: NodeJS.Signals): void => {
    const server = running()
    server?.log.info(asked ? "stopping at once" : "asked to stop", { signal })
    if (asked || !server) {
      server?.kill?.()
      process.exit(0)
    }
    asked = true
    void server.close().finally(() => process.exit(0))
  }
  process.on("SIGHUP", () => void running()?.reload())
  process.on("SIGTERM", end)
  process.on("SIGINT", end)
  process.on("SIGUSR2", () => {
    const server = running()
    if (server?.restart) void server.restart()
    // Without a listener Node would end here, with the answers that run.
    else server?.log.warn("one process cannot be replaced while it runs; server.workers makes it several")
  })
}
