/**
 * The root of a tool's schema as a plain object. Some backends want one that says nothing but which properties there
 * are: alternatives at the root become optional properties, so that arguments keep the shape the tool knows.
 */
import { isObject, type JsonObject } from "../is-object.ts"
import type { Scope } from "./scope.ts"

/** What OpenAI names in its refusal, and what leads elsewhere. */
const REFUSED = ["anyOf", "oneOf", "allOf", "enum", "not", "$ref"]

/** The same object where its root is plain already. */
export function toPlainRoot(schema: unknown, note: Scope["note"]): unknown {
  if (!isObject(schema)) return { type: "object", properties: {} }
  if (schema["type"] === "object" && !REFUSED.some((keyword) => keyword in schema)) return schema
  const { properties, required } = new Gathering(schema).of(schema)
  const kept = Object.entries(schema).filter(([keyword]) => !REFUSED.includes(keyword))
  if (kept.length < Object.keys(schema).length) {
    note("alternatives at the root of a tool's schema became optional properties: this backend takes none there")
  }
  return { ...Object.fromEntries(kept), type: "object", properties, ...(required.length > 0 && { required }) }
}

interface Gathered {
  readonly properties: JsonObject
  readonly required: readonly string[]
}

/** The properties of a schema and of all its parts. Required is what all of its alternatives require. */
class Gathering {
  readonly #root: JsonObject
  readonly #followed = new Set<string>() // references; each leads somewhere once, so that none goes round in circles

  constructor(root: JsonObject) {
    this.#root = root
  }

  of(schema: unknown): Gathered {
    if (!isObject(schema)) return NOTHING
    const { properties, required, allOf, $ref } = schema
    const own: Gathered = {
      properties: isObject(properties) ? properties : {},
      required: Array.isArray(required) ? required.filter((name) => typeof name === "string") : [],
    }
    const all = [own, ...listOf(allOf).map((part) => this.of(part)), this.#follow($ref)]
    for (const branches of [schema["anyOf"], schema["oneOf"]]) {
      all.push(eitherOf(listOf(branches).map((part) => this.of(part))))
    }
    return { properties: merge(all), required: [...new Set(all.flatMap((part) => part.required))] }
  }

  /** What a reference within the schema leads to, such as `#/$defs/Query`. */
  #follow(reference: unknown): Gathered {
    if (typeof reference !== "string" || !reference.startsWith("#/") || this.#followed.has(reference)) return NOTHING
    this.#followed.add(reference)
    const path = reference.slice(2).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    return this.of(
      path.reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), this.#root),
    )
  }
}

const NOTHING: Gathered = { properties: {}, required: [] }

function eitherOf(branches: readonly Gathered[]): Gathered {
  const [first, ...rest] = branches.map(({ required }) => required)
  return {
    properties: merge(branches),
    required: (first ?? []).filter((name) => rest.every((names) => names.includes(name))),
  }
}

/** Of two that say different things of one property, the first is believed. */
function merge(all: readonly Gathered[]): JsonObject {
  return Object.fromEntries(all.toReversed().flatMap(({ properties }) => Object.entries(properties)))
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
