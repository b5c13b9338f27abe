/** `llm-proxy plugins`: the line as it will run, every stage in its place. */
import { defineCommand } from "../command.ts"
import { openProxy } from "../open.ts"
import { CONFIG } from "./options.ts"
import { QUIET } from "./quiet.ts"

export const plugins = defineCommand({
  usage: "plugins",
  args: { config: CONFIG },
  examples: [["llm-proxy plugins", "the seven stages, and the plugins' between them"]],
  async run({ config }, terminal) {
    const opened = await openProxy({ terminal: QUIET, ...(config !== undefined && { config }) })
    const lines = opened.proxy.stages.map((stage) => (stage.includes(" ") ? `  ${stage}` : stage))
    terminal.out(`${lines.join("\n")}\n`)
    await opened.close()
    return 0
  },
})
