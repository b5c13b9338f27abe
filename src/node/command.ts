/** What a command beside the server itself is. */
import type { Terminal } from "./open.ts"

export interface Command {
  /** Its words behind `llm-proxy`. */
  readonly usage: string
  /** What it does, in a line. */
  readonly about: string
  /**
   * @returns The exit code; undefined when the arguments are not right, which is 2 and the usage.
   * @throws {StartError} in words for a terminal.
   */
  run(args: readonly string[], terminal: Terminal): Promise<number | undefined>
}
