/** Whether a schema may be sent as strict. */

/** Keywords OpenAI's strict mode refuses. Source: OpenAI's Structured Outputs guide, "Supported schemas". */
const REFUSED = [
  "allOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentRequired",
  "dependentSchemas",
  "patternProperties",
]

/** OpenAI's limit is 10 levels of objects; each takes two of these steps, and arrays and choices one more. */
const DEEPEST = 40

/**
 * OpenAI answers 400 to `strict: true` unless the schema is an object in which every object closes itself
 * (`additionalProperties: false`) and requires all of its properties, all the way down.
 */
export function fitsStrict(schema: unknown): boolean {
  return isObject(schema) && schema.type === "object" && fits(schema, 0)
}

function fits(schema: unknown, depth: number): boolean {
  if (!isObject(schema) || depth > DEEPEST || REFUSED.some((keyword) => keyword in schema)) return false
  const { type, properties, required, items, anyOf, $defs, definitions } = schema
  if (type === undefined && anyOf === undefined && schema.$ref === undefined) return false
  const deeper = (inner: unknown): boolean => fits(inner, depth + 1)
  const all = (map: unknown): boolean => map === undefined || (isObject(map) && Object.values(map).every(deeper))
  if (type === "object" || (Array.isArray(type) && type.includes("object")) || properties !== undefined) {
    if (schema.additionalProperties !== false) return false
    const names = Object.keys(isObject(properties) ? properties : {})
    const needed = new Set<unknown>(Array.isArray(required) ? required : [])
    if (!names.every((name) => needed.has(name))) return false
  }
  return (
    all(properties) &&
    all($defs) &&
    all(definitions) &&
    (items === undefined || deeper(items)) &&
    (anyOf === undefined || (Array.isArray(anyOf) && anyOf.every(deeper)))
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
