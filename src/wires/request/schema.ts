/**
 * JSON Schemas cut down to what a backend takes. A schema is a contract between a client and its tools, so nothing is
 * changed unless the profile says that the backend would refuse it, and then only what it refuses. What is left out
 * can only make a schema looser: a client checks the arguments it gets anyhow.
 */
import type { Profile, SchemaRules } from "../../backends/profile.ts"
import { printable } from "../../log.ts"
import { isObject, type JsonObject } from "../is-object.ts"
import { toPlainRoot } from "./plain-root.ts"
import type { Scope } from "./scope.ts"

/** What a schema is fitted to, and where to tell of what was taken out. */
export interface Fitting extends Pick<Scope, "note"> {
  readonly profile: Pick<Profile, "schema">
}

/** What becomes of a schema inside another. */
type Visit = (schema: unknown) => unknown

/** Keywords whose value is a schema, a list of schemas, or schemas by name. All others are left alone. */
const ONE = [
  "items",
  "additionalItems",
  "contains",
  "additionalProperties",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
]
const LISTS = ["items", "prefixItems", "anyOf", "oneOf", "allOf"]
const MAPS = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]

/** The schema of a tool's arguments, as the backend takes it; the same object where it takes it as it is. */
export function fitParameters(schema: unknown, scope: Fitting): unknown {
  const plain = scope.profile.schema.plain_root ? toPlainRoot(schema, scope.note) : schema
  return fitSchema(plain, scope)
}

/** A schema without the keywords the backend refuses; the same object where it takes it as it is. */
export function fitSchema(schema: unknown, { profile, note }: Fitting): unknown {
  const { remove, formats, properties } = profile.schema
  if (remove.length === 0 && formats === null && !properties) return schema
  const visit: Visit = (inner) => (isObject(inner) ? fit(inner, profile.schema, note, visit) : inner)
  return visit(schema)
}

function fit(schema: JsonObject, rules: SchemaRules, note: Scope["note"], visit: Visit): JsonObject {
  let out: JsonObject = schema
  const set = (keyword: string, value: unknown): void => {
    if (value !== undefined && value !== schema[keyword]) out = { ...out, [keyword]: value }
  }
  const drop = (keyword: string, told: string): void => {
    const { [keyword]: _, ...rest } = out
    out = rest
    note(`${told} was taken out of a schema: this backend refuses it`)
  }
  for (const keyword of rules.remove) if (Object.hasOwn(schema, keyword)) drop(keyword, `"${printable(keyword)}"`)
  const { format, type } = schema
  if (typeof format === "string" && rules.formats && !rules.formats.includes(format) && "format" in out) {
    drop("format", `format "${printable(format)}"`)
  }
  for (const keyword of ONE) if (isObject(out[keyword])) set(keyword, visit(out[keyword]))
  for (const keyword of LISTS) set(keyword, mapList(out[keyword], visit))
  for (const keyword of MAPS) set(keyword, mapObject(out[keyword], visit))
  if (rules.properties && type === "object" && out["properties"] === undefined) set("properties", {})
  return out
}

function mapList(list: unknown, visit: Visit): unknown {
  if (!Array.isArray(list)) return list
  const mapped = list.map(visit)
  return mapped.some((item, n) => item !== list[n]) ? mapped : list
}

function mapObject(map: unknown, visit: Visit): unknown {
  if (!isObject(map)) return map
  const mapped = Object.entries(map).map(([name, value]): [string, unknown] => [name, visit(value)])
  return mapped.some(([name, value]) => value !== map[name]) ? Object.fromEntries(mapped) : map
}
