/** The command `llm-proxy`: its arguments, its signals, and the words for whatever goes wrong. */
import type { Command } from "./command.ts"
import { explain } from "./commands/explain.ts"
import { pluginNew } from "./commands/plugin-new.ts"
import { plugins } from "./commands/plugins.ts"
import { TERMINAL } from "./open.ts"
import { ownVersion } from "./own-package.ts"
import { startServer, type RunningServer } from "./server.ts"
import { firstLine, StartError } from "./start-error.ts"

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
  let server: RunningServer | undefined
  endOnSignals(() => server)
  try {
    server = await startServer()
    survive(server)
  } catch (error) {
    exit(1, error instanceof StartError ? wordsOf(error) : `llm-proxy: ${firstLine(String(error))}`)
  }
}

async function command(name: string, args: readonly string[]): Promise<void> {
  const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!known) return exit(2, `llm-proxy: unknown argument ${JSON.stringify(name)}; try --help`)
  try {
    const code = await known.run(args, TERMINAL)
    if (code === undefined) return exit(2, `llm-proxy: usage: llm-proxy ${known.usage}`)
    process.exitCode = code
  } catch (error) {
    exit(1, error instanceof StartError ? wordsOf(error) : `llm-proxy: ${firstLine(String(error))}`)
  }
}

/** The first signal lets running answers end; the second one, or one before there is a server, ends at once. */
function endOnSignals(running: () => RunningServer | undefined): void {
  let asked = false
  const end = (signal: NodeJS.Signals): void => {
    const server = running()
    server?.log.info(asked ? "stopping at once" : "asked to stop", { signal })
    if (asked || !server) process.exit(0)
    asked = true
    void server.close().finally(() => process.exit(0))
  }
  process.on("SIGHUP", () => void running()?.reload())
  process.on("SIGTERM", end)
  process.on("SIGINT", end)
}

/**
 * A promise that a plugin forgot must not end the answers of everybody else. After an exception nobody caught, things
 * may be half done, so that one ends the program, as Node advises.
 */
function survive({ log }: RunningServer): void {
  const tell = (what: string, thrown: unknown): void => {
    log.error(what, { error: String(thrown), stack: log.shows("debug") ? stackOf(thrown) : undefined })
  }
  process.on("unhandledRejection", (reason) => tell("unhandled rejection", reason))
  process.on("uncaughtException", (error) => {
    tell("uncaught exception", error)
    exit(1, "llm-proxy: ended by an uncaught exception; the log says which")
  })
}

/** The stack is shown to who asks for it; what is kept as text has been freed of keys. */
function wordsOf({ message, cause }: StartError): string {
  const wanted = /^(debug|trace)$/i.test(process.env["LOG_LEVEL"] ?? "")
  return wanted && typeof cause === "string" ? `${message}\n${cause}` : message
}

function stackOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.stack : undefined
}

/** Ends also when a plugin keeps timers or sockets, once the words are out. */
function exit(code: number, words: string): void {
  process.exitCode = code
  process.stderr.write(`${words}\n`, () => process.exit(code))
}
