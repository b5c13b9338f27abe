import { afterEach, describe, expect, test } from "vitest"
import scenario from "../../plugins/scenario.ts"
import { validateOptions } from "../../src/plugin/plugin.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { startBackend } from "../_backend.ts"
import { KEY, startProxy } from "../_proxy.ts"
import { fails, says, startModels, use, type Models } from "./_models.ts"

let models: Models
afterEach(() => models?.close())

/** Which rule fires for a request, and which model is asked. */
async function told(rules: readonly object[], request: object, headers: Record<string, string> = {}, rest: object = {}) {
  models = await startModels({ a: [says("a")], b: [says("b")], "claude-haiku-9": [says("haiku")] }, [
    [scenario, { rules, ...rest }],
  ])
  const response = await models.proxy.send({ model: "a", ...request }, { "x-api-key": KEY, ...headers })
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
  const asked = Object.entries(models.counts()).flatMap(([name, count]) => (count > 0 ? [name] : []))
  return [response.headers.get("x-llm-proxy-scenario"), ...asked]
}

const user = (content: unknown) => ({ role: "user", content })
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } }
const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" } }
const tool = { name: "f", input_schema: { type: "object" } }
const search = { type: "web_search_20250305", name: "web_search" }
const cli = { "user-agent": "claude-cli/2.1.330 (external, cli)" }
const calling = { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: {} }] }
const result = { type: "tool_result", tool_use_id: "t", content: "done" }
const shown = { ...result, content: [image] }
const later = [user("a"), calling, user([result])]
const setting = (effort: string) => [user("a"), { role: "system", content: "b", output_config: { effort } }]
const words = (count: number) => [user("word ".repeat(count))]

