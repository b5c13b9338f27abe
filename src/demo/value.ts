/**
 * Inert JSON for a JSON Schema: what the demo backend calls tools with, and its structured answers. Agents really run
 * such calls, so a value must do no harm wherever it lands.
 */

/** How deep schemas are followed; deeper ones, and those that contain themselves, end in null. */
const DEPTH = 8
/** Schemas looked at for one value: lists in lists, and `allOf` that names itself twice, would grow without bound. */
const BUDGET = 500
const ITEMS = 10
/** Longest string `minLength` can ask for. */
const LENGTH = 1000

/**
 * Strings for properties that are acted upon, by a word of their name. They win over a schema's default and examples,
 * which may well do something. `true` is the shell's command for nothing, and no program of another system. Nothing
 * can be read, changed or deleted below a directory that is not there. `.invalid` never resolves (RFC 2606).
 */
const INERT: Readonly<Record<string, string>> = {
  command: "true",
  cmd: "true",
  script: "true",
  path: "/nonexistent/demo",
  file: "/nonexistent/demo",
  directory: "/nonexistent/demo",
  dir: "/nonexistent/demo",
  folder: "/nonexistent/demo",
  cwd: "/nonexistent",
  url: "https://demo.invalid/",
  uri: "https://demo.invalid/",
}

/** What a format asks for. Source: JSON Schema 2020-12, validation, section 7.3. */
const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "1970-01-01T00:00:00Z",
  date: "1970-01-01",
  time: "00:00:00Z",
  email: "demo@demo.invalid",
  hostname: "demo.invalid",
  ipv4: "192.0.2.1", // kept for documentation by RFC 5737
  ipv6: "2001:db8::1", // and by RFC 3849
  uri: "https://demo.invalid/",
  uuid: "00000000-0000-0000-0000-000000000000",
}

/** A value that fits a JSON Schema as far as that can be said without solving it: `pattern` and `if` are not read. */
export function demoValue(schema: unknown): unknown {
  return new Maker(schema).make(schema, "", 0)
}

type Schema = Readonly<Record<string, unknown>>

class Maker {
  readonly #root: unknown // what `$ref` points into
  #made = 0

  constructor(root: unknown) {
    this.#root = root
  }

  make(given: unknown, name: string, depth: number): unknown {
    this.#made += 1
    if (depth > DEPTH || this.#made > BUDGET) return null
    if (!isSchema(given)) return demoString({}, name)
    const schema = this.#whole(given, depth)
    if (schema["const"] !== undefined) return schema["const"]
    const options = listOf(schema["enum"])
    const type = typeOf(schema)
    const said = schema["default"] ?? listOf(schema["examples"])[0] ?? schema["example"]
    if (options.length > 0) return options.includes(said) ? said : options[0]
    if (type === "string") return demoString(schema, name, said)
    if (said !== undefined && said !== null) return said
    switch (type) {
      case "number":
      case "integer":
        return demoNumber(schema)
      case "boolean":
        return false
      case "null":
        return null
      case "array":
        return this.#list(schema, name, depth)
      default:
        return this.#object(schema, depth)
    }
  }

  /** The schema with its reference, its first alternative and all of `allOf` laid into it. */
  #whole(schema: Schema, depth: number): Schema {
    const { $ref: ref, anyOf, oneOf, allOf, ...own } = schema
    this.#made += 1
    if (depth > DEPTH || this.#made > BUDGET) return own
    const target = typeof ref === "string" ? this.#resolve(ref) : undefined
    const parts = [target, listOf(anyOf)[0], listOf(oneOf)[0], ...listOf(allOf)].filter(isSchema)
    return parts.map((part) => this.#whole(part, depth + 1)).reduce(lay, own)
  }

  /** A JSON pointer into this document (RFC 6901); other documents are never fetched. */
  #resolve(ref: string): unknown {
    if (ref !== "#" && !ref.startsWith("#/")) return undefined
    let at = this.#root
    for (const step of ref.split("/").slice(1)) {
      const key = step.replaceAll("~1", "/").replaceAll("~0", "~")
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined
      at = (at as Schema)[key]
    }
    return at
  }

  #object(schema: Schema, depth: number): unknown {
    const properties = isSchema(schema["properties"]) ? schema["properties"] : {}
    const required = listOf(schema["required"]).filter((name) => typeof name === "string")
    const entries = required.slice(0, BUDGET).map((name): [string, unknown] => {
      return [name, this.make(Object.hasOwn(properties, name) ? properties[name] : undefined, name, depth + 1)]
    })
    return Object.fromEntries(entries) // which makes an own property of `__proto__` too
  }

  #list(schema: Schema, name: string, depth: number): unknown {
    const least = Math.min(numberOf(schema["minItems"]) ?? 0, ITEMS)
    const first = listOf(schema["prefixItems"])
    return Array.from({ length: least }, (_, n) => this.make(first[n] ?? schema["items"], name, depth + 1))
  }
}

function demoString(schema: Schema, name: string, said?: unknown): string {
  const format = typeof schema["format"] === "string" ? FORMATS[schema["format"]] : undefined
  const base = inert(name) ?? (typeof said === "string" ? said : (format ?? "demo"))
  const least = Math.min(numberOf(schema["minLength"]) ?? 0, LENGTH)
  return base.length < least ? base.padEnd(least, "o") : base.slice(0, numberOf(schema["maxLength"]) ?? LENGTH)
}

/** `filePath`, `file_path` and `paths` are all paths; the last word that is known decides. */
function inert(name: string): string | undefined {
  const words = name.split(/[^a-zA-Z0-9]+|(?<=[a-z0-9])(?=[A-Z])/).map((word) => word.toLowerCase().replace(/s$/, ""))
  const known = words.findLast((word) => Object.hasOwn(INERT, word))
  return known === undefined ? undefined : INERT[known]
}

function demoNumber(schema: Schema): number {
  const above = numberOf(schema["exclusiveMinimum"])
  const below = numberOf(schema["exclusiveMaximum"])
  const least = numberOf(schema["minimum"]) ?? (above === undefined ? -Infinity : above + 1)
  const most = numberOf(schema["maximum"]) ?? (below === undefined ? Infinity : below - 1)
  const step = numberOf(schema["multipleOf"]) ?? (schema["type"] === "integer" ? 1 : 0)
  const near = Math.min(Math.max(0, least), most)
  return step > 0 && near > 0 ? Math.ceil(near / step) * step : near
}

/** The first type that says something; a schema without one is told by its keywords. */
function typeOf(schema: Schema): unknown {
  const type = Array.isArray(schema["type"]) ? schema["type"].find((one) => one !== "null") : schema["type"]
  if (typeof type === "string") return type
  if (isSchema(schema["properties"]) || schema["required"] !== undefined) return "object"
  return schema["items"] === undefined ? "string" : "array"
}

/** One schema over another; what both require and both describe adds up. */
function lay(under: Schema, over: Schema): Schema {
  const required = [...new Set([...listOf(under["required"]), ...listOf(over["required"])])]
  const both = isSchema(under["properties"]) && isSchema(over["properties"])
  return {
    ...over,
    ...under,
    ...(required.length > 0 && { required }),
    ...(both && { properties: { ...(over["properties"] as Schema), ...(under["properties"] as Schema) } }),
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
