import { readFile } from "node:fs/promises"
import { expect, test } from "vitest"
import { resolveConfig } from "../../src/config/config.ts"
import { parseConfig } from "../../src/node/config-file.ts"
import { SCHEMA_FILE, toSchemaText } from "../../src/node/config-schema.ts"

test("docs/config.schema.json is what `npm run schema` makes", async () => {
  expect(await readFile(SCHEMA_FILE, "utf8")).toBe(toSchemaText())
})

test("an editor takes a variable for a number", () => {
  const { properties } = JSON.parse(toSchemaText()).properties.server.anyOf[0]
  expect(properties.drain).toEqual({
    description: "Seconds running answers get after SIGTERM. Default 30.",
    anyOf: [{ type: "number", minimum: 0, maximum: 86_400 }, { type: "string", pattern: "\\$\\{" }],
  })
})

test("config.yaml as shipped starts without any variable, on this machine only", async () => {
  const text = await readFile(new URL("../../config.yaml", import.meta.url), "utf8")
  expect(text.split("\n", 1)).toEqual(["# yaml-language-server: $schema=./docs/config.schema.json"])
  const { config, missing } = parseConfig(text, "config.yaml", {})
  const { routes, server } = resolveConfig(config, missing)
  const table = routes.entries.map(([name, { backend, model }]) => [name, backend.name, model, backend.missing])
  expect({ table, missing, server: { ...server }, plugins: config.plugins }).toEqual({
    table: [
      ["demo", "demo", "demo", []],
      ["claude-opus-4-5-20251101", "openai", "gpt-5.1", ["OPENAI_API_KEY"]],
      ["claude-sonnet-4-5-20250929", "ollama", "llama3.2", []],
      ["claude-haiku-4-5-20251001", "openai", "gpt-5-mini", ["OPENAI_API_KEY"]],
      ["claude-opus-*", "openai", "gpt-5.1", ["OPENAI_API_KEY"]],
      ["claude-sonnet-*", "ollama", "llama3.2", []],
      ["claude-haiku-*", "openai", "gpt-5-mini", ["OPENAI_API_KEY"]],
    ],
    missing: new Map([["openai", ["OPENAI_API_KEY"]], ["databricks", ["DATABRICKS_HOST", "DATABRICKS_TOKEN"]]]),
    server: { ...resolveConfig({ models: {}, backends: {} }).server, host: "127.0.0.1" },
    plugins: [],
  })
})

test("a host that ends in a slash gives one slash, and the profile of its kind", async () => {
  const text = await readFile(new URL("../../config.yaml", import.meta.url), "utf8")
  const env = { DATABRICKS_HOST: "https://dbc-1.cloud.databricks.com/", DATABRICKS_TOKEN: "t" }
  const { config, missing } = parseConfig(text, "config.yaml", env)
  const backend = resolveConfig(config, missing).backends.get("databricks")
  expect(backend?.base_url).toBe("https://dbc-1.cloud.databricks.com/serving-endpoints")
  expect(backend?.profile.stream_usage).toBe(false)
  expect(backend?.missing).toEqual([])
})
