/** How a suite says, in one line, what it lacks. */
import { basename } from "node:path"

/** @returns whether to skip: `describe.skipIf(lacks(import.meta.url, reason))`. */
export function lacks(file: string, reason: string | undefined): boolean {
  if (reason !== undefined) process.stderr.write(`skipped: ${basename(file)}: ${reason}\n`)
  return reason !== undefined
}
