/**
 * Plugins by name: a file `NAME.ts` (or .mts, .js, .mjs) in the `plugins` folder beside the config, or one that comes
 * with the program. Nothing in a folder runs unless the config lists it.
 */
import { readdir, realpath } from "node:fs/promises"
import { join, parse } from "node:path"
import { fileURLToPath } from "node:url"
import type { Config } from "../config/config.ts"
import { shorten, type Mistake } from "../config/mistakes.ts"
import { validateOptions, type OptionsIssue, type PluginUse } from "../plugin/plugin.ts"
import { answerToOwnName } from "./own-package.ts"
import { readEntry } from "./plugin-entry.ts"
import { displayed, importPlugin } from "./plugin-file.ts"
import { StartError } from "./start-error.ts"

/** As the config lists them. */
type Entries = NonNullable<Config["plugins"]>

/** What a plugin and its file may be called. */
export const PLUGIN_NAME = /^[a-z0-9][a-z0-9_-]*$/
const EXTENSIONS = new Set([".ts", ".mts", ".js", ".mjs"])

/**
 * Loads the listed plugins, in order, with their options validated.
 *
 * @param beside The `plugins` folder beside the config; it need not be there.
 * @param tell Makes a mistake in the config a line.
 * @param fresh Imports the files anew: a word that tells this import from those before it.
 * @throws {StartError} with a line for each plugin that is unknown, ambiguous, broken, or has wrong options.
 */
export async function loadPlugins(
  entries: Entries,
  beside: string,
  tell: (mistake: Mistake) => string,
  fresh?: string,
): Promise<readonly PluginUse[]> {
  if (entries.length === 0) return []
  answerToOwnName()
  const files = await listFiles(await foldersFor(beside))
  const uses: PluginUse[] = []
  const wrong: string[] = []
  for (const [n, entry] of entries.entries()) {
    const { name, options, guard, issues } = readEntry(entry)
    const wrongAt = ({ path, message }: OptionsIssue) => wrong.push(tell({ path: ["plugins", n, name, ...path], message }))
    issues.forEach(wrongAt)
    const candidates = files.get(name) ?? []
    const file = candidates[0]
    if (!file || candidates.length > 1 || !PLUGIN_NAME.test(name)) {
      wrong.push(tell({ path: ["plugins", n], message: complaint(name, candidates, [...files.keys()]) }))
      continue
    }
    try {
      const plugin = await importPlugin(file, fresh)
      if (plugin.name !== name) {
        // What it keeps lies under its name, and the config speaks of it by its file's.
        const words = `its name is ${shorten(plugin.name)}; it must be ${shorten(name)}, as the file's`
        wrong.push(`${displayed(file)}: ${words}`)
        continue
      }
      const checked = await validateOptions(plugin, options)
      if ("options" in checked) uses.push({ plugin, options: checked.options, guard })
      else checked.issues.forEach(wrongAt)
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      wrong.push(error.message)
    }
  }
  if (wrong.length > 0) throw new StartError(wrong)
  return uses
}

/** The files that a name stands for: beside the config, and of the program. */
export async function filesOf(name: string, beside: string): Promise<readonly string[]> {
  return (await listFiles(await foldersFor(beside))).get(name) ?? []
}

function complaint(name: string, candidates: readonly string[], known: readonly string[]): string {
  if (!PLUGIN_NAME.test(name)) return `${shorten(name)} is not a plugin's name: lower-case letters, digits, - and _`
  const files = candidates.map(displayed)
  if (files.length > 1) return `${shorten(name)} is more than one file: ${files.join(" and ")}`
  return `there is no plugin ${shorten(name)}; there is ${known.toSorted().join(", ") || "none"}`
}

/**
 * The folder beside the config, and the one of the program: `plugins` in a clone, `dist/plugins` when compiled. A
 * clone that was compiled has both, of the same plugins; then its own sources are what runs.
 */
async function foldersFor(beside: string): Promise<readonly string[]> {
  const shipped = fileURLToPath(new URL("../../plugins", import.meta.url))
  const sources = fileURLToPath(new URL("../../../plugins", import.meta.url))
  const compiled = import.meta.url.endsWith(".js")
  return compiled && (await real(beside)) === (await real(sources)) ? [beside] : [beside, shipped]
}

/** Files by the name of their plugin; one file that is reached through two folders counts once. */
async function listFiles(folders: readonly string[]): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const folder of folders) {
    for (const file of await readdir(folder).catch(() => [])) {
      const { name, ext } = parse(file)
      const path = join(folder, file)
      const target = await real(path)
      if (!PLUGIN_NAME.test(name) || !EXTENSIONS.has(ext) || seen.has(`${name}:${target}`)) continue
      seen.add(`${name}:${target}`)
      files.set(name, [...(files.get(name) ?? []), path])
    }
  }
  return files
}

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}
