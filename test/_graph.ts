/** All files a module reaches by its static imports, through src and packages, as another platform resolves them. */
import { readFileSync } from "node:fs"
import { builtinModules, findPackageJSON } from "node:module"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"

/** What a target of `exports` may be: https://nodejs.org/api/packages.html#conditional-exports */
type Exported = string | null | { readonly [condition: string]: Exported }

const PLAIN = new Set(builtinModules)

export interface Graph {
  /** By their paths. */
  readonly files: ReadonlySet<string>
  /** What of Node is imported, with who does: `/path/file.js → node:fs`. */
  readonly node: readonly string[]
}

/**
 * @param conditions Of `exports`, beside `import` and `default`: `workerd`, say.
 */
export function graphOf(entry: string, conditions: readonly string[]): Graph {
  const files = new Set<string>()
  const node: string[] = []
  const known = new Set([...conditions, "import", "default"])
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const wanted of importsOf(file)) {
      if (wanted.startsWith("node:") || PLAIN.has(wanted)) node.push(`${file} → ${wanted}`)
      else visit(wanted.startsWith(".") ? join(dirname(file), wanted) : inPackage(wanted, file, known))
    }
  }
  visit(entry)
  return { files, node }
}

/** Types are gone when a module runs. */
const IMPORT = /^\s*(?:import|export)\s(?!type\s)(?:[\w$*{][^"'`;]*?\sfrom\s*)?["']([^"']+)["']/gm

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(IMPORT)].map(([, wanted = ""]) => wanted)
}

function inPackage(wanted: string, from: string, known: ReadonlySet<string>): string {
  const [, name = "", rest = ""] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(wanted) ?? []
  const manifest = findPackageJSON(name, pathToFileURL(from)) ?? ""
  const { exports, module, main } = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, never>
  const target = exports === undefined ? (module ?? main ?? "index.js") : choose(atPath(exports, `.${rest}`), known)
  if (!target) throw new Error(`${wanted}, which ${from} imports, is not exported`)
  return join(dirname(manifest), target)
}

/** A package of one entry may have it without a path. */
function atPath(exports: Exported, path: string): Exported {
  if (typeof exports !== "object" || exports === null) return exports
  return Object.keys(exports).every((key) => key.startsWith(".")) ? (exports[path] ?? null) : exports
}

function choose(exported: Exported, known: ReadonlySet<string>): string | undefined {
  if (typeof exported === "string" || exported === null) return exported ?? undefined
  for (const [condition, target] of Object.entries(exported)) {
    const found = known.has(condition) ? choose(target, known) : undefined
    if (found) return found
  }
  return undefined
}
