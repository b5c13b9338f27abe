/**
 * `llm-proxy init`: a config to begin with, of what is found here, and a key for clients. It asks which models to use
 * where there is somebody to ask.
 */
import { existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { parseConfig } from "../config-file.ts"
import { defineCommand, UsageError } from "../command.ts"
import { readEnvironment } from "../environment.ts"
import { makeKey } from "../key.ts"
import type { Terminal } from "../open.ts"
import { displayed } from "../plugin-file.ts"
import type { Env } from "../substitute.ts"
import { startAsking } from "./ask.ts"
import { findBackends, type Found, type Looked } from "./find-backends.ts"
import { toMark } from "./marks.ts"
import { CONFIG, FORCE } from "./options.ts"
import { withProgress } from "./progress.ts"
import { toFirstConfig, type Choice } from "./first-config.ts"
import { addToDotEnv, refuseExisting, writeConfig } from "./write-file.ts"

export const init = defineCommand({
  usage: "init",
  args: {
    config: { ...CONFIG, description: "the file to write, instead of LLM_PROXY_CONFIG and config.yaml" },
    yes: { type: "boolean", alias: "y", description: "ask nothing; the same without a terminal" },
    model: { type: "string", valueHint: "BACKEND/MODEL", description: "what answers for Claude's models" },
    "small-model": { type: "string", valueHint: "BACKEND/MODEL", description: "what answers for its haiku models" },
    servers: { type: "string", valueHint: "URLS", description: "look for servers there: http://gpu:8000/v1,…" },
    force: FORCE,
  },
  examples: [
    ["llm-proxy init", "finds Ollama, LM Studio, vLLM and llama.cpp, and keys in the environment"],
    ["llm-proxy init --model ollama/qwen3:30b", "with the model named, nothing is asked about it"],
    ["llm-proxy init --yes --force", "once more, without a word"],
  ],
  async run({ config, yes, model, "small-model": small, servers, force }, terminal) {
    const cwd = process.cwd()
    const { env, config: name } = await readEnvironment(process.env, cwd, config)
    const path = resolve(cwd, name)
    refuseExisting(path, force)
    const looking = findBackends(env, servers === undefined ? undefined : readUrls(servers))
    const looked = await withProgress(terminal, "looking for models", looking)
    terminal.out(looked.map(tell).join(""))
    const found = looked.flatMap((one) => one.found ?? [])
    const choice = await choose(found, { model, small }, yes, terminal)
    const text = toFirstConfig(found, choice)
    parseConfig(text, name, env) // a mistake is this program's own, and no file is left with it
    await writeConfig(path, text, force)
    terminal.out(`\nwrote ${displayed(path)}\n${await giveKey(path, env)}${next(name, found)}`)
    return 0
  },
})

function tell({ found, why }: Looked): string {
  return found ? `${toMark(true)} ${found.title}: ${found.note}\n` : `${toMark(undefined)} ${why}\n`
}

function readUrls(given: string): readonly string[] {
  const urls = given.split(",").map((url) => url.trim().replace(/\/$/, ""))
  const wrong = urls.find((url) => !/^https?:\/\/./.test(url) || !URL.canParse(url))
  if (wrong === undefined) return urls
  throw new UsageError(`--servers must be URLs such as http://gpu:8000/v1, not ${JSON.stringify(wrong)}`)
}

/** Local servers come first: they cost nothing, and what is said stays here. */
async function choose(
  found: readonly Found[],
  { model, small }: { readonly model: string | undefined; readonly small: string | undefined },
  yes: boolean,
  terminal: Terminal,
): Promise<Choice | undefined> {
  const all = found.flatMap(({ name, models }) => models.map((one) => `${name}/${one}`))
  const [first] = found
  for (const [option, given] of [["--model", model], ["--small-model", small]] as const) {
    if (given !== undefined && !all.includes(given)) {
      const known = all.join(", ") || "none: nothing was found"
      throw new UsageError(`${option} must be one of ${known}, not ${JSON.stringify(given)}`)
    }
  }
  if (!first) return undefined
  const asking = yes || all.length === 1 ? undefined : startAsking(terminal)
  try {
    const usual = `${first.name}/${first.big}`
    const big = model ?? (await asking?.ask("Which model answers for Claude's?", all, usual)) ?? usual
    const from = found.find(({ name }) => big.startsWith(`${name}/`)) ?? first
    const lesser = from.small === from.big ? big : `${from.name}/${from.small}` // a server has one for all
    const question = "And for what Claude Code does on the side (haiku)?"
    const side = small ?? (await asking?.ask(question, all, lesser)) ?? lesser
    return { big: split(big), small: split(side) }
  } finally {
    asking?.close()
  }
}

function split(named: string): { readonly backend: string; readonly model: string } {
  const at = named.indexOf("/")
  return { backend: named.slice(0, at), model: named.slice(at + 1) }
}

/** A `.env` that is there is its owner's. */
async function giveKey(config: string, env: Env): Promise<string> {
  const path = join(dirname(config), ".env")
  if (env["PROXY_API_KEY"]) return "PROXY_API_KEY is set already\n"
  if (existsSync(path)) {
    return `${displayed(path)} is there, without a PROXY_API_KEY: each run makes a key of its own until it has one\n`
  }
  await addToDotEnv(path, { PROXY_API_KEY: makeKey() }, "The key clients use. Keep this file out of git.")
  return `wrote ${displayed(path)} with a new PROXY_API_KEY\n`
}

function next(name: string, found: readonly Found[]): string {
  const option = name === "config.yaml" ? "" : ` --config ${name}`
  const first = found.length === 0 ? "No model was found: it has the demo, and examples to fill in. " : ""
  return `\n${first}Next:\n  llm-proxy check${option}\n  llm-proxy${option}\n  llm-proxy code${option}\n`
}
