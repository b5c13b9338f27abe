/**
 * What is wrong with a config: every mistake with the path of the option and with what is allowed there. Where in a
 * file that is, `node/config-file.ts` knows.
 */
import * as v from "valibot"
import { AREAS } from "../state/areas.ts"
import type { Config } from "./config.ts"
import { ConfigSchema } from "./schema.ts"
import { printable } from "../log.ts"

export type Path = readonly (string | number)[]

/** A wrong option. The message reads on after the path: `server.port` `must be a number …`. */
export interface Mistake {
  readonly path: Path
  readonly message: string
}

/**
 * Finds every mistake of a config; none means that it is a {@link Config}.
 *
 * @param hidden Tells whether the value of an option is not to be shown; keys, headers and URLs never are.
 */
export function findMistakes(raw: unknown, hidden: (path: Path) => boolean = () => false): readonly Mistake[] {
  const mistakes = new Map<string, Mistake>() // one a path, the first: a value that breaks two rules is one mistake
  const copy = structuredClone(raw)
  for (let round = 0; round < ROUNDS; round++) {
    const { issues = [] } = v.safeParse(ConfigSchema, copy)
    for (const issue of issues) {
      const path = toPath(issue)
      const enough = issue.expected === "never" || issue.type === "non_empty" || isMissing(issue)
      const alone = enough || isSecret(path) || hidden(path)
      const message = alone ? issue.message : `${issue.message}, not ${shorten(issue.input)}`
      const key = JSON.stringify(path)
      if (!mistakes.has(key)) mistakes.set(key, { path, message })
    }
    // valibot names the first unknown option of a mapping only; without it, it names the next.
    const unknown = issues.filter((issue) => issue.expected === "never")
    for (const issue of unknown) remove(issue)
    if (unknown.length === 0) break
  }
  return mistakes.size > 0 ? [...mistakes.values()] : findContradictions(raw as Config)
}

/** So many unknown options of one mapping are told; the file is looked through once for each. */
const ROUNDS = 20

/** Mistakes that only show when parts of a config are seen together. */
export function findContradictions({ models, backends, keys, storage, plugins }: Config): readonly Mistake[] {
  const mistakes: Mistake[] = []
  const names = Object.keys(backends).map((name) => printable(name))
  for (const [model, { backend }] of Object.entries(models)) {
    if (Object.hasOwn(backends, backend)) continue
    const message = `there is no backend ${shorten(backend)}; there is ${names.join(", ") || "none"}`
    mistakes.push({ path: ["models", model, "backend"], message })
  }
  const patterns = new Map<string, string>() // by what they fit, as first written
  for (const pattern of Object.keys(models)) {
    const fits = pattern.replaceAll(/\*+/g, "*")
    const earlier = patterns.get(fits)
    if (earlier === undefined) patterns.set(fits, pattern)
    else mistakes.push({ path: ["models", pattern], message: `fits nothing that ${shorten(earlier)} does not fit before it` })
  }
  for (const [name, { api, base_url }] of Object.entries(backends)) {
    if (base_url !== "demo:" || (api ?? "auto") === "auto" || api === "chat") continue
    mistakes.push({ path: ["backends", name, "api"], message: "the demo speaks chat only" })
  }
  const listed = (plugins ?? []).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.keys(entry)))
  for (const [n, name] of listed.entries()) {
    const earlier = listed.indexOf(name)
    if (earlier === n) continue
    const message = `${shorten(name)} is listed at plugins.${earlier} already; both would count and keep things as one`
    mistakes.push({ path: ["plugins", n], message })
  }
  const areas = ["default", ...Object.keys(AREAS), ...listed]
  for (const area of Object.keys(storage ?? {})) {
    if (areas.includes(area)) continue
    mistakes.push({ path: ["storage", area], message: `nothing is kept under this name; there is ${areas.join(", ")}` })
  }
  for (const [n, { name, key }] of (keys ?? []).entries()) {
    const earlier = (keys ?? []).slice(0, n)
    if (earlier.some((other) => other.name === name)) {
      mistakes.push({ path: ["keys", n, "name"], message: `${shorten(name)} names another key already` })
    }
    if (earlier.some((other) => other.key === key)) {
      mistakes.push({ path: ["keys", n, "key"], message: "is another key's value already" })
    }
  }
  return mistakes
}

/** A value as a mistake may show it. */
export function shorten(value: unknown): string {
  if (value === null || value === undefined || value === "") return "empty"
  if (typeof value === "string") return JSON.stringify(printable(value, 60))
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "a mapping"
  return String(value)
}

/** An option's path as people write it: `models.claude-opus-*.backend`, `keys.0.name`. */
export function toLabel(path: Path): string {
  const plain = (part: string) => /^[\w./:*@-]+$/.test(part)
  return path.map(String).map((part) => (plain(part) ? part : JSON.stringify(printable(part)))).join(".")
}

type Issue = v.BaseIssue<unknown>

function toPath(issue: Issue): Path {
  return (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)))
}

function isMissing(issue: Issue): boolean {
  return (issue.type === "strict_object" || issue.type === "loose_object") && issue.received === "undefined"
}

function isSecret([section, key, option]: Path): boolean {
  if (section === "keys") return option === "key"
  if (section === "server") return key === "secret"
  if (section === "storage") return option !== "driver"
  return section === "backends" && (option === "api_key" || option === "headers" || option === "base_url")
}

function remove(issue: Issue): void {
  const last = issue.path?.at(-1)
  if (last) Reflect.deleteProperty(last.input as object, last.key as string)
}
