/** The command `llm-proxy`: which command its words mean, and the words for whatever goes wrong. */
import { exit, toWords } from "./exit.ts"

/**
 * Runs a command, or serves until a signal ends it. Exit codes: 0, 1 when something fails or cannot start, 2 for wrong
 * arguments.
 */
export async function run(args: readonly string[]): Promise<void> {
  // Whoever reads may stop reading (`llm-proxy | head`); that is no reason to stop serving.
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
  const [first = "start", ...rest] = args
  // A server alone needs nothing of what follows.
  if (args.length === 0) return (await import("./serve.ts")).serve()
  if (first === "--version" || first === "-v") {
    const { ownVersion } = await import("./own-package.ts")
    return void process.stdout.write(`${ownVersion()}\n`)
  }
  if (first === "--help" || first === "-h" || first === "help") {
    const { toHelp } = await import("./command-help.ts")
    return void process.stdout.write(await toHelp(rest[0]))
  }
  return first.startsWith("-") ? command("start", args) : command(first, rest)
}

async function command(name: string, words: readonly string[]): Promise<void> {
  const { COMMANDS } = await import("./command-table.ts")
  const { asksForHelp, sortWords, UsageError } = await import("./command.ts")
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!entry) return exit(2, `llm-proxy: unknown argument ${JSON.stringify(name)}; try --help`)
  try {
    const known = await entry.load()
    if (sortWords(words, known).own.some(asksForHelp)) {
      const { toHelp } = await import("./command-help.ts")
      return void process.stdout.write(await toHelp(name))
    }
    const { TERMINAL } = await import("./open.ts")
    process.exitCode = await known.run(words, TERMINAL)
  } catch (error) {
    if (error instanceof UsageError) exit(2, `llm-proxy: ${error.message}`)
    else exit(1, toWords(error))
  }
}
