/**
 * What a command is, and how its words are read. citty reads them; what it lets pass (options it does not know, an
 * option without its value, a word too many) is refused here, before it.
 */
import { parseArgs, type ArgDef, type ArgsDef } from "citty"
import type { Terminal } from "./open.ts"

/** A command as the table loads it. */
export interface Command extends Manual {
  /**
   * @param words What follows the command's name.
   * @returns The exit code.
   * @throws {UsageError} when the words are not right, {@link StartError} in words for a terminal.
   */
  run(words: readonly string[], terminal: Terminal): Promise<number>
}

/** What its help shows. */
export interface Manual {
  /** Its words behind `llm-proxy`, without options. */
  readonly usage: string
  readonly args: ArgsDef
  /** Lines to paste, and what each does. */
  readonly examples: readonly (readonly [line: string, what: string])[]
  /** What follows the first word that is no option of its own goes on to another program, as it is. */
  readonly passesOn?: boolean
}

/** The words of a command, by name. An option that is not given is undefined, or false. */
export type Given<Args extends ArgsDef> = { readonly [Name in keyof Args]: Value<Args[Name]> } & {
  /** What goes on to another program. */
  readonly rest: readonly string[]
}

type Value<Arg> = Arg extends { readonly type: "boolean" }
  ? boolean
  : Arg extends { readonly type: "positional"; readonly required: true }
    ? string
    : string | undefined

/** Wrong words: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

export function defineCommand<const Args extends ArgsDef>(
  command: Manual & {
    readonly args: Args
    run(given: Given<Args>, terminal: Terminal): Promise<number>
  },
): Command {
  return {
    ...command,
    run(words, terminal) {
      const { own, rest } = sortWords(words, command)
      const parsed: Record<string, unknown> = parseArgs([...own], command.args)
      const given = Object.entries(command.args).map(([name, { type }]) => {
        return [name, parsed[name] ?? (type === "boolean" ? false : undefined)]
      })
      // citty's own type has no undefined in it for what is not given.
      return command.run({ ...Object.fromEntries(given), rest } as Given<Args>, terminal)
    },
  }
}

/**
 * Tells a command's own words from those that go on.
 *
 * @throws {UsageError} for the first word that is not right.
 */
export function sortWords(
  words: readonly string[],
  { usage, args, passesOn = false }: Manual,
): { readonly own: readonly string[]; readonly rest: readonly string[] } {
  const places = Object.values(args).filter(({ type }) => type === "positional")
  const own: string[] = []
  let plain = 0
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ""
    if (word === "--" && passesOn) return { own, rest: words.slice(at + 1) }
    if (!word.startsWith("-") || word === "-") {
      if (passesOn) return { own, rest: words.slice(at) }
      if (++plain > places.length) throw new UsageError(`usage: llm-proxy ${usage}`)
      own.push(word)
      continue
    }
    const [flag = "", value] = word.split(/=(.*)/s)
    const takes = typeOf(flag, args)
    if (takes === undefined && passesOn) return { own, rest: words.slice(at) }
    if (takes === undefined) throw new UsageError(`unknown argument ${JSON.stringify(flag)}; try ${helpOf(usage)}`)
    own.push(word)
    if (takes !== "string" || value) continue
    const next = value === undefined ? words[++at] : undefined
    if (!next || next.startsWith("-")) throw new UsageError(`${flag} needs a value; try ${helpOf(usage)}`)
    own.push(next)
  }
  const needed = places.filter(({ required }) => required === true)
  if (plain < needed.length && !own.some(asksForHelp)) throw new UsageError(`usage: llm-proxy ${usage}`)
  return { own, rest: [] }
}

/** Whether a word asks for the help of its command. */
export function asksForHelp(word: string): boolean {
  return word === "--help" || word === "-h"
}

function typeOf(flag: string, args: ArgsDef): string | undefined {
  if (asksForHelp(flag)) return "boolean"
  const name = flag.replace(/^--?/, "")
  for (const [known, arg] of Object.entries(args)) {
    if (arg.type === "positional" || arg.type === undefined) continue
    const names = [known, ...aliasesOf(arg), ...(arg.type === "boolean" ? [`no-${known}`] : [])]
    if (names.includes(name) && flag.startsWith(name.length > 1 ? "--" : "-")) return arg.type
  }
  return undefined
}

/** Other names of an option. */
export function aliasesOf(arg: ArgDef): readonly string[] {
  return "alias" in arg ? [arg.alias ?? []].flat() : []
}

/** The start is the command that needs no name. */
function helpOf(usage: string): string {
  const [name = ""] = usage.split(" ", 1)
  return name === "start" || name === "" ? "--help" : `llm-proxy ${name} --help`
}
