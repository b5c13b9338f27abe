/** Every plugin that comes along, tried on answers of many kinds; and that there is a page of each. */
import { existsSync, readdirSync } from "node:fs"
import { join, parse } from "node:path"
import { describe, expect, test } from "vitest"
import type { Plugin } from "../../src/plugin/plugin.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { root } from "../_docs.ts"

/** Options that make a plugin do something with every request. */
const OPTIONS: Readonly<Record<string, unknown>> = {
  balance: { models: { model: [{ model: "model" }, { model: "other" }] } },
  budget: { prices: { "*": { input: 1, output: 2 } }, default: { daily_usd: 1000 } },
  fallback: { chains: { model: ["other"] } },
  limit: { default: { requests: 1000, tokens: 10_000_000, concurrent: 100 } },
  redact: { patterns: ["email"], restore: true },
  rewrite: { rules: [{ set: { max_tokens: 100 } }] },
  scenario: { rules: [{ name: "all", when: { model: "*" }, model: "other" }] },
  "web-search": { engine: "searxng", url: "http://127.0.0.1:1" },
}

const names = readdirSync(join(root, "plugins")).map((file) => parse(file).name)

describe.each(names)("%s", (name) => {
  test("spoils the line for nobody", async () => {
    const { default: plugin } = (await import(`../../plugins/${name}.ts`)) as { default: Plugin }
    expect(await testPlugin(plugin, OPTIONS[name], ["model", "other"])).toEqual([])
  })

  test("has a page and a test", () => {
    expect([existsSync(join(root, `docs/plugins/${name}.md`)), existsSync(join(root, `test/plugins/${name}.test.ts`))]).toEqual([true, true])
  })
})
