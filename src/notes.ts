/** Notes on what had to be dropped or mended in translation, told so that nobody drowns in them. */
import { printable, type Log } from "./log.ts"

/** Notes remembered as said already; beyond that all are told at debug only. */
const MOST = 1000

/** A client says the same thing in every request: a note is a warning once, and afterwards a line for debugging. */
export function createNotes(): (log: Log, text: string) => void {
  const said = new Set<string>()
  return (log, text) => {
    const line = printable(text)
    if (said.has(line) || said.size >= MOST) log.debug(line)
    else {
      said.add(line)
      log.warn(line)
    }
  }
}
