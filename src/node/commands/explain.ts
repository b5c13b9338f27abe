/** `llm-proxy explain request.json`: what would become of a request, without asking a backend. */
import { readFile } from "node:fs/promises"
import { text } from "node:stream/consumers"
import { defineCommand } from "../command.ts"
import { openProxy } from "../open.ts"
import { reasonOf, StartError } from "../start-error.ts"
import { CONFIG } from "./options.ts"
import { QUIET } from "./quiet.ts"

export const explain = defineCommand({
  usage: "explain FILE",
  args: {
    file: { type: "positional", required: true, description: "a body of POST /v1/messages; - for standard input" },
    config: CONFIG,
  },
  examples: [
    ["llm-proxy explain request.json", "of the request in a file"],
    ["pbpaste | llm-proxy explain -", "of the one in the clipboard"],
  ],
  async run({ file, config }, terminal) {
    const body = await readBody(file)
    const opened = await openProxy({ terminal: QUIET, ...(config !== undefined && { config }) })
    try {
      const response = await opened.proxy.explain(body)
      terminal.out(`${JSON.stringify(await response.json(), null, 2)}\n`)
      return response.ok ? 0 : 1
    } finally {
      await opened.close()
    }
  },
})

async function readBody(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8")
  } catch (error) {
    throw new StartError(`${file}: ${reasonOf(error)}`, { cause: error })
  }
}
