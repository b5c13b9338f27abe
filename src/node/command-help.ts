/**
 * Help: of the whole program, and of each command. citty could write it too, but colours it by variables alone, so that
 * a file or a pager would get them (citty 0.2.2, src/_color.ts), and knows no examples.
 */
import { styleText } from "node:util"
import { COMMANDS } from "./command-table.ts"
import { aliasesOf, type Manual } from "./command.ts"

/** @param name Of a command; the whole program's help for none, and for one that is not there. */
export async function toHelp(name?: string): Promise<string> {
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  return entry ? ofCommand(entry.about, await entry.load()) : OF_ALL()
}

const OF_ALL = (): string => `llm-proxy: Anthropic's Messages API in front of OpenAI-compatible backends

${title("Usage")}: llm-proxy [COMMAND] [OPTIONS]

${title("Commands")}
${columns(Object.entries(COMMANDS).map(([name, { about }]) => [name, about]))}

${title("Options")}
${columns([
  ["-h, --help", "this, or the help of a command: llm-proxy check --help"],
  ["-v, --version", "the version"],
])}

${title("Examples")}
${columns([
  ["llm-proxy init && llm-proxy", "set up with what is found here, and serve"],
  ["llm-proxy code", "work in Claude Code on it"],
  ["llm-proxy check --probe", "ask every model for a word"],
])}

${title("Variables")}, also from .env in this folder and beside the config
${columns([
  ["LLM_PROXY_CONFIG", "the config file (config.yaml)"],
  ["PROXY_API_KEY", "the key clients use (without one: a new one for each run, on loopback addresses only)"],
  ["HOST, PORT", "where to listen (server.host and server.port of the config; 127.0.0.1, 8081)"],
  ["LOG_LEVEL", "trace, debug, info, warn, error or silent (info)"],
  ["LOG_FILE", "a file log lines are added to, beside standard error"],
  ["NO_COLOR", "no colours, on a terminal either"],
])}

Exit codes: 0, 1 when something fails or cannot start, 2 for wrong arguments.
`

function ofCommand(about: string, { usage, args, examples }: Manual): string {
  const options = Object.entries(args).map(([name, arg]): [string, string] => {
    const { description = "" } = arg
    if (arg.type === "positional") return [name.toUpperCase(), description]
    const short = aliasesOf(arg).map((alias) => `-${alias}, `)
    const long = arg.type === "boolean" && arg.default === true ? `--no-${name}` : `--${name}`
    return [`${short.join("")}${long}${arg.type === "string" ? ` ${arg.valueHint ?? "VALUE"}` : ""}`, description]
  })
  return `llm-proxy ${usage}: ${about}

${options.length > 0 ? `${title("Options")}\n${columns(options)}\n\n` : ""}${title("Examples")}
${columns(examples)}
`
}

function title(text: string): string {
  return styleText("bold", text)
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd()).join("\n")
}
