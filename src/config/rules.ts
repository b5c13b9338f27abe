/**
 * What config.yaml's options are made of: texts, numbers in a range, mappings. A rule's message reads on after the
 * option's path and is the same wherever the rule is used.
 */
import * as v from "valibot"

/** Also the rule of the variable PORT. */
export const PORT = "a number between 0 and 65535"

/** The simplest rules. */
export const text = v.string("must be text")
export const name = v.pipe(text, v.nonEmpty("must not be empty"))
export const flag = v.boolean("must be true or false")
export const names = v.array(text, "must be a list of names")
export const port = v.pipe(between(PORT, 0, 65_535), v.integer(`must be ${PORT}`))
export const seconds = between("a number of seconds between 0.001 and 86400", 0.001, 86_400)

const WORKERS = "must be auto, or a whole number between 1 and 256"

/** Processes. */
export const workers = v.union(
  [v.literal("auto"), v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256))],
  WORKERS,
)

/** A key goes into a header and is told from a list of keys by having neither comma nor blank. */
export const KEY = {
  pattern: /^[\x21-\x2b\x2d-\x7e]+$/,
  rule: "must be printable ASCII without blanks and commas",
} as const

/** Nobody should find it by trying. Also the rule of the variable LLM_PROXY_SECRET. */
export const SECRET = { least: 16, rule: "must be text of 16 characters or more" } as const

/** A mapping with these options and no others. */
export function mapping<const Entries extends v.ObjectEntries>(entries: Entries) {
  const allowed = Object.keys(entries).join(", ")
  return noList(
    v.strictObject(entries, (issue) => {
      if (issue.expected === "never") return `unknown option; allowed: ${allowed}`
      return issue.received === "undefined" ? "is missing" : `must be a mapping with ${allowed}`
    }),
  )
}

/** A mapping from names of one's own. */
export function named<const Value extends v.GenericSchema>(
  value: Value,
  what: string,
  key: v.GenericSchema<string, string> = name,
) {
  return noList(v.record(key, value, `must be a mapping of ${what}`))
}

/** To valibot a list is an object too, whose options are 0, 1, and so on. */
function noList<const Schema extends v.GenericSchema>(schema: Schema): Schema {
  return {
    ...schema,
    "~run": (dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) => {
      if (!Array.isArray(dataset.value)) return schema["~run"](dataset, config)
      v._addIssue(schema, "type", dataset, config)
      return dataset
    },
  }
}

/** One of these words. */
export function oneOf<const Options extends readonly string[]>(options: Options) {
  return v.picklist(options, `must be one of ${options.join(", ")}`)
}

/** A list of some of these words. */
export function listOf<const Options extends readonly string[]>(options: Options) {
  return v.array(oneOf(options), `must be a list of ${options.join(", ")}`)
}

/** A number from `least` to `most`; `what` says so in words. */
export function between(what: string, least: number, most: number) {
  const rule = `must be ${what}`
  return v.pipe(v.number(rule), v.minValue(least, rule), v.maxValue(most, rule))
}

/** A whole number that is not below `least`. */
export function atLeast(least: number) {
  const rule = `must be a whole number, ${least} or more`
  return v.pipe(v.number(rule), v.safeInteger(rule), v.minValue(least, rule))
}

/** The rule of {@link isBackendUrl}. */
export const BACKEND_URL =
  "must be an http(s) URL such as http://localhost:11434/v1, without a query but api-version, or demo:"

/**
 * A base URL that a path can be put into, without credentials in it, or the built-in demo. Of queries only Azure's
 * `api-version` is taken: others carry keys, and a URL is not kept secret.
 */
export function isBackendUrl(url: string): boolean {
  if (url === "demo:") return true
  if (!URL.canParse(url)) return false
  const { protocol, searchParams, hash, username, password } = new URL(url)
  const plain = [...searchParams.keys()].every((name) => name === "api-version")
  return (protocol === "http:" || protocol === "https:") && plain && !hash && !username && !password
}

/** The rule of {@link isOwnHeader}. */
export const OWN_HEADER = "cannot be set: it belongs to the connection or to the body's form"

/**
 * What `fetch` refuses at each request, or would make another request of it: hop-by-hop fields (RFC 9110, 7.6.1), how
 * long the body is, and which packings of the answer are understood.
 */
const CONNECTION: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
])

/** Whether a config may say something of this header. */
export function isOwnHeader(name: string): boolean {
  return !CONNECTION.has(name.toLowerCase())
}

const ORIGIN = "must be an origin such as https://chat.example or http://localhost:3000, `null`, or a pattern with *"

/** Origins as browsers send them: a scheme, a host and a port, without a path; files and sandboxes have `null`. */
export const origins = v.array(
  v.pipe(v.string(ORIGIN), v.regex(/^(\*|null|[a-z][a-z\d+.-]*:\/\/[^\s/?#]+)$/, ORIGIN)),
  "must be a list of origins",
)
