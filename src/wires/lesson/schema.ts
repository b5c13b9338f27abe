/**
 * Lessons on JSON Schemas: what a backend's validator refuses of a tool's arguments or of an answer's form. They are
 * heeded by the same code that heeds the profile's `schema`.
 */
import { OPENAI_SCHEMA } from "../../backends/openai.ts"
import { GENERAL, type SchemaRules } from "../../backends/profile.ts"
import { isObject, type JsonObject } from "../is-object.ts"
import { fitParameters, fitSchema, type Fitting } from "../request/schema.ts"
import { fitsStrict } from "../request/strict.ts"
import type { Said } from "./said.ts"

export interface SchemaLesson {
  readonly kind: "schema"
  readonly rules: Partial<SchemaRules>
}

/** Whatever does not speak of schemas teaches nothing on them. */
const ABOUT = /schema|\btools?\b|function|parameters|response_format|text\.format|json payload|grammar/i

/** A quote, as it stands in a text or in JSON inside a text. */
const Q = String.raw`\\*["'\x60]`
const WORD = String.raw`(\$?[a-zA-Z][\w-]*)`

/** How a keyword is refused by its name. */
const NAMED: readonly RegExp[] = [
  String.raw`unknown name ${Q}${WORD}`, // Gemini (nakama#292, LLM-API-Key-Proxy#86)
  String.raw`${Q}${WORD}${Q} (?:is |are )?not (?:permitted|supported|allowed)`, // OpenAI (liam#1162)
  String.raw`${Q}${WORD}${Q} (?:was|were) unexpected`, // Python's jsonschema
  String.raw`${Q}${WORD}${Q}\],${Q}msg${Q}:${Q}extra inputs are not permitted`, // pydantic (mistralai/client-python#91)
  String.raw`: ${WORD} is not supported`, // Groq: response_format/json_schema/next_step: minItems is not supported
].map((pattern) => new RegExp(pattern, "gi"))

/** How keywords are refused in a list: Cerebras (claude-code-router#708), vLLM's guidance (club-3090#45). */
const LISTED = /(?:unsupported json schema fields|unimplemented keys): ?[[{]([^\]}]*)/gi

/** What is meant where no keyword is named. */
const UNNAMED: readonly (readonly [pattern: RegExp, keywords: string])[] = [
  // llama.cpp and all that is built on it (llama.cpp#26930, #25895, kubernetes-mcp-server#758)
  [/pattern must start with|failed to parse grammar/i, "pattern"],
  // OpenAI (griptape#2150): an `$id` with a space in it
  [/is not a 'uri-reference'/i, "$id"],
  // vLLM (vllm#16880, #26421): `has_xgrammar_unsupported_json_features` of backend_xgrammar.py, old versions included
  [
    /features not supported by xgrammar/i,
    "multipleOf uniqueItems contains minContains maxContains minItems maxItems patternProperties propertyNames format",
  ],
]

/** How a format is refused: OpenAI (forgecode#2974), vLLM's guidance (paroquant#31). */
const FORMAT = new RegExp(String.raw`${Q}${WORD}${Q} is not a valid format|unknown format: (?:${Q})?${WORD}`, "i")

/** Gemini tells which it takes (gemini-cli#2237): only 'enum' and 'date-time' are supported for STRING type. */
const FORMATS = /\.format: only (.{1,200}?) are supported for STRING/i

/** OpenAI and Azure (github-mcp-server#1548). */
const PROPERTIES = /object schema missing properties/i

/** OpenAI (google-calendar-mcp#39), Moonshot (kimi-code#2661), Anthropic (claude-code#5319). */
const PLAIN_ROOT = [
  /must have type 'object' and not have/i,
  /schema must be a JSON Schema of 'type: \\?"object/i,
  /parameters\.type is required and must be \\?"object/i,
  /path 'root': when using anyOf/i,
  /does not support oneOf, allOf, or anyOf at the top level/i,
]

/** Without these a schema says nothing any more. */
const KEPT: ReadonlySet<string> = new Set(["type", "properties"])

