/** What is done about what nobody caught. */
import type { Log } from "../log.ts"
import { exit } from "./exit.ts"

/**
 * A promise that a plugin forgot must not end the answers of everybody else. After an exception nobody caught, things
 * may be half done, so that one ends the program, as Node advises.
 */
export function survive(log: Log): void {
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
