/** Says what is waited for, to a person, once it takes longer than a second. It is wiped out when there is a result. */
import type { Terminal } from "../open.ts"

const AFTER = 1000

export async function withProgress<T>(terminal: Terminal, what: string, result: Promise<T>): Promise<T> {
  if (!terminal.tty) return result
  let shown = false
  const timer = setTimeout(() => {
    shown = true
    terminal.err(`${what} …`)
  }, AFTER)
  try {
    return await result
  } finally {
    clearTimeout(timer)
    if (shown) terminal.err("\r\u001b[K")
  }
}
