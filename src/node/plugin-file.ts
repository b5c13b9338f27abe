/** Imports one plugin's file; whatever is wrong with it becomes one line that names the file. */
import { relative } from "node:path"
import { pathToFileURL } from "node:url"
import { isPlugin, type Plugin } from "../plugin/plugin.ts"
import { codeOf, firstLine, StartError } from "./start-error.ts"

/**
 * @param fresh Imports the file anew: a word that tells this import from those before it.
 * @throws {StartError} when the file cannot be imported, or its default export is no plugin.
 */
export async function importPlugin(file: string, fresh?: string): Promise<Plugin> {
  let found: { readonly default?: unknown }
  try {
    found = await import(pathToFileURL(file).href + (fresh ? `?${fresh}` : ""))
  } catch (error) {
    throw new StartError(`${displayed(file)}${lineOf(error, file)}: ${explain(error)}`, { cause: error })
  }
  if (isPlugin(found.default)) return found.default
  throw new StartError(`${displayed(file)}: must have a default export: export default definePlugin({ name, setup })`)
}

/** A path as the user would write it in the working folder. */
export function displayed(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith("..") || short === "" ? path : short
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${firstLine(String(error))}`
  // Node strips types and compiles nothing: https://nodejs.org/api/typescript.html#typescript-features
  const stripped = codeOf(error) === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
  const words = firstLine(error.message)
  return stripped ? `needs more than its types stripped, which is all that Node does: ${words}` : words
}

/** Node puts the place of a syntax error in front of the stack, and nowhere else. */
function lineOf(error: unknown, file: string): string {
  const stack = error instanceof SyntaxError ? (error.stack ?? "") : ""
  const [, at, line] = /^(.+):(\d+)\r?\n/.exec(stack) ?? []
  return line && (at === file || at === pathToFileURL(file).href) ? `:${line}` : ""
}
