/** `llm-proxy import FILE`: a config of another program as one of this, with a line for all that has no equal. */
import { readFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { parse, YAMLParseError } from "yaml"
import { isObject, type JsonObject } from "../../wires/is-object.ts"
import { parseConfig } from "../config-file.ts"
import { defineCommand } from "../command.ts"
import { readEnvironment } from "../environment.ts"
import { displayed } from "../plugin-file.ts"
import { reasonOf, StartError } from "../start-error.ts"
import type { Env } from "../substitute.ts"
import { toConfigText } from "./config-text.ts"
import { Draft } from "./draft.ts"
import { importLiteLLM, isLiteLLMConfig } from "./import-litellm.ts"
import { importRouter, isRouterConfig } from "./import-router.ts"
import { toMark } from "./marks.ts"
import { FORCE } from "./options.ts"
import { addToDotEnv, readDotEnv, refuseExisting, writeConfig } from "./write-file.ts"

export const importConfig = defineCommand({
  usage: "import FILE",
  args: {
    file: {
      type: "positional",
      required: true,
      description: "config.json of claude-code-router 2, or LiteLLM's config.yaml",
    },
    out: { type: "string", valueHint: "FILE", description: "where to write (config.yaml); keys go to .env beside it" },
    force: FORCE,
  },
  examples: [
    ["llm-proxy import ~/.claude-code-router/config.json", "providers, models, routes"],
    ["llm-proxy import litellm.yaml --out config.yaml", "model_list, fallbacks, keys"],
  ],
  async run({ file, out, force }, terminal) {
    const cwd = process.cwd()
    const { env, config: usual } = await readEnvironment(process.env, cwd, out)
    const path = resolve(cwd, usual)
    const text = await readFile(resolve(cwd, file), "utf8").catch((error: unknown) => {
      throw new StartError(`${file}: ${reasonOf(error)}`, { cause: error })
    })
    refuseExisting(path, force)
    const dotEnv = join(dirname(path), ".env")
    const draft = new Draft({ ...(await readDotEnv(dotEnv)), ...env })
    const source = readSource(file, text)
    if (isRouterConfig(source)) importRouter(source, draft)
    else if (isLiteLLMConfig(source)) importLiteLLM(source, draft)
    else throw new StartError(`${file}: is neither claude-code-router's (Providers) nor LiteLLM's (model_list)`)

    const head = `Made from ${file.replaceAll(/[\r\n]/g, " ")} by llm-proxy import.`
    const written = toConfigText(head, [{ comment: "", part: draft.toConfig() }])
    const set: Env = { ...env, ...(await readDotEnv(dotEnv)), ...draft.variables }
    const named = new Set([...written.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name))
    const unset = [...named].filter((name) => !set[name])
    // A mistake is the source's: it is told, and nothing is written. Variables can still be set.
    parseConfig(written, usual, { ...set, ...Object.fromEntries(unset.map((name) => [name, "https://not.set"])) })
    await writeConfig(path, written, force)
    const moved = Object.keys(draft.variables)
    if (moved.length > 0) await addToDotEnv(dotEnv, draft.variables, `From ${displayed(resolve(cwd, file))}`)
    terminal.out(draft.lines.map((line) => `${toMark(undefined)} ${line}\n`).join(""))
    const [models, backends] = [draft.models, draft.backends].map((part) => Object.keys(part).length)
    terminal.out(`wrote ${displayed(path)}: ${models} models, ${backends} backends\n`)
    if (moved.length > 0) terminal.out(`wrote ${displayed(dotEnv)}: ${moved.join(", ")}\n`)
    const still = `${toMark(false)} not set yet, in the environment or .env: ${unset.join(", ")}\n`
    if (unset.length > 0) terminal.out(still)
    terminal.out(`\nNext: llm-proxy check${usual === "config.yaml" ? "" : ` --config ${usual}`}\n`)
    return 0
  },
})

/** JSON with comments and commas at the end is YAML once the comments are out. */
function readSource(file: string, text: string): JsonObject {
  const json = /^\s*(?:\/\/.*\s*|\/\*[^]*?\*\/\s*)*\{/.test(text)
  let value: unknown
  try {
    value = parse(json ? withoutComments(text) : text, { logLevel: "error" })
  } catch (error) {
    // What follows the place in the message is the source's text, which may be a key.
    const [place] = error instanceof YAMLParseError ? (error.linePos ?? []) : []
    const at = place ? `:${place.line}:${place.col}` : ""
    throw new StartError(`${file}${at}: is neither YAML nor JSON`, { cause: error })
  }
  if (isObject(value)) return value
  throw new StartError(`${file}: holds no options`)
}

/** Comments outside of texts, each a blank in its place, so that lines and columns stay. */
function withoutComments(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\/\/.*|\/\*[^]*?\*\//g, (all, quoted?: string) =>
    quoted ?? all.replaceAll(/[^\n]/g, " "),
  )
}
