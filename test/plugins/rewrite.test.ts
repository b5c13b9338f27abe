import { afterEach, describe, expect, test } from "vitest"
import rewrite from "../../plugins/rewrite.ts"
import type { Config } from "../../src/config/config.ts"
import { definePlugin, validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { defineStage } from "../../src/stage.ts"
import { error, json, startBackend, type Asked } from "../_backend.ts"
import { KEY, startProxy } from "../_proxy.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function use(options: unknown): Promise<PluginUse> {
  const checked = await validateOptions(rewrite as Plugin, options)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin: rewrite as Plugin, options: checked.options }
}

/** Asks for the spare model when the first one fails. */
const spare = definePlugin({
  name: "spare",
  setup: () =>
    defineStage({
      name: "spare",
      before: "route",
      async run(context, next) {
        try {
          return await next(context)
        } catch {
          return next({ ...context, request: { ...context.request, model: "b" } })
        }
      },
    }),
})

const traced = definePlugin({
  name: "traced",
  setup: () =>
    defineStage({ name: "traced", before: "upstream", run: (context, next) => next({ ...context, headers: { "x-trace": "1" } }) }),
})

interface Setting {
  readonly key?: string
  readonly backend?: Partial<Config["backends"][string]>
  readonly before?: readonly Plugin[]
  readonly fails?: boolean
}

interface Outcome {
  readonly asked: Asked
  readonly body: unknown
  readonly reply: Response
  readonly model: unknown
  readonly lines: readonly string[]
}

/** What the backend is asked when a client sends this, and what the client gets. */
async function upstream(options: unknown, request: object, setting: Setting = {}): Promise<Outcome> {
  const { key = KEY, backend: own, before = [], fails } = setting
  const answer = json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }, { "x-up": "1" })
  const backend = await startBackend(...(fails ? [error(503, "busy")] : []), answer)
  const proxy = await startProxy(
    {
      models: { a: { backend: "b", model: "one" }, b: { backend: "b", model: "two" } },
      backends: { b: { base_url: backend.url, ...own } },
      keys: [{ name: "test", key: KEY }, { name: "team-a", key: "key-of-a", models: ["a"] }],
    },
    { plugins: [...before.map((plugin) => ({ plugin, options: undefined })), await use(options)] },
  )
  closing.push(backend.close, proxy.close)
  const reply = await proxy.send(request, { "x-api-key": key })
  const { model } = (await reply.json()) as { model?: string }
  const asked = backend.asked.at(-1)
  if (!asked) throw new Error(`nobody was asked: ${proxy.lines.join("\n")}`)
  return { asked, body: asked.body, reply, model, lines: proxy.lines }
}

test("another model is asked, and the answer says the one the client asked for", async () => {
  const { body, model } = await upstream({ rules: [{ model: "a", to: "b" }] }, { model: "a" })
  expect(body).toMatchObject({ model: "two" })
  expect(model).toBe("a")
})

