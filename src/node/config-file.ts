/**
 * Reads config.yaml: parse, put variables in, look for mistakes. Every mistake becomes one line that begins with
 * file, line and column and then says what is allowed; values of keys are never in it.
 */
import { createReadStream } from "node:fs"
import { isScalar, LineCounter, parseDocument, type Document } from "yaml"
import type { Config } from "../config/config.ts"
import { findMistakes, toLabel, type Mistake, type Path } from "../config/mistakes.ts"
import { readTree, spotKey, type Spot, type Tree } from "./config-tree.ts"
import { codeOf, firstLine, reasonOf, StartError } from "./start-error.ts"
import type { Env } from "./substitute.ts"

export interface ConfigFile {
  readonly config: Config
  /** Variables that a backend's settings name and that are not set, by backend. */
  readonly missing: ReadonlyMap<string, readonly string[]>
  /** What variables put into the file: not to be shown. */
  readonly values: readonly string[]
  /** The line for a mistake: `config.yaml:12:5 server.port: must be …`. */
  tell(mistake: Mistake): string
}

/**
 * @param name The path as the user wrote it; mistakes begin with it.
 * @throws {StartError} when the file cannot be read or has mistakes.
 */
export async function readConfigFile(name: string, path: string, env: Env): Promise<ConfigFile> {
  const text = await readText(path).catch((error: unknown) => {
    const first = codeOf(error) === "ENOENT" ? "; llm-proxy init writes one" : ""
    throw new StartError(`${name}: ${reasonOf(error)}${first}`, { cause: error })
  })
  if (text === undefined) throw new StartError(`${name}: is larger than ${LARGEST} bytes, and no config is`)
  return parseConfig(text.replace(/^\uFEFF/, ""), name, env)
}

/** Bytes. A config of a thousand models has some hundred thousand; a wrong path can lead to a disk's image. */
const LARGEST = 1024 * 1024

/** The file as text; undefined when it is too large. It may be a pipe, whose size nobody knows. */
async function readText(path: string): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of createReadStream(path)) {
    size += piece.length
    if (size > LARGEST) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** The part of {@link readConfigFile} after the reading. */
export function parseConfig(text: string, path: string, env: Env): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  refuseBroken(document, path, lines)
  const tree = readTree(document, env)
  if (tree.tooMuch) throw new StartError(`${path}: has too many options, or too many in one another`)
  const tell = ({ path: option, message }: Mistake): string => {
    const { line, col } = lines.linePos(nearest(tree, option)?.offset ?? 0)
    return `${path}:${line}:${col} ${toLabel(option) || "the config"}: ${message}`
  }
  const { missing, mistakes, excused } = settle(tree)
  const found = check(tree).filter((mistake) => !excused.has(spotKey(mistake.path)))
  const all = distinct([...tree.mistakes, ...mistakes, ...found])
  if (all.length > 0) {
    const offset = (mistake: Mistake) => nearest(tree, mistake.path)?.offset ?? 0
    throw new StartError(all.sort((a, b) => offset(a) - offset(b)).map(tell))
  }
  const values = [...tree.spots.values()].flatMap(({ filled }) => filled?.values ?? [])
  return { config: tree.value as Config, missing, values, tell }
}

/** Where the parser's words are meant for who programs with it. */
const OWN_WORDS: Readonly<Partial<Record<string, string>>> = {
  MULTIPLE_DOCS: "a second document begins here; there must be one",
  RESOURCE_EXHAUSTION: "too much is in one another",
}

/** YAML's own errors, and files that hold something else than options. */
function refuseBroken(document: Document.Parsed, path: string, lines: LineCounter): void {
  const broken = [...document.errors, ...document.warnings].map(({ pos, code, message }) => {
    const { line, col } = lines.linePos(pos[0])
    const words = OWN_WORDS[code] ?? firstLine(message).replace(/: ".*$/, "") // what is quoted there may be a key
    return `${path}:${line}:${col} ${words}`
  })
  if (broken.length > 0) throw new StartError(broken)
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    throw new StartError(`${path}: is empty; it needs at least models and backends`)
  }
}

/**
 * What to do about variables that gave nothing. A backend is then not ready and says why, but does not keep the
 * others from starting; anywhere else the option would silently be something else, so that is a mistake.
 */
function settle(tree: Tree): { missing: Map<string, string[]>; mistakes: Mistake[]; excused: Set<string> } {
  const missing = new Map<string, string[]>()
  const mistakes: Mistake[] = []
  const excused = new Set<string>()
  for (const [key, { path, filled, parent }] of tree.spots) {
    if (!filled || filled.unset.length === 0) continue
    const [section, backend, option] = path
    if (section === "backends" && option !== undefined) {
      const names = missing.get(String(backend)) ?? []
      missing.set(String(backend), [...new Set([...names, ...filled.unset.map(({ name }) => name)])])
      excused.add(key)
      // The URL must be there and may as well show the variable; other options are as if they had been left out.
      if (option === "base_url") put(parent, path, filled.source)
      else remove(parent, path)
    } else {
      const unset = filled.unset.filter(({ empty }) => !empty)
      mistakes.push(...unset.map(({ name }) => ({ path, message: `the environment variable ${name} is not set` })))
    }
  }
  return { missing, mistakes, excused }
}

/** Looks for mistakes; an unquoted `${KEY}` that looks like a number stays text where text is wanted. */
function check(tree: Tree): readonly Mistake[] {
  const hidden = (path: Path) => (tree.spots.get(spotKey(path))?.filled?.values.length ?? 0) > 0
  const first = findMistakes(tree.value, hidden)
  const retyped = first.flatMap(({ path }) => {
    const spot = tree.spots.get(spotKey(path))
    return spot?.filled?.alone && typeof valueOf(spot) !== "string" ? [spot] : []
  })
  for (const { parent, path, filled } of retyped) put(parent, path, filled?.text)
  return retyped.length > 0 ? findMistakes(tree.value, hidden) : first
}

function nearest({ spots }: Tree, path: Path): Spot | undefined {
  for (let length = path.length; length >= 0; length--) {
    const spot = spots.get(spotKey(path.slice(0, length)))
    if (spot) return spot
  }
  return undefined
}

function distinct(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Set<string>()
  return mistakes.filter(({ path }) => !seen.has(spotKey(path)) && seen.add(spotKey(path)))
}

function valueOf({ parent, path }: Spot): unknown {
  return Reflect.get(parent, path.at(-1) ?? "")
}

function put(parent: Spot["parent"], path: Path, value: unknown): void {
  Reflect.set(parent, path.at(-1) ?? "", value)
}

/** Out of a mapping; in a list the others keep their places. */
function remove(parent: Spot["parent"], path: Path): void {
  if (Array.isArray(parent)) put(parent, path, "")
  else Reflect.deleteProperty(parent, path.at(-1) ?? "")
}
