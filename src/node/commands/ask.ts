/** Questions to a person, where there is one: on a terminal, both to read and to write. */
import { createInterface } from "node:readline"
import type { Terminal } from "../open.ts"
import { StartError } from "../start-error.ts"

export interface Asking {
  /**
   * @param choices What can be answered, by number or by name.
   * @param usual What an empty answer means; one of the choices.
   * @throws {StartError} when the terminal is closed instead.
   */
  ask(question: string, choices: readonly string[], usual: string): Promise<string>
  close(): void
}

/** @returns undefined without a terminal. */
export function startAsking(terminal: Terminal): Asking | undefined {
  if (!terminal.tty || !process.stdin.isTTY) return undefined
  // One for all questions: what is typed ahead is not lost. The terminal itself edits lines, and ends on Ctrl-C.
  const reader = createInterface({ input: process.stdin, terminal: false })
  const lines = reader[Symbol.asyncIterator]()
  return {
    async ask(question, choices, usual) {
      terminal.err(`${question}\n${choices.map((choice, n) => `  ${n + 1}  ${choice}\n`).join("")}`)
      for (;;) {
        terminal.err(`number or name [${choices.indexOf(usual) + 1}]: `)
        const { value, done } = await lines.next()
        if (done) throw new StartError("\nnothing was written; --yes asks nothing")
        const answer = value.trim()
        const named = choices[Number(answer) - 1] ?? choices.find((choice) => choice === answer)
        const chosen = answer === "" ? usual : named
        if (chosen !== undefined) return chosen
      }
    },
    close: () => reader.close(),
  }
}
