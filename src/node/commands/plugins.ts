/** `llm-proxy plugins`: the line as it will run, every stage in its place. */
import { openProxy } from "../open.ts"
import type { Command } from "../command.ts"

export const plugins: Command = {
  usage: "plugins",
  about: "the line as it will run: every stage in its place",
  async run(args, terminal) {
    if (args.length > 0) return undefined
    const opened = await openProxy({ terminal: { ...terminal, out: () => {}, err: () => {} } })
    const lines = opened.proxy.stages.map((stage) => (stage.includes(" ") ? `  ${stage}` : stage))
    terminal.out(`${lines.join("\n")}\n`)
    await opened.close()
    return 0
  },
}
