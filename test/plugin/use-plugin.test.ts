import { expect, test } from "vitest"
import { ConfigError, definePlugin, usePlugin, v } from "llm-proxy"

const plugin = definePlugin({
  name: "polite",
  options: v.strictObject({ words: v.optional(v.string(), "please") }),
  setup: () => [],
})

test("a plugin of a program's own list has its options checked and completed", async () => {
  expect(await Promise.all([usePlugin(plugin), usePlugin(plugin, { words: "thanks" }, { onError: "skip" })])).toEqual([
    { plugin, options: { words: "please" }, guard: {} },
    { plugin, options: { words: "thanks" }, guard: { onError: "skip" } },
  ])
})

test("wrong options are a mistake that names the plugin", async () => {
  const thrown = await usePlugin(plugin, { words: 1, loud: true }).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(ConfigError)
  expect((thrown as ConfigError).mistakes.map(({ path }) => path)).toEqual([
    ["plugins", "polite", "words"],
    ["plugins", "polite", "loud"],
  ])
})