test("a model the config has not is asked for by another's name, and a key needs to be allowed what it asks for alone", async () => {
  const rules = [{ model: ["gpt-*", "a"], to: "b" }]
  expect((await upstream({ rules }, { model: "gpt-9" })).body).toMatchObject({ model: "two" })
  expect((await upstream({ rules }, { model: "a" }, { key: "key-of-a" })).body).toMatchObject({ model: "two" })
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

test("thinking, the user and the effort are set, and what stands beside the effort stays", async () => {
  const format = { type: "json_schema", schema: { type: "object" } }
  const thinking = { type: "enabled", budget_tokens: 2000 }
  const { body } = await upstream(
    { rules: [{ set: { max_tokens: 9000, thinking, metadata: { user_id: "team-a" }, output_config: { effort: "low" } } }] },
    { model: "a", output_config: { effort: "high", format }, thinking: { type: "disabled" }, metadata: { user_id: "own" } },
    { backend: { api: "anthropic" } },
  )
  expect(body).toEqual({
    model: "one",
    messages: [{ role: "user", content: "Hello" }],
    max_tokens: 9000,
    thinking,
    metadata: { user_id: "team-a" },
    output_config: { effort: "low", format },
  })
})

test("a choice among tools goes with the tools", async () => {
  const tools = [{ name: "t", input_schema: { type: "object" } }]
  const { body } = await upstream({ rules: [{ drop: ["tools"] }] }, { model: "a", tools, tool_choice: { type: "tool", name: "t" } })
  expect(body).toEqual({ model: "one", messages: [{ role: "user", content: "Hello" }], max_tokens: 100 })
})

test("the first rule that fits is applied, and no other", async () => {
  const rules = [{ model: "b*", set: { max_tokens: 1 } }, { model: "a", set: { max_tokens: 2 } }, { set: { max_tokens: 3 } }]
  expect((await upstream({ rules }, { model: "a" })).body).toMatchObject({ max_tokens: 2 })
  expect((await upstream({ rules }, { model: "anthropic/a" })).body).toMatchObject({ max_tokens: 2 })
})

test("a rule for some keys is for no others", async () => {
  const rules = [{ key: ["team-*"], set: { max_tokens: 1 } }, { key: "test", model: "b", set: { max_tokens: 2 } }, { set: { max_tokens: 3 } }]
  const most = async (model: string, key: string) => ((await upstream({ rules }, { model }, { key })).body as { max_tokens: number }).max_tokens
  expect([await most("a", "key-of-a"), await most("b", KEY), await most("a", KEY)]).toEqual([1, 2, 3])
})

describe("headers", () => {
  test("of a rule go to the backend, over the client's and below the config's", async () => {
    const { asked, reply } = await upstream(
      { rules: [{ headers: { "X-Tenant": "team a", "anthropic-beta": "rule", "X-Config": "rule" } }] },
      { model: "a" },
      { backend: { api_key: "sk-backend", headers: { "x-config": "config" } }, before: [traced as Plugin] },
    )
    const { "x-tenant": tenant, "x-trace": trace, "anthropic-beta": beta, "x-config": config, authorization } = asked.headers
    expect([tenant, trace, beta, config, authorization]).toEqual(["team a", "1", "rule", "config", "Bearer sk-backend"])
    expect(reply.headers.get("x-tenant")).toBeNull()
  })

  test("of a rule that does not fit go nowhere", async () => {
    const rules = [{ model: "b", headers: { "x-tenant": "b" }, answer_headers: { "x-rule": "b" } }]
    const { asked, reply } = await upstream({ rules }, { model: "a" })
    expect([asked.headers["x-tenant"], reply.headers.get("x-rule")]).toEqual([undefined, null])
  })

  test("of the answer reach the client", async () => {
    const { asked, reply } = await upstream({ rules: [{ answer_headers: { "X-Rule": "one" } }] }, { model: "a" })
    expect([asked.headers["x-rule"], reply.headers.get("x-rule")]).toEqual([undefined, "one"])
  })

  test.each([
    ["a rule", [{ model: "b", answer_headers: { "x-rule": "b" } }], "b"],
    ["none", [], null],
  ])("are those of the model that is asked in the end, which has %s", async (_, more, wanted) => {
    const first = { model: "a", headers: { "x-tenant": "a" }, answer_headers: { "x-rule": "a", "x-first": "1" } }
    const setting = { before: [spare as Plugin], fails: true }
    const { asked, reply } = await upstream({ rules: [first, ...more] }, { model: "a" }, setting)
    expect(asked.body).toMatchObject({ model: "two" })
    const { headers } = reply
    expect([asked.headers["x-tenant"], headers.get("x-rule"), headers.get("x-first")]).toEqual([undefined, wanted, null])
  })
})

describe("options that make no sense are refused", () => {
  const OWN = "is a header that is not to be changed"
  test.each<[object, readonly (string | number)[], string]>([
    [{ rules: "all" }, ["rules"], "must be a list"],
    [{ rules: [] }, ["rules"], "must not be empty"],
    [{ rules: [{ modle: "a" }] }, ["rules", 0, "modle"], 'Invalid key: Expected never but received "modle"'],
    [{ rules: [{ model: [] }] }, ["rules", 0, "model"], "must not be empty"],
    [{ rules: [{ key: { name: "a" } }] }, ["rules", 0, "key"], "must be a name or a pattern, or a list of them"],
    [{ rules: [{ drop: ["messages"] }] }, ["rules", 0, "drop", 0], expect.stringContaining("must be one of metadata, ")],
    [{ rules: [{ set: { max_tokens: -1 } }] }, ["rules", 0, "set", "max_tokens"], "must be a whole number, 0 or more"],
    [{ rules: [{ set: { thinking: { type: "much" } } }] }, ["rules", 0, "set", "thinking", "type"], "must have a type: adaptive, between_tools, disabled or enabled"],
    [{ rules: [{ set: { thinking: { type: "enabled", budget_tokens: 5 } } }] }, ["rules", 0, "set", "thinking", "budget_tokens"], "must be a whole number, 1024 or more"],
    [{ rules: [{ headers: { Authorization: "x" } }] }, ["rules", 0, "headers", "Authorization"], OWN],
    [{ rules: [{ headers: { "content-length": "1" } }] }, ["rules", 0, "headers", "content-length"], OWN],
    [{ rules: [{ headers: { "x y": "1" } }] }, ["rules", 0, "headers", "x y"], "must be a header's name"],
    [{ rules: [{ headers: { x: "1\n" } }] }, ["rules", 0, "headers", "x"], "must be printable ASCII in one line"],
    [{ rules: [{ answer_headers: { "request-id": "1" } }] }, ["rules", 0, "answer_headers", "request-id"], OWN],
  ])("%j", async (options, path, message) => {
    expect(await validateOptions(rewrite as Plugin, options)).toEqual({ issues: [{ path, message }] })
  })

  test.each([
    [{ to: "c" }, 'plugin rewrite: rules.0.to: the config has no model "c"; it has a, b'],
    [{ key: ["test", "team-b"] }, 'plugin rewrite: rules.0.key: the config has no key "team-b"; it has test, team-a'],
    [{ headers: { "x-auth": "1" } }, "plugin rewrite: rules.0.headers: x-auth is where the key of b goes"],
  ])("%j, at the start", async (rule, message) => {
    const backend = { flags: { auth_header: "X-Auth" } }
    await expect(upstream({ rules: [rule] }, { model: "a" }, { backend })).rejects.toThrow(message)
  })

  test("a rule for a model that the config has not is told, as another plugin may know it", async () => {
    const { lines } = await upstream({ rules: [{ model: ["a", "nowhere-*"] }] }, { model: "a" })
    expect(lines.filter((line) => line.includes("plugin=rewrite"))).toEqual([
      expect.stringMatching(/ warn {2}a rule for a model that the config has not plugin=rewrite model=nowhere-\*$/),
    ])
  })
})
