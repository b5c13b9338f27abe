import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import log from "../../plugins/log.ts"
import { definePlugin, validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { createProxy } from "../../src/proxy.ts"
import { defineStage } from "../../src/stage.ts"
import { chunks, controlled, error, json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, KEY, startProxy, type TestProxy } from "../_proxy.ts"

let backend: ScriptedBackend
const closing: (() => Promise<void>)[] = []

beforeEach(async () => {
  backend = await startBackend()
})
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await backend.close()
})

/** A key that is another text in JSON. */
const QUOTED = 'sk-"a"-\\-key'

async function use(given: unknown = {}): Promise<PluginUse> {
  const checked = await validateOptions(log as Plugin, given)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin: log as Plugin, options: checked.options }
}

async function start(given: unknown, { before = [], ping }: { before?: readonly Plugin[]; ping?: number } = {}): Promise<TestProxy> {
  const proxy = await startProxy(
    {
      models: { m: { backend: "b", model: "one" } },
      backends: { b: { base_url: backend.url, api_key: QUOTED } },
      keys: [{ name: "test", key: KEY, explain: true }],
      ...(ping && { server: { ping } }),
    },
    { plugins: [...before.map((plugin) => ({ plugin, options: undefined })), await use(given)], level: "info" },
  )
  closing.push(proxy.close)
  return proxy
}

