/**
 * `llm-proxy code`: Claude Code on this proxy, on the one that runs or on one of its own that ends with it. Variables
 * that are set already win over those for comfort, and never over where to ask and with which key.
 */
import { constants } from "node:os"
import { toAddress } from "../banner.ts"
import { readBasis } from "../basis.ts"
import { defineCommand } from "../command.ts"
import { StartError } from "../start-error.ts"
import { sameModel } from "./ask-models.ts"
import { mainTarget, toClientVariables } from "./client-variables.ts"
import { CONTEXT, readContext } from "./context-option.ts"
import { findProgram } from "./find-program.ts"
import { offerOf } from "./models.ts"
import { CONFIG } from "./options.ts"
import { findKey } from "./own-key.ts"
import { QUIET } from "./quiet.ts"
import { reachProxy } from "./reach-proxy.ts"
import { runClient } from "./run-client.ts"
import { startSession } from "./session.ts"
import type { Env } from "../substitute.ts"
import type { Settings } from "../../config/config.ts"

/** Claude Code believes its own models to have this many tokens; less is worth telling it. */
const BELIEVED = 1_000_000

export const code = defineCommand({
  usage: "code [ARGUMENTS OF CLAUDE …]",
  passesOn: true,
  args: {
    config: CONFIG,
    context: CONTEXT,
    claude: { type: "string", valueHint: "PROGRAM", description: "Claude Code, where it is not claude on PATH" },
  },
  examples: [
    ["llm-proxy code", "work in this folder"],
    ['llm-proxy code -p "what does this repository do?"', "all words but the options above are Claude Code's"],
    ["llm-proxy code --context 64k --model qwen3-coder", "options of this command come first"],
    ["llm-proxy code -- --help", "Claude Code's own help"],
  ],
  async run({ config, context, claude = "claude", rest }, terminal) {
    const program = findProgram(claude, process.env)
    if (program === undefined) throw new StartError(missing(claude))
    const basis = await readBasis(config === undefined ? {} : { config }, QUIET)
    basis.close()
    const { settings, folder } = basis
    const { host, port } = settings.server
    const window = readContext(context) ?? (await askContext(settings))
    const url = toAddress(host, port)
    const known = await findKey(basis)
    const runs = port !== 0 && (await reachProxy(url, known))
    const session = runs ? undefined : await startSession(config, folder, basis.key === undefined ? known : undefined)
    const told = `LLM Proxy on ${session?.url}, until Claude Code ends; its log is ${session?.log}\n`
    if (session && terminal.tty) terminal.err(told)
    try {
      const { url: at, key } = session ?? { url, key: known ?? "" }
      const variables = toClientVariables(settings, { url: at, key, context: window })
      const { code, signal } = await runClient(program, rest, withVariables(variables))
      return code ?? 128 + (signal ? constants.signals[signal] : 0)
    } finally {
      await session?.close()
    }
  },
})

function missing(claude: string): string {
  if (claude !== "claude") return `--claude: ${claude} is no program that can be run`
  return "claude is not on PATH: npm install -g @anthropic-ai/claude-code, or say where it is with --claude"
}

/** What the main model's server says about its window. It is asked shortly: the session waits. */
async function askContext(settings: Settings): Promise<number | undefined> {
  const target = mainTarget(settings)
  if (!target) return undefined
  const offer = await offerOf(target.backend, 1)
  const found = offer.kind === "listed" ? offer.models.find(({ id }) => sameModel(target.model, id)) : undefined
  return found?.context !== undefined && found.context < BELIEVED ? found.context : undefined
}

function withVariables(variables: Env): Env {
  const { ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN, ANTHROPIC_API_KEY: _key, ...comfort } = variables
  const { ANTHROPIC_API_KEY: _own, ...own } = process.env
  return { ...comfort, ...own, ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN }
}
