/** `llm-proxy completion SHELL`: a script that completes commands and their options, for the shell to read. */
import { COMMANDS } from "../command-table.ts"
import { aliasesOf, defineCommand, UsageError, type Manual } from "../command.ts"

const SHELLS = { bash: toBash, zsh: toZsh, fish: toFish } as const

/** A command with the words it takes. */
interface Words {
  readonly name: string
  readonly about: string
  readonly options: readonly { readonly word: string; readonly about: string; readonly takesFile: boolean }[]
}

export const completion = defineCommand({
  usage: "completion SHELL",
  args: { shell: { type: "positional", required: true, description: `one of ${Object.keys(SHELLS).join(", ")}` } },
  examples: [
    ['eval "$(llm-proxy completion bash)"', "in ~/.bashrc"],
    ['eval "$(llm-proxy completion zsh)"', "in ~/.zshrc, behind compinit"],
    ["llm-proxy completion fish > ~/.config/fish/completions/llm-proxy.fish", "once"],
  ],
  async run({ shell }, terminal) {
    if (!isShell(shell)) {
      throw new UsageError(`completion: must be one of ${Object.keys(SHELLS).join(", ")}, not ${JSON.stringify(shell)}`)
    }
    const commands = Object.entries(COMMANDS).map(async ([name, { about, load }]): Promise<Words> => {
      return { name, about, options: optionsOf(await load()) }
    })
    terminal.out(SHELLS[shell](await Promise.all(commands)))
    return 0
  },
})

function isShell(name: string): name is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, name)
}

function optionsOf({ args }: Manual): Words["options"] {
  const named = Object.entries(args).filter(([, { type }]) => type !== "positional")
  return named.flatMap(([name, arg]) => {
    const about = arg.description ?? ""
    const takesFile = arg.type === "string" && arg.valueHint === "FILE"
    const word = arg.type === "boolean" && arg.default === true ? `--no-${name}` : `--${name}`
    return [...aliasesOf(arg).map((alias) => `-${alias}`), word].map((one) => ({ word: one, about, takesFile }))
  })
}

function toBash(commands: readonly Words[]): string {
  const cases = commands.map(({ name, options }) => {
    return `    ${name}) words="${options.map(({ word }) => word).join(" ")} --help" ;;\n`
  })
  return `_llm_proxy() {
  local word=\${COMP_WORDS[COMP_CWORD]} words
  case \${COMP_WORDS[1]} in
${cases.join("")}    *) words="${commands.map(({ name }) => name).join(" ")} --help --version" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${commands.map(({ name }) => name).join(" ")} --help --version"; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _llm_proxy llm-proxy
`
}

function toZsh(commands: readonly Words[]): string {
  const names = commands.map(({ name, about }) => `    ${quote(`${name}:${about}`)}\n`)
  const cases = commands.map(({ name, options }) => {
    const specs = options.map(({ word, about, takesFile }) => {
      return quote(`${word}[${about.replaceAll(/[[\]:]/g, " ")}]${takesFile ? ":file:_files" : ""}`)
    })
    return `    ${name}) _arguments ${[...specs, "'*:file:_files'"].join(" ")} ;;\n`
  })
  return `_llm_proxy() {
  local -a commands
  commands=(
${names.join("")}  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join("")}  esac
}
compdef _llm_proxy llm-proxy
`
}

function toFish(commands: readonly Words[]): string {
  const begin = "complete -c llm-proxy -n"
  const names = commands.map(({ name, about }) => `${begin} __fish_use_subcommand -f -a ${name} -d ${quote(about)}\n`)
  const options = commands.flatMap(({ name, options }) =>
    options.map(({ word, about, takesFile }) => {
      const flag = word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`
      const value = takesFile ? " -r" : ""
      return `${begin} "__fish_seen_subcommand_from ${name}" ${flag}${value} -d ${quote(about)}\n`
    }),
  )
  return [...names, ...options].join("")
}

/** For each of these shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "")}'`
}