describe("a condition", () => {
  // Which request has it, and which does not.
  test.each<[string, object, [object, Record<string, string>?], [object, Record<string, string>?]]>([
    ["model", { model: ["x", "a*"] }, [{}], [{ model: "claude-haiku-9" }]],
    ["model, by the name that Claude Code's discovery gave it", { model: "a" }, [{ model: "anthropic/a" }], [{ model: "b" }]],
    [
      "header",
      { header: { "x-team": "red*", "x-app": "cli" } },
      [{}, { "x-team": "red 1", "x-app": "cli" }],
      [{}, { "x-team": "red 1" }],
    ],
    ["header that may be anything", { header: { "x-team": "*" } }, [{}, { "x-team": "" }], [{}]],
    ["stream", { stream: false }, [{ stream: false }], [{ stream: true }]],
    ["sub_agent", { sub_agent: true }, [{}, { "x-claude-code-agent-id": "1" }], [{}]],
    ["background, by the model", { background: true }, [{ model: "claude-haiku-9" }], [{}]],
    ["background, by Claude Code's shape", { background: true }, [{ tools: [] }, cli], [{ tools: [tool] }, cli]],
    ["background, by who asks", { background: true }, [{}, cli], [{}, { "user-agent": "python" }]],
    ["background, of a conversation", { background: false }, [{ messages: later }, cli], [{}, cli]],
    ["background, of a sub agent", { background: false }, [{}, { ...cli, "x-claude-code-agent-id": "1" }], [{}, cli]],
    [
      "background, as Claude Code says itself",
      { background: true },
      [{ tools: [tool] }, { ...cli, "x-claude-code-request-class": "auxiliary" }],
      [{}, { ...cli, "x-claude-code-request-class": "compaction" }],
    ],
    ["thinking", { thinking: true }, [{ thinking: { type: "adaptive" } }], [{ thinking: { type: "disabled" } }]],
    ["thinking that nobody asked for", { thinking: false }, [{}], [{ thinking: { type: "adaptive" } }]],
    ["effort", { effort: "high" }, [{ output_config: { effort: "xhigh" } }], [{ output_config: { effort: "medium" } }]],
    ["effort that is not told", { effort: "low" }, [{ output_config: { effort: "low" } }], [{}]],
    [
      "effort that a system message sets",
      { effort: "high" },
      [{ output_config: { effort: "low" }, messages: setting("max") }],
      [{ output_config: { effort: "max" }, messages: setting("low") }],
    ],
    ["tools", { tools: true }, [{ tools: [tool] }], [{ tools: [] }]],
    ["web_search", { web_search: true }, [{ tools: [tool, search] }], [{ tools: [tool] }]],
    ["images", { images: true }, [{ messages: [user([image])] }], [{}]],
    ["images, from a tool earlier on", { images: true }, [{ messages: [user("a"), calling, user([shown]), user("b")] }], [{}]],
    ["images, which PDFs are too", { images: true }, [{ messages: [user([pdf])] }], [{}]],
    ["text", { text: "Think Hard" }, [{ messages: [user("please THINK HARD")] }], [{}]],
    ["text, of the last words", { text: "go" }, [{ messages: [...later, user("go")] }], [{ messages: [user("go"), user("a")] }]],
    [
      "text, in later calls of the turn and not in reminders",
      { text: "ultra" },
      [{ messages: [user("ultra"), calling, user([result, { type: "text", text: "<system-reminder>no</system-reminder>" }])] }],
      [{ messages: [user([{ type: "text", text: "<system-reminder>ultra</system-reminder>" }, { type: "text", text: "go" }])] }],
    ],
    ["tokens_over", { tokens_over: 1000 }, [{ messages: words(1100) }], [{ messages: words(900) }]],
    ["tokens_over, far away", { tokens_over: 1000 }, [{ messages: words(9000) }], [{ messages: words(9) }]],
    ["tokens_over, of what a guess finds too light", { tokens_over: 1000 }, [{ messages: [user("的一是不".repeat(600))] }], [{}]],
    ["tokens_under", { tokens_under: 1000 }, [{ messages: words(900) }], [{ messages: words(1100) }]],
  ])("%s", async (_, when, [fits, with_], [fails, without]) => {
    const rules = [{ name: "it", when, model: "b" }]
    expect(await told(rules, fits, with_)).toEqual(["it", "b"])
    await models.close()
    const [rule] = await told(rules, fails, without)
    expect(rule).toBeNull()
  })

  test("may be the name of the client's key", async () => {
    const backend = await startBackend(says("one"), says("two"))
    const proxy = await startProxy(
      {
        models: { a: { backend: "b", model: "one" }, b: { backend: "b", model: "two" } },
        backends: { b: { base_url: backend.url } },
        keys: [
          { name: "me", key: "sk-key-of-me" },
          { name: "you", key: "sk-key-of-you" },
        ],
      },
      { plugins: [await use(scenario, { rules: [{ when: { key: ["me"] }, model: "b" }] })] },
    )
    for (const key of ["sk-key-of-you", "sk-key-of-me"]) await proxy.send({ model: "a" }, { "x-api-key": key })
    expect(backend.asked.map(({ body }) => body)).toEqual([
      expect.objectContaining({ model: "one" }),
      expect.objectContaining({ model: "two" }),
    ])
    await proxy.close()
    await backend.close()
  })

  test("holds together with the others of its rule", async () => {
    const rules = [{ when: { tools: true, stream: true }, model: "b" }]
    expect(await told(rules, { tools: [tool] })).toEqual([null, "a"])
  })
})