/** The plugin's lines, once there are so many, without what differs from run to run. */
async function told({ lines }: TestProxy, count = 1): Promise<readonly string[]> {
  const own = (): string[] => lines.filter((line) => / plugin=log |^\{|^\d\d:/.test(line))
  await vi.waitFor(() => expect(own().length).toBeGreaterThanOrEqual(count))
  await new Promise((resolve) => setTimeout(resolve, 20)) // for one too many
  return own().map((line) =>
    line
      .replace(/^\S+Z (\w+) +/, "$1 ")
      .replace(/"time":"[^"]+Z"/, '"time":"T"')
      .replace(/^\d\d:\d\d:\d\d/, "T")
      .replace(/req_\w{32}/, "req_1")
      .replace(/(?<=ms"?[=:])\d+/g, "1")
      .replace(/ +\d+\.\d\ds/, " 1s")
      .replace(/ +\(\d+\.\d\ds\)/, " (1s)"),
  )
}

const answer = json(200, {
  choices: [{ message: { content: "the answer" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 12, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
})
const streamed = chunks([
  delta({ content: "the answer" }, "stop"),
  { choices: [], usage: { prompt_tokens: 12, completion_tokens: 3 } },
])

const WHO = "plugin=log request=req_1 client=test model=m"

describe("a request has one line", () => {
  test("when it is answered, with who asked, what answered and what it cost", async () => {
    const proxy = await start({})
    backend.play(answer, streamed)
    await (await proxy.send({ model: "m" })).text()
    await (await proxy.send({ model: "m", stream: true })).text()
    const end = "output=3 ms=1 first_ms=1"
    expect(await told(proxy, 2)).toEqual([
      `info answered ${WHO} backend=b as=one status=200 stop=end_turn input=8 cached=4 ${end}`,
      `info answered ${WHO} backend=b as=one status=200 stop=end_turn input=12 ${end}`,
    ])
  })

  test("when its stream breaks off, with what broke it", async () => {
    const proxy = await start({})
    backend.play(chunks([delta({ content: "half" })], { done: false }))
    await (await proxy.send({ model: "m", stream: true })).text()
    const why = 'error="backend \\"b\\" closed the connection before its answer was complete"'
    const [line = ""] = await told(proxy)
    expect(line.replace(/input=\d+/, "input=some")).toBe(
      `warn broke off ${WHO} backend=b as=one status=200 type=api_error ${why} input=some output=1 ms=1 first_ms=1`,
    )
  })

  test("when its answer breaks off and it is no stream, with the status", async () => {
    const proxy = await start({})
    backend.play(chunks([delta({ content: "half" })], { done: false }))
    await (await proxy.send({ model: "m" })).text()
    expect(await told(proxy)).toEqual([expect.stringMatching(/^warn failed .* as=one status=502 type=api_error /)])
  })

  test("when the backend fails", async () => {
    const proxy = await start({})
    backend.play(error(429, "slow down"))
    await (await proxy.send({ model: "m" })).text()
    const end = 'type=rate_limit_error error="backend \\"b\\": slow down" ms=1'
    expect(await told(proxy)).toEqual([`warn failed ${WHO} backend=b as=one status=429 ${end}`])
  })

  test("when the backend fails after its client was answered 200 and pinged", async () => {
    const proxy = await start({}, { ping: 0.05 })
    const slow = controlled()
    backend.play(slow)
    const asked = proxy.send({ model: "m", stream: true })
    await slow.opened
    const reply = await asked
    slow.cut()
    expect(await reply.text()).toContain("event: error")
    expect(await told(proxy)).toEqual([expect.stringMatching(/^warn broke off .* as=one status=200 type=api_error /)])
  })

  test("when it is refused before or after it is read", async () => {
    const proxy = await start({})
    await proxy.send({ model: "m" }, { "x-api-key": "wrong" })
    await proxy.send({ model: "m", max_tokens: "many" })
    await proxy.send({ model: "nowhere" })
    const end = "ms=1"
    expect(await told(proxy, 3)).toEqual([
      `warn refused plugin=log request=req_1 status=401 type=authentication_error error="invalid x-api-key" ${end}`,
      expect.stringMatching(/^warn refused plugin=log request=req_1 client=test status=400 type=invalid_request_error error=.* ms=1$/),
      `warn refused ${WHO.replace("=m", "=nowhere")} status=404 type=not_found_error error="model: nowhere" ${end}`,
    ])
  })

  test.each([true, false])("when its client leaves (a stream: %s)", async (stream) => {
    const proxy = await start({})
    const slow = controlled()
    backend.play(slow)
    const client = new AbortController()
    const asked = proxy.send({ model: "m", stream }, undefined, client.signal)
    await slow.opened
    slow.push(delta({ content: "half of it" }))
    if (stream) await (await asked).body?.getReader().read()
    client.abort()
    await asked.catch(() => {})
    await slow.closed
    const [line] = await told(proxy)
    const end = "input=\\d+ output=3 ms=1 first_ms=1"
    expect(line).toMatch(new RegExp(`^info left ${WHO} backend=b as=one status=499 ${stream ? end : ""}`))
    expect(line).not.toContain("error=")
  })

  test("when a plugin listed first asks twice, about the answer that was given", async () => {
    const again = definePlugin({
      name: "again",
      setup: () =>
        defineStage({
          name: "again",
          before: "route",
          async run(context, next) {
            try {
              return await next(context)
            } catch {
              return next(context)
            }
          },
        }),
    })
    const proxy = await start({}, { before: [again as Plugin] })
    backend.play(error(503, "busy"), answer)
    await (await proxy.send({ model: "m" })).text()
    expect(await told(proxy)).toEqual([expect.stringMatching(/^info answered .* status=200 stop=end_turn input=8 /)])
  })

  test("that is its own where many run at once", async () => {
    const proxy = await start({})
    backend.play(...Array.from({ length: 20 }, () => streamed))
    const replies = await Promise.all(Array.from({ length: 20 }, () => proxy.send({ model: "m", stream: true })))
    await Promise.all(replies.map((reply) => reply.text()))
    const all = await told(proxy, 20)
    expect([all.length, new Set(all).size]).toEqual([20, 1])
    expect(new Set(proxy.lines.map((line) => /request=(\w+)/.exec(line)?.[1])).size).toBe(20)
  })
})

test("what asks for no message has a line only where it is refused", async () => {
  const proxy = await start({})
  await proxy.ask("/v1/models")
  await proxy.ask("/v1/messages/count_tokens", { body: { model: "m", messages: [{ role: "user", content: "Hi" }] } })
  expect((await proxy.send({ model: "m" }, { "x-api-key": KEY, "x-llm-proxy-explain": "1" })).status).toBe(200)
  await proxy.ask("/v1/models/gone?x=1")
  expect(await told(proxy)).toEqual([
    'warn refused plugin=log request=req_1 path=/v1/models/gone client=test status=404 type=not_found_error error="model: gone" ms=1',
  ])
})

test("a proxy without a server has its lines too", async () => {
  const lines: string[] = []
  const { createLog } = await import("../../src/log.ts")
  const proxy = await createProxy(
    { models: { m: { backend: "d", model: "demo" } }, backends: { d: { base_url: "demo:" } }, keys: [{ name: "test", key: KEY }] },
    { plugins: [await use({ format: "json" })], log: createLog({ write: (line) => lines.push(line), mask: (text) => text }) },
  )
  const send = (body: object) =>
    proxy.fetch(new Request("http://localhost/v1/messages", { method: "POST", headers: { "x-api-key": KEY }, body: JSON.stringify(body) }))
  const question = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hello" }] }
  await (await send(question)).text()
  await (await send({ ...question, stream: true })).text()
  await vi.waitFor(() => expect(lines.length).toBe(2))
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ message: "answered", status: 200 }),
    expect.objectContaining({ message: "answered", status: 200 }),
  ])
})

describe("format", () => {
  test("json is an object a line", async () => {
    const proxy = await start({ format: "json", prompts: true })
    backend.play(answer, error(500, 'a "quoted"\nline'))
    await (await proxy.send({ model: "m", messages: [{ role: "user", content: "Two\nlines \u0007\u009b31m" }] })).text()
    await (await proxy.send({ model: "m" })).text()
    const all = await told(proxy, 2)
    expect(all.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        time: "T",
        level: "info",
        message: "answered",
        request: "req_1",
        client: "test",
        model: "m",
        backend: "b",
        as: "one",
        status: 200,
        stop: "end_turn",
        input: 8,
        cached: 4,
        output: 3,
        ms: 1,
        first_ms: 1,
        asked: "Two\nlines \u0007\u009b31m",
        said: "the answer",
      },
      {
        time: "T",
        level: "warn",
        message: "failed",
        request: "req_1",
        client: "test",
        model: "m",
        backend: "b",
        as: "one",
        status: 500,
        type: "api_error",
        error: expect.stringMatching(/a "quoted"/),
        ms: 1,
        asked: "Hello",
      },
    ])
    expect(all.join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })

  test("json has no keys, however they are written there", async () => {
    const proxy = await start({ format: "json" })
    await (await proxy.send({ model: QUOTED })).text()
    const [line = "null"] = await told(proxy)
    expect(JSON.parse(line)).toMatchObject({ message: "refused", model: "[key]", error: "model: [key]" })
  })

  test("pretty is short", async () => {
    const proxy = await start({ format: "pretty" })
    backend.play(answer, error(429, "slow down"))
    await (await proxy.send({ model: "m" })).text()
    await (await proxy.send({ model: "m" })).text()
    await proxy.send({ model: "m" }, { "x-api-key": "wrong" })
    expect(await told(proxy, 3)).toEqual([
      "T  200 1s (1s)        8 in      3 out  test  m → b one  end_turn",
      'T  429 1s       (-)        - in      - out  test  m → b one  failed: rate_limit_error: backend "b": slow down',
      "T  401 1s       (-)        - in      - out  -  -  refused: authentication_error: invalid x-api-key",
    ])
  })

  test("pretty escapes what would colour or break a line of its own", async () => {
    const proxy = await start({ format: "pretty", prompts: true })
    backend.play(answer)
    await (await proxy.send({ model: "m", messages: [{ role: "user", content: "\u001b[31mred\n" }] })).text()
    expect(await told(proxy)).toEqual([expect.stringMatching(/ {2}asked \\u001b\[31mred\\u000a {2}said the answer$/)])
  })
})

describe("prompts", () => {
  /** What is shown of a question. */
  async function shown(options: object, content: unknown): Promise<unknown> {
    const proxy = await start({ format: "json", prompts: true, ...options })
    backend.play(answer)
    await (await proxy.send({ model: "m", messages: [{ role: "user", content }] })).text()
    const [line = "null"] = await told(proxy)
    return (JSON.parse(line) as { asked: unknown }).asked
  }

  test("and answers are shown only when they are asked for", async () => {
    const proxy = await start({})
    backend.play(answer)
    await (await proxy.send({ model: "m" })).text()
    expect((await told(proxy)).join()).not.toMatch(/Hello|the answer/)
  })

  test("have 500 characters at most", async () => {
    expect(await shown({}, "x".repeat(10_000))).toBe("x".repeat(500))
  })

  test("are cut where no key of the config is cut in two", async () => {
    expect(await shown({ redact: [] }, `${"x".repeat(490)} ${KEY}`)).toBe(`${"x".repeat(490)} [key]`)
    const long = `${"a".repeat(60)}@example.com ` // by which little is left of much
    expect(await shown({ redact: ["email"] }, long.repeat(56) + KEY)).toBe("")
  })

  const SK = "sk-proj-abcdefghijklmnop123456"
  test.each<[string, readonly string[] | undefined, unknown, string]>([
    ["keys, unless told otherwise", undefined, `${SK} jane@example.com`, "[key] jane@example.com"],
    ["nothing", [], SK, SK],
    ["keys of many kinds", ["key"], `AKIAABCDEFGHIJKLMNOP ghp_${"a".repeat(36)} Bearer abc.def123 eyJhbGciOiJIUzI1.eyJzdWIi.x_1`, "[key] [key] Bearer [key] [key]"],
    ["private keys", ["key"], "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- .", "[key] ."],
    ["values of environment files", ["key"], 'DB_PASSWORD=hunter2x API_KEY="abc123" MODE=test', 'DB_PASSWORD=[key] API_KEY="[key]" MODE=test'],
    ["mail addresses", ["email"], "jane.doe+x@mail.example.com, jürgen@müller.de", "[email], [email]"],
    ["telephone numbers", ["phone"], "+49 30 1234567, 030 123 45 67, (555) 123-4567, 2026-11-23 1234567", "[phone], [phone], [phone], 2026-11-23 1234567"],
    ["what patterns of one's own find", ["KD-[0-9]{4}", "email"], "KD-1234 a@b.de", "[redacted] [email]"],
    [
      "them in each text by itself",
      ["key"],
      [{ type: "text", text: "See" }, { type: "tool_result", tool_use_id: "t", content: `\n${SK}` }],
      'See {"type":"tool_result","tool_use_id":"t","content":"\\n[key]"}',
    ],
  ])("are freed of %s", async (_, redact, content, wanted) => {
    expect(await shown({ ...(redact && { redact }) }, content)).toBe(wanted)
  })

  test("are freed of them in answers too", async () => {
    const proxy = await start({ format: "json", prompts: true, redact: ["email"] })
    backend.play(json(200, { choices: [{ message: { content: "ask jane@example.com" }, finish_reason: "stop" }] }))
    await (await proxy.send({ model: "m" })).text()
    const [line = "null"] = await told(proxy)
    expect((JSON.parse(line) as { said: unknown }).said).toBe("ask [email]")
  })
})

describe("options that make no sense are refused", () => {
  const NAMES = "must be one of email, key, phone, or a regular expression; a word of your own is written \\bword\\b"
  test.each<[unknown, readonly (string | number)[], string]>([
    [{ format: "xml" }, ["format"], "must be one of text, json, pretty"],
    [{ prompts: "yes" }, ["prompts"], "must be true or false"],
    [{ redact: "email" }, ["redact"], "must be a list"],
    [{ redact: ["emial"] }, ["redact", 0], NAMES],
    [{ redact: ["key", "(a"] }, ["redact", 1], "is no regular expression: Invalid regular expression: /(a/: Unterminated group"],
    [{ redact: ["x*"] }, ["redact", 0], "must not match an empty text"],
  ])("%j", async (given, path, message) => {
    expect(await validateOptions(log as Plugin, given)).toEqual({ issues: [{ path, message }] })
  })
})
