/** The command `llm-proxy`: its arguments, and the words for whatever goes wrong. */
import type { Command } from "./command.ts"
import { explain } from "./commands/explain.ts"
import { pluginNew } from "./commands/plugin-new.ts"
import { plugins } from "./commands/plugins.ts"
import { exit, toWords } from "./exit.ts"
import { TERMINAL } from "./open.ts"
import { ownVersion } from "./own-package.ts"
import { serve } from "./serve.ts"

/** By their first word. */
const COMMANDS: Readonly<Record<string, Command>> = { explain, plugins, plugin: pluginNew }

const HELP = `llm-proxy: Anthropic's Messages API in front of OpenAI-compatible backends

Usage: llm-proxy [--help] [--version]
       llm-proxy COMMAND

Without a command it serves. Commands:
${Object.values(COMMANDS).map(({ usage, about }) => `  ${usage.padEnd(16)}  ${about}`).join("\n")}

It is set up by a file and by variables; .env in this folder, and beside the config, is read too.
  LLM_PROXY_CONFIG  the config file (config.yaml)
  PROXY_API_KEY     the key clients use (without one: a new one for each run, on loopback addresses only)
  HOST, PORT        where to listen (server.host and server.port of the config; 127.0.0.1, 8081)
  LOG_LEVEL         trace, debug, info, warn, error or silent (info)
  LOG_FILE          a file log lines are added to, beside standard error
`

/** Runs until a signal ends it. Exit codes: 0, 1 when it cannot start or go on, 2 for wrong arguments. */
export async function run(args: readonly string[]): Promise<void> {
  // Whoever reads may stop reading (`llm-proxy | head`); that is no reason to stop serving.
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
  if (args.includes("--help") || args.includes("-h")) return void process.stdout.write(HELP)
  if (args.includes("--version")) return void process.stdout.write(`${ownVersion()}\n`)
  const [first, ...rest] = args
  if (first !== undefined) return command(first, rest)
  await serve()
}

async function command(name: string, args: readonly string[]): Promise<void> {
  const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!known) return exit(2, `llm-proxy: unknown argument ${JSON.stringify(name)}; try --help`)
  try {
    const code = await known.run(args, TERMINAL)
    if (code === undefined) return exit(2, `llm-proxy: usage: llm-proxy ${known.usage}`)
    process.exitCode = code
  } catch (error) {
    exit(1, toWords(error))
  }
}
