import { expect, test } from "vitest"
import { parseConfig } from "../../src/node/config-file.ts"
import { DEMO } from "./_start.ts"

/** The lines of a config's mistakes; none when it has none. */
function mistakesOf(text: string, env: Record<string, string> = {}): string[] {
  try {
    parseConfig(text, "config.yaml", env)
    return []
  } catch (error) {
    return String((error as Error).message).split("\n")
  }
}

test("values of variables become the config's", () => {
  const text = `${DEMO}
server:
  port: \${PORT} # \${NOT_LOOKED_AT
  host: "\${HOST:-127.0.0.1}"
keys:
  - name: "\${NAME}"
    key: \${KEY}
`
  const env = { PORT: "9000", NAME: 'a"\n- b: {', KEY: "12345678901234567890" }
  expect(parseConfig(text, "config.yaml", env).config).toEqual({
    models: { demo: { backend: "demo", model: "demo" } },
    backends: { demo: { base_url: "demo:" } },
    server: { port: 9000, host: "127.0.0.1" },
    keys: [{ name: 'a"\n- b: {', key: "12345678901234567890" }],
  })
})

test("an unquoted variable is a number where one is wanted, and text where text is wanted", () => {
  const text = `models:
  demo: { backend: demo, model: demo }
backends:
  demo:
    base_url: "demo:"
    api_key: \${KEY}
    timeout:
      idle: \${IDLE}
    flags:
      top_k: \${TOP_K}
`
  const { config } = parseConfig(text, "config.yaml", { KEY: "123", IDLE: "1.5", TOP_K: "True" })
  expect(config.backends["demo"]).toEqual({
    base_url: "demo:",
    api_key: "123",
    timeout: { idle: 1.5 },
    flags: { top_k: true },
  })
})

test("a quoted variable stays text", () => {
  expect(mistakesOf(`${DEMO}server:\n  port: "\${PORT}"\n`, { PORT: "9000" })).toEqual([
    "config.yaml:6:3 server.port: must be a number between 0 and 65535",
  ])
})

test("a backend with variables that are not set is not ready and does not stop the others", () => {
  const text = `${DEMO}
  databricks:
    base_url: "\${DATABRICKS_HOST}/serving-endpoints"
    api_key: "\${DATABRICKS_TOKEN}"
    headers: { x-team: "\${TEAM}" }
    timeout:
      idle: \${IDLE}
    flags:
      image_types_refused: [image/gif, "\${TYPE}"]
`
  const { config, missing } = parseConfig(text, "config.yaml", { TEAM: "", IDLE: "5" })
  expect({ backend: config.backends["databricks"], missing }).toEqual({
    backend: {
      base_url: "${DATABRICKS_HOST}/serving-endpoints",
      headers: {},
      timeout: { idle: 5 },
      flags: { image_types_refused: ["image/gif", ""] },
    },
    missing: new Map([["databricks", ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "TEAM", "TYPE"]]]),
  })
})

test("an anchor's variables are missing wherever it is used", () => {
  const text = `models: {}
backends:
  a: { base_url: "https://a.test", api_key: &key "\${KEY}" }
  b: { base_url: "https://b.test", api_key: *key }
`
  expect(parseConfig(text, "config.yaml", {}).missing).toEqual(new Map([["a", ["KEY"]], ["b", ["KEY"]]]))
})

test("a variable that is not set is a mistake outside of backends", () => {
  expect(mistakesOf(`${DEMO}keys:\n  - name: a\n    key: "\${TEAM_KEY}"\n`)).toEqual([
    "config.yaml:7:5 keys.0.key: the environment variable TEAM_KEY is not set",
  ])
})

test("a variable with words of its own stops the start, also in backends", () => {
  const text = `models: {}\nbackends:\n  a:\n    base_url: https://a.test\n    api_key: "\${KEY:?get one from ops}"\n`
  expect(mistakesOf(text)).toEqual(["config.yaml:5:5 backends.a.api_key: KEY: get one from ops"])
})

test("each mistake is a line with its place, its option and what is allowed", () => {
  const text = `models:
  claude-*:
    backend: nope
    modell: gpt
backends:
  openai:
    api_key: sk-secret
server:
    port: "abc"
`
  expect(mistakesOf(text)).toEqual([
    "config.yaml:2:3 models.claude-*.model: is missing",
    "config.yaml:4:5 models.claude-*.modell: unknown option; allowed: backend, model",
    "config.yaml:6:3 backends.openai.base_url: is missing",
    "… and 1 more",
  ])
})

