/** How the program ends when it cannot go on: one line, or a few, and a code. */
import { firstLine, StartError } from "./start-error.ts"

/** Ends also when a plugin keeps timers or sockets, once the words are out. */
export function exit(code: number, words: string): void {
  process.exitCode = code
  process.stderr.write(`${words}\n`, () => process.exit(code))
}

/** What is said about an error: a StartError's own words, else its first line. */
export function toWords(error: unknown): string {
  return error instanceof StartError ? wordsOf(error) : `llm-proxy: ${firstLine(String(error))}`
}

/** The stack is shown to who asks for it; what is kept as text has been freed of keys. */
function wordsOf({ message, cause }: StartError): string {
  const wanted = /^(debug|trace)$/i.test(process.env["LOG_LEVEL"] ?? "")
  return wanted && typeof cause === "string" ? `${message}\n${cause}` : message
}
