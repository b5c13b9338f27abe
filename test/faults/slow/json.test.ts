/**
 * | Fault | What is held |
 * | --- | --- |
 * | 23 JSON that means harm, by the million | each is answered, or refused as the client's fault, and whoever asks next is answered |
 *
 * The kinds there are, in small, are in test/faults/json.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import cache from "../../../plugins/cache.ts"
import redact from "../../../plugins/redact.ts"
import { validateOptions, type Plugin } from "../../../src/plugin/plugin.ts"
import { KEY, startProxy, type TestProxy } from "../../_proxy.ts"
import { configFor, startAnyBackend, type AnyBackend } from "../_any-backend.ts"

let backend: AnyBackend
let proxy: TestProxy

beforeAll(async () => {
  backend = await startAnyBackend()
  const plugins = await Promise.all(
    [cache, redact].map(async (plugin) => {
      const checked = await validateOptions(plugin as Plugin, {})
      return { plugin: plugin as Plugin, options: "options" in checked ? checked.options : {} }
    }),
  )
  proxy = await startProxy(configFor(backend.url, "sk-backend"), { plugins, level: "silent" })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

const TEXT = '[{"role":"user","content":"x"}]'
const keys = (count: number): string => Array.from({ length: count }, (_, n) => `"k${n}":0`).join()
const call = (input: string): string => `[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":${input}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}]`

const REQUESTS: Readonly<Record<string, () => string>> = {
  "a million keys": () => `"messages":${TEXT},"x":{${keys(1_000_000)}}`,
  "a million keys of an input": () => `"messages":${call(`{${keys(1_000_000)}}`)}`,
  "ten million brackets": () => `"messages":${TEXT},"x":${"[".repeat(5_000_000)}${"]".repeat(5_000_000)}`,
  "thirty million brackets that do not close": () => `"messages":${"[".repeat(30_000_000)}`,
  "a million objects in each other": () => `"messages":${TEXT},"x":${'{"a":'.repeat(1_000_000)}0${"}".repeat(1_000_000)}`,
  "a million blocks": () => `"messages":[{"role":"user","content":[${'{"type":"text","text":""},'.repeat(999_999)}{"type":"text","text":"x"}]}]`,
  "a million messages": () => `"messages":[${`${TEXT.slice(1, -1)},`.repeat(900_000)}${TEXT.slice(1, -1)}]`,
  "a million stop sequences": () => `"messages":${TEXT},"stop_sequences":[${'"a",'.repeat(999_999)}"a"]`,
  "a key a million times": () => `"messages":${TEXT}${',"system":"a"'.repeat(1_000_000)}`,
  "a text of thirty megabytes": () => `"messages":[{"role":"user","content":"${"x".repeat(30_000_000)}"}]`,
  "thirty megabytes of escapes": () => `"messages":[{"role":"user","content":"${"\\u0000".repeat(5_000_000)}"}]`,
}

describe.each(["chat", "anthropic"])("for %s", (model) => {
  test.each(Object.keys(REQUESTS))("%s", async (name) => {
    const body = `{"model":"${model}","max_tokens":100,${REQUESTS[name]?.()}}`
    const response = await proxy.ask("/v1/messages", { headers: { "x-api-key": KEY }, body })
    await response.text()
    expect([200, 400, 413]).toContain(response.status)
    expect((await proxy.send({ model })).status).toBe(200)
  })
})
