/** `llm-proxy env`: the variables that lead a client here, for a shell to read or as JSON. */
import { toAddress } from "../banner.ts"
import { readBasis } from "../basis.ts"
import { defineCommand, UsageError } from "../command.ts"
import { StartError } from "../start-error.ts"
import { toClientVariables } from "./client-variables.ts"
import { CONTEXT, readContext } from "./context-option.ts"
import { CONFIG, JSON_OUT } from "./options.ts"
import { findKey } from "./own-key.ts"
import { QUIET } from "./quiet.ts"
import { toLines } from "./shells.ts"

export const env = defineCommand({
  usage: "env",
  args: {
    config: CONFIG,
    context: CONTEXT,
    fish: { type: "boolean", description: "for fish" },
    powershell: { type: "boolean", description: "for PowerShell" },
    json: JSON_OUT,
  },
  examples: [
    ['eval "$(llm-proxy env)"', "in this shell, for Claude Code and Anthropic's SDKs"],
    ["llm-proxy env --fish | source", "the same in fish"],
    ["llm-proxy env", "to look at: a terminal is not shown the key"],
  ],
  async run({ config, context, fish, powershell, json }, terminal) {
    const forms = [fish, powershell, json].filter(Boolean)
    if (forms.length > 1) throw new UsageError("one of --fish, --powershell and --json")
    const basis = await readBasis(config === undefined ? {} : { config }, QUIET)
    basis.close()
    const { settings } = basis
    const key = await findKey(basis)
    if (key === undefined) throw new StartError("there is no key yet: set PROXY_API_KEY, or start the proxy first")
    const { host, port } = settings.server
    if (port === 0) throw new StartError("server.port is 0, a free one for each start; set PORT or server.port")
    const url = toAddress(host, port)
    // Others may see a terminal, now or in its history; a shell or a script needs the key itself.
    const shown = process.stdout.isTTY ? "<hidden>" : key
    const variables = toClientVariables(settings, { url, key: shown, context: readContext(context) })
    const shell = fish ? "fish" : powershell ? "powershell" : "sh"
    const asJson = (): string => `${JSON.stringify(variables, (_, value: unknown) => value ?? null, 2)}\n`
    terminal.out(json ? asJson() : toLines(variables, shell))
    if (shown !== key) terminal.err('The key is not shown on a terminal. To set all of this: eval "$(llm-proxy env)"\n')
    return 0
  },
})
