/**
 * | Fault | What is held |
 * | --- | --- |
 * | 23 JSON that means harm | from a client: taken or refused as its fault, over every API and through every plugin that looks into requests; from a backend: an answer, or an error of it; no prototype is changed, no stack runs out, and the next request is answered |
 *
 * The same by the million is in test/faults/slow/json.test.ts. Any JSON in any place of a request is in test/anthropic/damage.test.ts, any change to a backend's stream in
 * test/faults/mutations.test.ts, what the config may hold in test/node/config-file.test.ts.
 */
import { isDeepStrictEqual } from "node:util"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import cache from "../../plugins/cache.ts"
import dedupe from "../../plugins/dedupe.ts"
import log from "../../plugins/log.ts"
import redact from "../../plugins/redact.ts"
import rewrite from "../../plugins/rewrite.ts"
import scenario from "../../plugins/scenario.ts"
import { validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { raw } from "../_backend.ts"
import { KEY, startProxy, type TestProxy } from "../_proxy.ts"
import { configFor, MODELS, startAnyBackend, type AnyBackend } from "./_any-backend.ts"

let backend: AnyBackend
let proxy: TestProxy

const PLUGINS: readonly (readonly [unknown, object])[] = [
  [log, { prompts: true }],
  [redact, { restore: true }],
  [rewrite, { rules: [{ set: { temperature: 0.5 } }] }],
  [scenario, { rules: [{ name: "long", when: { tokens_over: 1_000_000_000, images: true, text: "nothing" }, model: "chat" }] }],
  [cache, {}],
  [dedupe, {}],
]

beforeAll(async () => {
  backend = await startAnyBackend()
  const plugins = await Promise.all(
    PLUGINS.map(async ([plugin, options]): Promise<PluginUse> => {
      const checked = await validateOptions(plugin as Plugin, options)
      if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
      return { plugin: plugin as Plugin, options: checked.options }
    }),
  )
  proxy = await startProxy(configFor(backend.url, "sk-backend"), { plugins, level: "warn" })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

/** What every object and function has, which nobody may add to. */
const properties = (): readonly unknown[] =>
  [Object.prototype, Array.prototype, Function.prototype, String.prototype].map((one) => Reflect.ownKeys(one))
let before: readonly unknown[] = []
let logged = 0
beforeEach(() => {
  logged = proxy.lines.length
  before = properties()
})
afterEach(async () => {
  backend.now()
  if (!isDeepStrictEqual(properties(), before) || "polluted" in {}) throw new Error("a prototype was changed")
  const { status } = await proxy.send({ model: "chat" })
  if (status !== 200) throw new Error(`whoever asked next got ${status}`)
})

const deep = (levels: number, open = "[", close = "]"): string => open.repeat(levels) + close.repeat(levels)
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`
const HARM = '"__proto__":{"polluted":1,"isAdmin":true},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}'
const TEXT = '[{"role":"user","content":"x"}]'
const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]

const tool = (name: string, schema = '{"type":"object"}'): string => `{"name":${JSON.stringify(name)},"description":"d","input_schema":${schema}}`
const called = (name: string, input: string): string =>
  `[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":${JSON.stringify(name)},"input":${input}}]},` +
  `{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r",${HARM}}]}]`

/** Fields behind `model` and `max_tokens`. */
const REQUESTS: Readonly<Record<string, string>> = {
  "prototypes at the top": `${HARM},"messages":${TEXT}`,
  "prototypes everywhere": `"messages":[{"role":"user",${HARM},"content":[{"type":"text","text":"x",${HARM}}]}],"system":[{"type":"text","text":"s",${HARM}}],"metadata":{"user_id":"u",${HARM}},"thinking":{"type":"disabled",${HARM}},"tool_choice":{"type":"auto",${HARM}},"tools":[{"name":"f","input_schema":{"type":"object",${HARM},"properties":{${HARM}}},${HARM}}]`,
  "a prototype that is no object": `"__proto__":1,"constructor":null,"messages":${TEXT}`,
  "tools named like properties of objects": `"messages":${TEXT},"tools":[${NAMES.map((name) => tool(name)).join()}]`,
  "such a tool, forced": `"messages":${TEXT},"tools":[${tool("__proto__")}],"tool_choice":{"type":"tool","name":"__proto__"}`,
  "such a tool, called": `"messages":${called("__proto__", `{${HARM}}`)},"tools":[${NAMES.map((name) => tool(name)).join()}]`,
  "such a call's id": `"messages":${called("f", "{}").replaceAll('"t1"', '"__proto__"')},"tools":[${tool("f")}]`,
  "words named so": `"messages":[{"role":"__proto__","content":"x"}]`,
  "a block named so": `"messages":[{"role":"user","content":[{"type":"constructor"}]}]`,
  "a tool's type named so": `"messages":${TEXT},"tools":[{"type":"toString","name":"f"}]`,
  "an effort named so": `"messages":${TEXT},"output_config":{"effort":"__proto__"}`,
  "a schema of properties named so": `"messages":${TEXT},"tools":[${tool("f", `{"type":"object","properties":{${HARM}},"required":["__proto__"],"$defs":{${HARM}},"additionalProperties":{${HARM}}}`)}]`,
  "a schema that is its own": `"messages":${TEXT},"tools":[${tool("f", '{"type":"object","properties":{"a":{"$ref":"#"}},"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}}')}]`,
  "a schema that is no object": `"messages":${TEXT},"tools":[${tool("f", "[]")}]`,
  "200 levels of input": `"messages":${called("f", nested(200))},"tools":[${tool("f")}]`,
  "200 levels of schema": `"messages":${TEXT},"tools":[${tool("f", `${'{"type":"object","properties":{"a":'.repeat(100)}{}${"}}".repeat(100)}`)}]`,
  "10,000 lists": `"messages":${deep(10_000)}`,
  "10,000 objects": `"messages":${TEXT},"x":${nested(10_000)}`,
  "10,000 levels of input": `"messages":${called("f", nested(10_000))}`,
  "10,000 levels of schema": `"messages":${TEXT},"tools":[${tool("f", nested(10_000))}]`,
  "100,000 brackets": `"messages":${TEXT},"x":${deep(50_000)}`,
  "100,000 brackets that do not close": `"messages":${"[".repeat(100_000)}`,
  "100,000 brackets in a text": `"messages":[{"role":"user","content":"${deep(50_000)}"}]`,
  "10,000 keys": `"messages":${TEXT},"x":{${Array.from({ length: 10_000 }, (_, n) => `"k${n}":${n}`).join()}}`,
  "10,000 keys of an input": `"messages":${called("f", `{${Array.from({ length: 10_000 }, (_, n) => `"k${n}":${n}`).join()}}`)},"tools":[${tool("f")}]`,
  "a key ten thousand times": `"messages":${TEXT}${',"messages":[]'.repeat(10_000)},"messages":${TEXT}`,
  "a key of 100 KB": `"messages":${TEXT},"${"k".repeat(100_000)}":1`,
  "5,000 blocks": `"messages":[{"role":"user","content":[${Array.from({ length: 5000 }, () => '{"type":"text","text":"x"}').join()}]}]`,
  "1,000 tools": `"messages":${TEXT},"tools":[${Array.from({ length: 1000 }, (_, n) => tool(`f${n}`)).join()}]`,
  "numbers beyond all bounds": `"messages":${TEXT},"temperature":1e999,"top_k":-1e999,"top_p":1e-999`,
  "a length beyond all bounds": `"messages":${TEXT},"max_tokens":1e999`,
  "halves of characters": `"messages":[{"role":"user","content":"\\ud800 \\udfff \\u0000 \\ud83d"}],"system":"\\udc00"`,
  "NUL and line separators": `"messages":[{"role":"user","content":"a\\u0000b\\u2028c\\u2029d\\u0085e\\ufeff"}]`,
  "an event in a text": `"messages":[{"role":"user","content":"x\\n\\nevent: error\\ndata: {}\\n\\n"}]`,
  "toJSON": `"toJSON":1,"messages":[{"role":"user","content":"x","toJSON":{"a":1}}],"then":1`,
}

describe.each(MODELS)("a client's, for %s", (model) => {
  test.each(Object.keys(REQUESTS))("%s", async (name) => {
    const path = model === "counts" ? "/v1/messages/count_tokens" : "/v1/messages"
    const body = `{"model":"${model}","max_tokens":100,${REQUESTS[name]}}`
    const response = await proxy.ask(path, { headers: { "x-api-key": KEY }, body })
    const text = await response.text()
    expect([200, 400, 413]).toContain(response.status)
    const answer = model === "counts" ? { input_tokens: expect.any(Number) } : { type: "message" }
    expect(JSON.parse(text)).toMatchObject(response.status === 200 ? answer : { type: "error" })
  })
})

describe("what is no object at all", () => {
  test.each(["", "null", "[]", "1", '"x"', "{", "\u0000", "{}{}", "NaN", "\ufeff", `{"a":${deep(100)}`, "[".repeat(100_000)])("%j", async (body) => {
    for (const path of ["/v1/messages", "/v1/messages/count_tokens", "/api/event_logging/batch"]) {
      const response = await proxy.ask(path, { method: "POST", headers: { "x-api-key": KEY }, body: body.slice(0, 200_000) })
      expect([path, response.status]).toEqual([path, path.startsWith("/api") ? 200 : 400])
    }
  })
})

const chunk = (delta: string, finish = "null"): string => `data: {"choices":[{"index":0,"delta":${delta},"finish_reason":${finish},${HARM}}],${HARM}}\n\n`
const calling = (name: string, input: string): string =>
  chunk(`{"tool_calls":[{"index":0,"id":"__proto__","type":"function","function":{"name":${JSON.stringify(name)},"arguments":${JSON.stringify(input)},${HARM}}}],${HARM}}`) +
  chunk("{}", '"tool_calls"')

/** Answers of a backend, streamed and whole, and its errors. */
const ANSWERS: Readonly<Record<string, readonly [status: number, type: string, body: string]>> = {
  "prototypes in every chunk": [200, "text/event-stream", chunk(`{"content":"x",${HARM}}`) + chunk("{}", '"stop"')],
  ...Object.fromEntries(NAMES.map((name) => [`a call of ${name}`, [200, "text/event-stream", calling(name, `{${HARM}}`)] as const])),
  "10,000 levels of arguments": [200, "text/event-stream", calling("f", nested(10_000))],
  "10,000 levels in a chunk": [200, "text/event-stream", chunk(`{"content":"x","x":${deep(10_000)}}`) + chunk("{}", '"stop"')],
  "a chunk of lists alone": [200, "text/event-stream", `data: ${deep(100_000)}\n\n`],
  "a reason named so": [200, "text/event-stream", chunk('{"content":"x"}') + chunk("{}", '"__proto__"')],
  "usage named so": [200, "text/event-stream", `${chunk('{"content":"x"}') + chunk("{}", '"stop"')}data: {"choices":[],"usage":{"prompt_tokens":"__proto__","completion_tokens":{${HARM}}}}\n\n`],
  "a whole answer with prototypes": [200, "application/json", `{${HARM},"choices":[{${HARM},"message":{${HARM},"content":"x"},"finish_reason":"stop"}],"usage":{${HARM}}}`],
  "a whole answer of lists": [200, "application/json", deep(100_000)],
  "an error with prototypes": [400, "application/json", `{"error":{"message":"no",${HARM}},${HARM}}`],
  "an error of 10,000 levels": [400, "application/json", `{"error":{"message":${nested(5000)},"code":${deep(5000)}}}`],
  "an error of lists": [500, "application/json", deep(30_000)],
  "details of 10,000 levels": [400, "application/json", `{"type":"error","error":{"type":"invalid_request_error","message":"no","details":${nested(9000)}}}`],
  "an error event of 10,000 levels": [200, "text/event-stream", `event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no","details":${nested(9000)}}}\n\n`],
  "an error's type named so": [400, "application/json", `{"type":"error","error":{"type":"__proto__","message":"no","details":{${HARM}}}}`],
}

describe.each(["chat", "responses", "anthropic"])("a backend's, over %s", (model) => {
  test.each(Object.entries(ANSWERS).flatMap(([name, answer]) => [true, false].map((stream) => ({ name, stream, answer }))))(
    "$name (stream: $stream)",
    async ({ stream, answer: [status, type, body] }) => {
      backend.now({
        answer(response) {
          response.writeHead(status, { "content-type": type })
          response.end(body)
        },
      })
      const response = await proxy.send({ model, stream, temperature: Math.random() })
      const text = await response.text()
      const isError = text.includes('"type":"error"')
      expect([response.status === 200 || isError, text.length > 0]).toEqual([true, true])
      // An error of ours is one of the backend's failures, and never that the proxy itself failed on it.
      expect(text).not.toContain("the proxy failed")
      expect(text).not.toContain("Maximum call stack")
      expect(proxy.lines.slice(logged).filter((line) => line.includes("Maximum call stack"))).toEqual([])
    },
  )
})

test("an answer named like properties of objects is told as it is", async () => {
  backend.now(raw(calling("__proto__", `{"__proto__":{"a":1},"constructor":2}`)))
  const text = await (await proxy.send({ model: "chat", stream: true, tools: [JSON.parse(tool("__proto__"))] })).text()
  expect(text).toContain('"name":"__proto__"')
  expect(text).toContain(String.raw`\"__proto__\":{\"a\":1}`)
})
