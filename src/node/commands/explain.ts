/** `llm-proxy explain request.json`: what would become of a request, without asking a backend. */
import { readFile } from "node:fs/promises"
import { text } from "node:stream/consumers"
import { openProxy } from "../open.ts"
import { reasonOf, StartError } from "../start-error.ts"
import type { Command } from "../command.ts"

export const explain: Command = {
  usage: "explain FILE",
  about: "what would become of the request in FILE (- for standard input): route, changes, and what the backend would get",
  async run([file, ...more], terminal) {
    if (file === undefined || more.length > 0) return undefined
    const body = await readBody(file)
    // What a start shows is not what was asked for.
    const opened = await openProxy({ terminal: { ...terminal, out: () => {}, err: () => {} } })
    try {
      const response = await opened.proxy.explain(body)
      terminal.out(`${JSON.stringify(await response.json(), null, 2)}\n`)
      return response.ok ? 0 : 1
    } finally {
      await opened.close()
    }
  },
}

async function readBody(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8")
  } catch (error) {
    throw new StartError(`${file}: ${reasonOf(error)}`, { cause: error })
  }
}
