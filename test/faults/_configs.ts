/** Configs that somebody made to break who reads them, or that an accident made. */
import { DEMO } from "../node/_start.ts"

const many = (count: number, line: (n: number) => string): string => Array.from({ length: count }, (_, n) => line(n)).join("")

const laughs = (): string => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
  for (let n = 1; n < 12; n++) lines.push(`a${n}: &a${n} [${Array(9).fill(`*a${n - 1}`).join(", ")}]`)
  return lines.join("\n")
}

const at = (place: string, words: string): string => `config.yaml:${place} ${words}`
const TOO_MUCH = "config.yaml: has too many options, or too many in one another"
const TOO_DEEP = /^config\.yaml:\d+:\d+ too much is in one another$/
const LONG_NAME = "The : indicator must be at most 1024 chars after the start of an implicit block mapping key"

/** What it is, the file, and the first line that is said about it. */
export const HOSTILE: readonly (readonly [title: string, text: string, says: string | RegExp])[] = [
  ["a billion laughs", laughs(), TOO_MUCH],
  ["a list that holds itself", "models: &a [*a]\nbackends: {}\n", TOO_MUCH],
  ["a mapping again and again", `${DEMO}keys: [&k { a: { b: { c: 1 } } }${", *k".repeat(5000)}]\n`, TOO_MUCH],
  ["an alias of nothing", "models: *nope\nbackends: {}\n", at("1:1", "models: no anchor &nope stands before this alias")],
  ["an alias before its anchor", `${DEMO}server: { host: *later }\nkeys: &later x\n`, at("5:11", "server.host: no anchor &later stands before this alias")],
  ["five thousand anchors and their aliases", many(5000, (n) => `a${n}: &a${n} x\n`) + many(5000, (n) => `b${n}: *a${n}\n`), at("1:1", "models: is missing")],
  ["lists in lists in lists", `models: ${"[".repeat(5000)}${"]".repeat(5000)}`, TOO_DEEP],
  ["lists that never end", `models: ${"[".repeat(20_000)}`, TOO_DEEP],
  ["mappings in mappings", `models: ${"{a: ".repeat(5000)}`, TOO_DEEP],
  ["ever deeper lines", many(2000, (n) => `${" ".repeat(n)}a:\n`), TOO_DEEP],
  ["dashes", "- ".repeat(20_000), TOO_DEEP],
  ["five thousand options nobody knows", many(5000, (n) => `a${n}: 1\n`), at("1:1", "models: is missing")],
  ["one option five thousand times", `${DEMO}server:\n${many(5000, () => "  port: 1\n")}`, /^config\.yaml:\d+:3 server\.port: is there twice$/],
  ["tabs", "models:\n\tdemo: 1\n", at("2:1", "Tabs are not allowed as indentation")],
  ["a function", "models: !!js/function 'x'\nbackends: {}\n", at("1:9", "Unresolved tag: tag:yaml.org,2002:js/function")],
  ["a class of Python", "models: !!python/object/apply:os.system ['id']\nbackends: {}\n", at("1:9", "Unresolved tag: tag:yaml.org,2002:python/object/apply:os.system")],
  ["a number beyond all numbers", `${DEMO}server: { port: ${"9".repeat(400)} }\n`, at("5:11", "server.port: must be a number between 0 and 65535, not Infinity")],
  ["no number", `${DEMO}server: { port: .nan }\n`, at("5:11", "server.port: must be a number between 0 and 65535, not NaN")],
  ["bytes", "\x00\x01\x02", /^config\.yaml:1:1 the config: must be a mapping with models, [^\n]*, not "\\\\u0000\\\\u0001\\\\u0002"$/],
  ["two documents", `${DEMO}---\n${DEMO}`, at("5:1", "a second document begins here; there must be one")],
  ["a merge, which is not YAML 1.2", `${DEMO}server: { <<: { port: 1 } }\n`, /^config\.yaml:5:11 server\."<<": unknown option; allowed: host, /],
  ["a prototype", `${DEMO}__proto__: { a: 1 }\n`, at("5:1", "__proto__: cannot be used as a name")],
  ["a prototype further in", `${DEMO}server: { __proto__: { port: 1 } }\n`, at("5:11", "server.__proto__: cannot be used as a name")],
  ["a constructor", `${DEMO}server: { constructor: 1 }\n`, at("5:11", "server.constructor: cannot be used as a name")],
  ["a name without an end", `${DEMO}${"a".repeat(100_000)}: 1\n`, at("5:1", LONG_NAME)],
  ["an empty name", `${DEMO}? ""\n: 1\n`, at("5:3", '"": unknown option; allowed: models, backends, server, keys, storage, plugins')],
  ["an empty model", 'models: { "": { backend: b, model: m } }\nbackends: { b: { base_url: "demo:" } }\n', at("1:11", 'models."": must not be empty')],
  ["an empty backend", 'models: {}\nbackends: { "": { base_url: "demo:" } }\n', at("2:13", 'backends."": must not be empty')],
  ["a backend of no name", 'models: { m: { backend: "", model: m } }\nbackends: { b: { base_url: "demo:" } }\n', at("1:16", "models.m.backend: must not be empty")],
  ["a key of no name", `${DEMO}keys: [{ name: "", key: abc }]\n`, at("5:10", "keys.0.name: must not be empty")],
  ["a plugin of no name", `${DEMO}plugins: [""]\n`, at("5:11", "plugins.0: must not be empty")],
  ["a mapping for a name", `${DEMO}? { a: 1 }\n: 1\n`, at("5:3", '"": a name must be plain text')],
  ["braces without an end", `${DEMO}keys: [{ name: "${"${".repeat(20_000)}", key: abc }]\n`, at("5:10", "keys.0.name: a ${ is not closed; write $$ for a dollar sign")],
  ["quotes", "'".repeat(100_000), /^config\.yaml:1:1 the config: must be a mapping with models, /],
  ["colons", ":".repeat(100_000), at("1:1", LONG_NAME)],
]
