import { expect, test } from "vitest"
import { checkConfig, ConfigError, defineConfig, resolveConfig, type Config } from "../src/config/config.ts"

const CONFIG = defineConfig({
  models: { "claude-*": { backend: "a", model: "x" } },
  backends: { a: { base_url: "https://a.test//v1/", api_key: "k-backend" } },
})

test("a small config gets all defaults", () => {
  const { server, backends, clients, secrets, routes } = resolveConfig(CONFIG)
  const { profile: _, ...backend } = backends.get("a") ?? {}
  expect({ server, backend, clients, secrets, target: routes.match("claude-z")?.model }).toEqual({
    server: {
      host: "127.0.0.1",
      port: 8081,
      ping: 10,
      max_body: 33_554_432,
      drain: 30,
      workers: 1,
      max_connections: 10_000,
      timeout: { request: 60, idle: 75 },
      hosts: undefined,
      cors: undefined,
    },
    backend: {
      name: "a",
      base_url: "https://a.test/v1",
      api: "auto",
      api_key: "k-backend",
      headers: {},
      missing: [],
      timeout: { first_byte: 600, idle: 300 },
    },
    clients: [],
    secrets: ["k-backend"],
    target: "x",
  })
})

test("what is sealed is sealed with the secret, or with all clients' keys in order", () => {
  const keys = [{ name: "b", key: "k-b" }, { name: "a", key: "k-a" }]
  expect(resolveConfig(CONFIG).secret).toBe("")
  expect(resolveConfig({ ...CONFIG, keys }).secret).toBe("k-a k-b")
  const { secret, secrets, server } = resolveConfig({ ...CONFIG, keys, server: { secret: "sixteen letters." } })
  expect({ secret, secrets, shown: "secret" in server }).toEqual({
    secret: "sixteen letters.",
    secrets: ["sixteen letters.", "k-b", "k-a", "k-backend"],
    shown: false,
  })
})

test("keys are kept out of everything wherever the config has them", () => {
  const { secrets } = resolveConfig({
    models: {},
    backends: {
      a: { base_url: "https://a.test", headers: { authorization: "Bearer k-1", "api-key": "k-2", "x-team": "blue" } },
      ollama: { base_url: "https://b.test", api_key: "ollama" },
    },
    keys: [{ name: "team", key: "k-3" }],
  })
  expect(secrets).toEqual(["k-3", "k-1", "k-2"])
})

test("a config written in a program is refused with all its mistakes", () => {
  const wrong = { ...CONFIG, server: { port: "80", hots: 1 } } as unknown as Config
  const mistakes = [
    { path: ["server", "port"], message: 'must be a number between 0 and 65535, not "80"' },
    { path: ["server", "hots"], message: "unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret" },
  ] as const
  expect(() => checkConfig(wrong)).toThrow(new ConfigError(mistakes))
  expect(new ConfigError(mistakes).message).toBe(
    'server.port: must be a number between 0 and 65535, not "80"; ' +
      "server.hots: unknown option; allowed: host, port, ping, max_body, drain, workers, timeout, max_connections, hosts, cors, secret",
  )
  expect(checkConfig(CONFIG)).toBe(CONFIG)
})

test("parts that do not fit together are refused", () => {
  const keys = [
    { name: "a", key: "k-1" },
    { name: "a", key: "k-1" },
  ]
  const models = { x: { backend: "toString", model: "x" } }
  expect(() => resolveConfig({ ...CONFIG, models, keys })).toThrow(
    new ConfigError([
      { path: ["models", "x", "backend"], message: 'there is no backend "toString"; there is a' },
      { path: ["keys", 1, "name"], message: '"a" names another key already' },
      { path: ["keys", 1, "key"], message: "is another key's value already" },
    ]),
  )
})

test("the demo cannot be asked over the Responses API, which it does not speak", () => {
  const backends = { ...CONFIG.backends, demo: { base_url: "demo:", api: "responses" as const } }
  expect(() => resolveConfig({ ...CONFIG, backends })).toThrow(
    new ConfigError([{ path: ["backends", "demo", "api"], message: "the demo speaks chat only" }]),
  )
})
