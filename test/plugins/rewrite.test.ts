import { afterEach, describe, expect, test } from "vitest"
import rewrite from "../../plugins/rewrite.ts"
import { validateOptions, type PluginUse } from "../../src/plugin.ts"
import { json, startBackend } from "../_backend.ts"
import { startProxy } from "../_proxy.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function use(options: unknown): Promise<PluginUse> {
  const checked = await validateOptions(rewrite, options)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin: rewrite, options: checked.options }
}

/** What the backend is asked when a client sends this. */
async function upstream(options: unknown, request: object): Promise<{ body: unknown; model: unknown }> {
  const backend = await startBackend(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
  const proxy = await startProxy(
    { models: { a: { backend: "b", model: "one" }, b: { backend: "b", model: "two" } }, backends: { b: { base_url: backend.url } } },
    { plugins: [await use(options)] },
  )
  closing.push(proxy.close, backend.close)
  const { model } = (await (await proxy.send(request)).json()) as { model: string }
  return { body: backend.asked[0]?.body, model }
}

test("another model is asked, and the answer says the one the client asked for", async () => {
  const { body, model } = await upstream({ rules: [{ model: "a", to: "b" }] }, { model: "a" })
  expect(body).toMatchObject({ model: "two" })
  expect(model).toBe("a")
})

test("the system prompt gets text before and after it", async () => {
  const { body } = await upstream({ rules: [{ system: { prefix: "Before.", suffix: "After." } }] }, { model: "a", system: "Own." })
  expect(body).toMatchObject({ messages: [{ role: "system", content: "Before.\n\nOwn.\n\nAfter." }, { role: "user", content: "Hello" }] })
})

test("parameters are set and dropped", async () => {
  const { body } = await upstream(
    { rules: [{ set: { max_tokens: 7, temperature: 0.5 }, drop: ["stop_sequences", "top_p"] }] },
    { model: "a", temperature: 1, top_p: 0.9, stop_sequences: ["x"] },
  )
  expect(body).toEqual({ model: "one", messages: [{ role: "user", content: "Hello" }], max_tokens: 7, temperature: 0.5 })
})

test("a choice among tools goes with the tools", async () => {
  const tools = [{ name: "t", input_schema: { type: "object" } }]
  const { body } = await upstream({ rules: [{ drop: ["tools"] }] }, { model: "a", tools, tool_choice: { type: "tool", name: "t" } })
  expect(body).toEqual({ model: "one", messages: [{ role: "user", content: "Hello" }], max_tokens: 100 })
})

test("the first rule that fits is applied, and no other", async () => {
  const rules = [{ model: "b*", set: { max_tokens: 1 } }, { model: "a", set: { max_tokens: 2 } }, { set: { max_tokens: 3 } }]
  expect((await upstream({ rules }, { model: "a" })).body).toMatchObject({ max_tokens: 2 })
})

describe("options that make no sense are refused", () => {
  test.each<[unknown, readonly (string | number)[]]>([
    [{}, ["rules"]],
    [{ rules: [] }, ["rules"]],
    [{ rules: [{ modle: "a" }] }, ["rules", 0, "modle"]],
    [{ rules: [{ drop: ["messages"] }] }, ["rules", 0, "drop", 0]],
    [{ rules: [{ set: { max_tokens: -1 } }] }, ["rules", 0, "set", "max_tokens"]],
  ])("%j", async (options, path) => {
    expect(await validateOptions(rewrite, options)).toEqual({ issues: [{ path, message: expect.any(String) }] })
  })
})