/** Where schemas are in a body of any API. */
const PLACES: readonly (readonly string[])[] = [
  ["response_format", "json_schema", "schema"],
  ["text", "format", "schema"],
  ["output_config", "format", "schema"],
]
const TOOL_PLACES: readonly (readonly string[])[] = [["function", "parameters"], ["parameters"], ["input_schema"]]

export function schemaIn(body: JsonObject, { text, param }: Said): SchemaLesson | undefined {
  if (!ABOUT.test(`${text} ${param}`)) return undefined
  const sent = (keyword: string): boolean => heedSchema(body, { kind: "schema", rules: { remove: [keyword] } }) !== body
  const remove = keywordsIn(text).filter(sent)
  const formats = formatsIn(text)
  const rules: Partial<SchemaRules> = {
    ...(remove.length > 0 && { remove }),
    ...(formats && { formats }),
    ...(PROPERTIES.test(text) && { properties: true }),
    ...(PLAIN_ROOT.some((pattern) => pattern.test(text)) && { plain_root: true }),
  }
  return Object.keys(rules).length > 0 ? { kind: "schema", rules } : undefined
}

export function heedSchema(body: JsonObject, { rules }: SchemaLesson): JsonObject {
  const profile = { schema: { ...GENERAL.schema, ...rules } }
  const to: Fitting = { profile, note: () => {} } // it was told when it was learned
  const fitted = PLACES.reduce((out, place) => change(out, place, (schema) => fitSchema(schema, to)), body)
  const { tools } = fitted
  if (!Array.isArray(tools)) return fitted
  const fit = (schema: unknown): unknown => fitParameters(schema, to)
  const after = tools.map((tool: unknown): unknown =>
    isObject(tool) ? TOOL_PLACES.reduce((out, place) => change(out, place, fit), tool) : tool,
  )
  return after.some((tool, n) => tool !== tools[n]) ? { ...fitted, tools: after } : fitted
}

export function tellSchema({ rules: { remove, formats, properties, plain_root } }: SchemaLesson): string {
  const told = [
    remove && `${remove.join(", ")} left out`,
    formats && `no format but ${formats.join(", ")}`,
    properties && "properties on every object",
    plain_root && "a plain object as the root of a tool's",
  ]
  return `schemas are sent with ${told.filter(Boolean).join(", ")}`
}

function keywordsIn(text: string): readonly string[] {
  const named = NAMED.flatMap((pattern) => [...text.matchAll(pattern)].map(([, keyword = ""]) => keyword))
  const listed = [...text.matchAll(LISTED)].flatMap(([, list = ""]) => list.match(/\$?\w+/g) ?? [])
  const meant = UNNAMED.flatMap(([pattern, keywords]) => (pattern.test(text) ? keywords.split(" ") : []))
  return [...new Set([...named, ...listed, ...meant])].filter((keyword) => !KEPT.has(keyword))
}

function formatsIn(text: string): readonly string[] | undefined {
  const [, list] = FORMATS.exec(text) ?? []
  if (list !== undefined) return list.match(/[\w-]+/g)?.filter((word) => word !== "and" && word !== "or")
  const [, refused, unknown] = FORMAT.exec(text) ?? []
  if (refused === undefined && unknown === undefined) return undefined
  return OPENAI_SCHEMA.formats?.filter((format) => format !== refused && format !== unknown)
}

/** The object with the schema at a place changed; the same object where nothing is. */
function change(object: JsonObject, place: readonly string[], fit: (schema: unknown) => unknown): JsonObject {
  const [key = "", ...rest] = place
  const value = object[key]
  if (value === undefined || value === null) return object
  if (rest.length > 0) {
    const inner = isObject(value) ? change(value, rest, fit) : value
    return inner === value ? object : { ...object, [key]: inner }
  }
  const fitted = fit(value)
  if (fitted === value) return object
  return { ...object, [key]: fitted, ...(object["strict"] === true && !fitsStrict(fitted) && { strict: false }) }
}
