/**
 * Log lines on their way to standard error: those of one turn of the loop are written together, at its end. A write is
 * WRITE_COST µs of CPU in a server at work, where making a line is 15, and a loaded server ends several answers a turn.
 */

/**
 * @param write Writes before it comes back.
 * @returns What takes the lines. What a program that ends has not written by then, it writes as it exits.
 */
export function gather(write: (text: string) => void): (text: string) => void {
  let waiting = ""
  const flush = (): void => {
    const text = waiting
    waiting = ""
    if (text) write(text)
  }
  process.on("exit", flush)
  return (text) => {
    if (!waiting) setImmediate(flush)
    waiting += text
  }
}
