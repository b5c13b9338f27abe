/**
 * A YAML document as plain values, with variables put into its scalars and with the place of every option. Variables
 * are put in after parsing, so that quotes, colons or line breaks in them cannot change what the file says; names of
 * options and comments are left alone.
 */
import { isAlias, isMap, isScalar, isSeq, type Document } from "yaml"
import type { Mistake, Path } from "../config/mistakes.ts"
import { substitute, type Env, type Substituted } from "./substitute.ts"

/** An option of the file. */
export interface Spot {
  readonly path: Path
  /** Where it begins, in characters from the start of the file. */
  readonly offset: number
  /** What variables made of its value, where any are named in it. */
  readonly filled: Substituted | undefined
  /** The mapping or list the value is in, to change it there. */
  readonly parent: Record<string, unknown> | unknown[]
}

export interface Tree {
  readonly value: unknown
  readonly spots: ReadonlyMap<string, Spot>
  readonly mistakes: readonly Mistake[]
  /** It was not read to its end: there are more options than any config has, or more in one another. */
  readonly tooMuch: boolean
}

/** Anchors can blow a small file up, and one that holds itself has no end; no config comes near these limits. */
const MOST = 20_000
const DEEPEST = 30

export function spotKey(path: Path): string {
  return path.join("\0")
}

export function readTree(document: Document, env: Env): Tree {
  const spots = new Map<string, Spot>()
  const mistakes: Mistake[] = []
  const anchors = new Map<string, unknown>() // the last of each name so far: yaml's own search goes through all the file
  let inAlias = 0 // what is read once more by its name is not the last of the names in it
  let tooMuch = false
  const note = (spot: Spot): void => {
    spots.set(spotKey(spot.path), spot)
  }
  const follow = (name: string, path: Path, offset: number, parent: Spot["parent"]): unknown => {
    if (!anchors.has(name)) {
      note({ path, offset, parent, filled: undefined })
      mistakes.push({ path, message: `no anchor &${name} stands before this alias` })
      return null
    }
    inAlias++
    const value = read(anchors.get(name), path, offset, parent)
    inAlias--
    return value
  }

  const learn = (node: unknown): void => {
    const anchored = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined
    if (anchored !== undefined && inAlias === 0) anchors.set(anchored, node)
  }
  const read = (node: unknown, path: Path, offset: number, parent: Spot["parent"]): unknown => {
    if (spots.size > MOST || path.length > DEEPEST) {
      tooMuch = true
      return null
    }
    if (isAlias(node)) return follow(node.source, path, offset, parent)
    learn(node)
    if (isMap(node)) {
      note({ path, offset, parent, filled: undefined })
      return readMap(node.items, path)
    }
    if (isSeq(node)) {
      note({ path, offset, parent, filled: undefined })
      const list: unknown[] = []
      for (const [n, item] of node.items.entries()) list.push(read(item, [...path, n], offsetOf(item) ?? offset, list))
      return list
    }
    const value = isScalar(node) ? node.value : null
    const filled = typeof value === "string" && value.includes("$") ? substitute(value, env) : undefined
    note({ path, offset, parent, filled })
    if (!filled) return value
    mistakes.push(...filled.faults.map((message) => ({ path, message })))
    const plain = isScalar(node) && node.type === "PLAIN"
    return plain && filled.alone && filled.values.length > 0 ? retype(filled.text) : filled.text
  }

  const readMap = (items: readonly { key: unknown; value: unknown }[], path: Path): unknown => {
    const map: Record<string, unknown> = {}
    for (const { key, value } of items) {
      const name = isScalar(key) ? String(key.value) : ""
      learn(key)
      const inner = [...path, name]
      const offset = offsetOf(key) ?? 0
      note({ path: inner, offset, parent: map, filled: undefined })
      if (!isScalar(key)) mistakes.push({ path: inner, message: "a name must be plain text" })
      // Validators pass such names over in silence, so that an option of this name would just not be there.
      else if (name in Object.prototype) mistakes.push({ path: inner, message: "cannot be used as a name" })
      else if (Object.hasOwn(map, name)) mistakes.push({ path: inner, message: "is there twice" })
      else map[name] = read(value, inner, offset, map)
    }
    return map
  }

  const root: unknown[] = []
  const value = read(document.contents, [], offsetOf(document.contents) ?? 0, root)
  return { value, spots, mistakes, tooMuch }
}

/** An unquoted `${PORT}` is the number that a plain `8081` would be. */
export function retype(text: string): string | number | boolean {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true"
  if (!/^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) || (Number.isFinite(number) && !Number.isInteger(number)) ? number : text
}

function offsetOf(node: unknown): number | undefined {
  if (!isMap(node) && !isSeq(node) && !isScalar(node) && !isAlias(node)) return undefined
  return node.range?.[0]
}