describe("rules", () => {
  test("are tried in the order of the config: thinking does not hide a web search that stands before it", async () => {
    const both = { tools: [search, tool], thinking: { type: "adaptive" } }
    const rules = [
      { when: { web_search: true }, model: "b" },
      { when: { thinking: true }, model: "claude-haiku-9" },
    ]
    expect(await told(rules, both)).toEqual(["web_search", "b"])
    await models.close()
    expect(await told(rules.toReversed(), both)).toEqual(["thinking", "claude-haiku-9"])
  })

  test("have a name of their own, or that of their conditions", async () => {
    expect(await told([{ when: { tools: false, stream: false }, model: "b" }], { stream: false })).toEqual(["stream+tools", "b"])
    await models.close()
    expect(await told([{ name: "v1.small", when: { tools: false }, model: "b" }], {})).toEqual(["v1.small", "b"])
  })

  test("that do not fit leave requests to the default, where there is one", async () => {
    const rules = [{ when: { tools: true }, model: "a" }]
    expect(await told(rules, {}, {}, { default: "b" })).toEqual(["default", "b"])
    await models.close()
    expect(await told(rules, {})).toEqual([null, "a"])
  })

  test("are told of answers that fail, and in the log", async () => {
    models = await startModels({ a: [], b: [...fails(400)] }, [[scenario, { rules: [{ when: { model: "a" }, model: "b" }] }]])
    expect(await models.ask({ model: "a" })).toEqual({ status: 400, said: 'backend "b": not now', head: { scenario: "model" } })
    expect(models.proxy.lines.filter((line) => line.includes("scenario"))).toEqual([
      expect.stringMatching(/ debug scenario request=req_\w+ rule=model to=b$/),
    ])
  })

  test("keep the name that the client asked for in the answer", async () => {
    models = await startModels({ a: [], b: [says("b")] }, [[scenario, { rules: [{ when: { model: "a" }, model: "b" }] }]])
    const answer = (await (await models.proxy.send({ model: "a" })).json()) as object
    expect([answer, models.backends["b"]?.asked[0]?.body]).toEqual([
      expect.objectContaining({ model: "a" }),
      { model: "b-there", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] },
    ])
  })
})

test("it leaves the line as it should be", async () => {
  expect(await testPlugin(scenario, { rules: [{ when: { model: "*" }, model: "b" }] }, ["b"])).toEqual([])
})

describe("options that make no sense are refused", () => {
  const rule = { when: { tools: true }, model: "a" }
  test.each<[unknown, readonly (string | number)[], string]>([
    [{ rules: [] }, ["rules"], "must have a rule"],
    [{ rules: [{ ...rule, when: {} }] }, ["rules", 0, "when"], "must have a condition"],
    [{ rules: [{ ...rule, name: "a b\n" }] }, ["rules", 0, "name"], "must be 1 to 64 letters, digits and any of _ . + -"],
    [{ rules: [{ ...rule, when: { tools: "yes" } }] }, ["rules", 0, "when", "tools"], "must be true or false"],
    [{ rules: [{ ...rule, when: { model: [] } }] }, ["rules", 0, "when", "model"], "must be a text, or a list of texts"],
    [
      { rules: [{ ...rule, when: { tokens_over: 1.5 } }] },
      ["rules", 0, "when", "tokens_over"],
      "must be a whole number of tokens, 1 or more",
    ],
    [
      { rules: [{ ...rule, when: { effort: "huge" } }] },
      ["rules", 0, "when", "effort"],
      "must be one of low, medium, high, xhigh, max",
    ],
    [{ rules: [{ ...rule, when: { header: { "a b": "c" } } }] }, ["rules", 0, "when", "header", "a b"], "must be a header's name"],
  ])("%j", async (options, path, message) => {
    expect(await validateOptions(scenario, options)).toEqual({ issues: [{ path, message }] })
  })

  test.each<[object, string]>([
    [{ rules: [{ ...rule, model: "c" }] }, 'rules.0.model: the config has no model "c"; it has a, b'],
    [{ rules: [rule], default: "c" }, 'default: the config has no model "c"; it has a, b'],
    [{ rules: [rule, rule] }, 'rules.1.name: another rule is called "tools" already'],
    [{ rules: [{ ...rule, when: { key: ["test", "me"] } }] }, 'rules.0.when.key: the config has no key "me"; it has test'],
  ])("at the start: %j", async (options, message) => {
    await expect(startModels({ a: [], b: [] }, [[scenario, options]])).rejects.toThrow(`plugin scenario: ${message}`)
  })

  test("and good ones are taken", async () => {
    expect(await use(scenario, { rules: [rule] })).toEqual({ plugin: scenario, options: { rules: [rule] } })
  })
})