test.each([
  ["server: { port: abc }", 'server.port: must be a number between 0 and 65535, not "abc"'],
  ["server: { port: 70000 }", "server.port: must be a number between 0 and 65535, not 70000"],
  ["server: { port: 80.5 }", "server.port: must be a number between 0 and 65535, not 80.5"],
  ["server: { port: }", "server.port: must be a number between 0 and 65535, not empty"],
  ["server: { drain: -1 }", "server.drain: must be a number of seconds between 0 and 86400, not -1"],
  ["server: { ping: .inf }", "server.ping: must be a number of seconds between 0.001 and 86400, not Infinity"],
  ["server: { secret: sesame }", "server.secret: must be text of 16 characters or more"],
  ["server: 8081", "server: must be a mapping with host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret, not 8081"],
  ["server: { hots: x }", "server.hots: unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret"],
  ["sever: {}", "sever: unknown option; allowed: models, backends, server, keys, storage, plugins"],
  ["keys: [{ name: a, key: 'a b' }]", "keys.0.key: must be printable ASCII without blanks and commas"],
  [
    "plugins: [{ a: {}, b: {} }]",
    "plugins.0: must be `name`, or `name:` with its options indented below it, not a mapping",
  ],
  ["server: []", "server: must be a mapping with host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret, not a list"],
  ["storage: { default: { base: ./data } }", "storage.default.driver: is missing"],
  ["storage: { default: fs }", "storage.default: must be a mapping with driver and its options"],
  ["plugins: log", 'plugins: must be a list of plugins, not "log"'],
  ["toString: 1", "toString: cannot be used as a name"],
])("%s is a mistake", (line, wanted) => {
  const mistakes = mistakesOf(`${DEMO}${line}\n`)
  expect(mistakes.map((mistake) => mistake.replace(/^config\.yaml:5:\d+ /, ""))).toEqual([wanted])
})

test("a pattern that fits nothing because one before it fits all of that is a mistake", () => {
  const models = 'models:\n  "claude-*": { backend: demo, model: a }\n  "claude-**": { backend: demo, model: b }\n'
  expect(mistakesOf(`${models}backends: { demo: { base_url: "demo:" } }\n`)).toEqual([
    'config.yaml:3:3 models.claude-**: fits nothing that "claude-*" does not fit before it',
  ])
})

test("an area of storage under which nothing is kept is a mistake", () => {
  const storage = "plugins: [cache, log: {}]\nstorage: { cache: { driver: memory }, cahce: { driver: memory }, lessons: { driver: memory } }\n"
  expect(mistakesOf(`${DEMO}${storage}`)).toEqual([
    "config.yaml:6:39 storage.cahce: nothing is kept under this name; there is default, lessons, reasoning, calibration, cache, log",
  ])
})

test("every unknown option of a mapping is told", () => {
  expect(mistakesOf(`${DEMO}server:\n  a: 1\n  b: 2\n  c: 3\n  d: 4\n  e: 5\n`)).toEqual([
    "config.yaml:6:3 server.a: unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret",
    "config.yaml:7:3 server.b: unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret",
    "config.yaml:8:3 server.c: unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret",
    "… and 2 more",
  ])
})

test("sections whose lines are all commented out are as if they were not there", () => {
  expect(mistakesOf(`${DEMO}server:\n#  port: 1\nkeys:\nplugins:\n`)).toEqual([])
})

test("a route to a backend that is not there names those that are", () => {
  const text = `models:
  a: { backend: opnai, model: x }
backends:
  openai: { base_url: "https://a.test" }
`
  expect(mistakesOf(text)).toEqual([
    'config.yaml:2:8 models.a.backend: there is no backend "opnai"; there is openai',
  ])
})

test("values of keys, headers and URLs, and what variables hold, are never shown", () => {
  const text = `models: {}
backends:
  a: { base_url: "https://user:secret@a.test", api_key: [secret] }
server: { host: "\${HOST_}", port: "\${SECRET}" }
`
  const mistakes = mistakesOf(text, { HOST_: "h", SECRET: "secret" })
  expect(mistakes).toHaveLength(3)
  expect(mistakes.join("\n")).not.toContain("secret")
  expect(mistakesOf(`${DEMO}keys:\n  - name: a\n    key: "secret, and more"\n`).join("\n")).not.toContain("secret")
  expect(mistakesOf(`${DEMO}x: "a" "secret"\n`).join("\n")).not.toContain("secret")
})

const NO_MAPPING = "config.yaml:1:1 the config: must be a mapping with models, backends, server, keys, storage, plugins"
const TOO_MUCH = "config.yaml: has too many options, or too many in one another"

test.each([
  ["", "config.yaml: is empty; it needs at least models and backends"],
  ["# nothing\n", "config.yaml: is empty; it needs at least models and backends"],
  ["just words\n", `${NO_MAPPING}, not "just words"`],
  ["- a\n", `${NO_MAPPING}, not a list`],
  ["models: {}\nmodels: {}\nbackends: {}\n", "config.yaml:2:1 models: is there twice"],
  ['models:\n  "a: 1\n', 'config.yaml:3:1 Missing closing "quote'],
  ["models: {}\nbackends: {}\n1: 2\n'1': 3\n", "config.yaml:4:1 1: is there twice"],
  ["models: &a [*a]\nbackends: {}\n", TOO_MUCH],
  ["models: !!js/function 'x'\nbackends: {}\n", "config.yaml:1:9 Unresolved tag: tag:yaml.org,2002:js/function"],
])("a file of %j has a line for it", (text, wanted) => {
  expect(mistakesOf(text)[0]).toBe(wanted)
})

test("aliases that blow up are refused at once", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
  for (let n = 1; n < 12; n++) lines.push(`a${n}: &a${n} [${Array(9).fill(`*a${n - 1}`).join(", ")}]`)
  expect(mistakesOf(lines.join("\n"))[0]).toBe(TOO_MUCH)
})
