import { afterEach, describe, expect, test } from "vitest"
import redact from "../../plugins/redact.ts"
import { validateOptions } from "../../src/plugin/plugin.ts"
import { testPlugin } from "../../src/testing/index.ts"
import { json, raw, startBackend, type Asked } from "../_backend.ts"
import { hello } from "../http/_messages.ts"
import { startProxy } from "../_proxy.ts"
import { says, use } from "./_models.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Body {
  readonly messages: readonly { readonly content: unknown }[]
}

/** What reaches the backend, and every log line. */
async function upstream(request: object, options: object = {}, api: "chat" | "anthropic" = "chat", path = "/v1/messages") {
  const backend = await startBackend(
    api === "chat" ? says("hi") : path === "/v1/messages" ? raw(hello) : json(200, { input_tokens: 7 }),
  )
  const proxy = await startProxy(
    { models: { a: { backend: "b", model: "one" } }, backends: { b: { base_url: backend.url, api } } },
    { plugins: [await use(redact, options)] },
  )
  closing.push(proxy.close, backend.close)
  const response = await proxy.ask(path, { body: { model: "a", max_tokens: 9, ...request } })
  const answer = await response.text()
  const [asked] = backend.asked as [Asked?]
  return { status: response.status, answer, body: asked?.body as Body, text: asked?.text, lines: proxy.lines }
}

/** What a model reads where the user wrote this. */
async function read(content: string, options: object = {}): Promise<unknown> {
  const { body } = await upstream({ messages: [{ role: "user", content }] }, options)
  return body.messages[0]?.content
}

const CARD = "4111 1111 1111 1111"
const IBAN = "DE89 3704 0044 0532 0130 00"
const LINE = "MIIEowIBAAKCAQEAy8Dbv8prpJ/0kKhlGeJYozo2t60EG8L0561g13R29LvMR5hy"
const PEM = ["-----BEGIN RSA PRIVATE KEY-----", LINE, LINE, "vGAAM=", "-----END RSA PRIVATE KEY-----"].join("\n")

describe("is found", () => {
  test.each<[string, string]>([
    ["mail a.b+c@mail.example.org, please", "mail [EMAIL_1], please"],
    ["<jürgen@köln.de> 请写信到a@x.de谢谢", "<[EMAIL_1]> 请写信到[EMAIL_2]谢谢"],
    ["tel:+49 30 1234567, +1 (555) 123-4567; 0049-170-1234567", "tel:[PHONE_1], [PHONE_2]; [PHONE_3]"],
    ["030/1234567 or 01 23 45 67 89 or (555) 123-4567 or 555-123-4567", "[PHONE_1] or [PHONE_2] or [PHONE_3] or [PHONE_4]"],
    [`${IBAN} BIC, AT611904300234573201, BE68 5390 0754 7034 KBC BANK`, "[IBAN_1] BIC, [IBAN_2], [IBAN_3] KBC BANK"],
    [`${CARD} 123, 4111111111111111, 3782-822463-10005`, "[CREDIT_CARD_1] 123, [CREDIT_CARD_2], [CREDIT_CARD_3]"],
    ["http://10.1.2.3:80/ and 192.168.0.0/16.", "http://[IPV4_1]:80/ and [IPV4_2]/16."],
    ["2001:db8::1: [fe80::1] ::ffff:10.0.0.1", "[IPV6_1]: [[IPV6_2]] [IPV6_3]"],
    ["123-45-6789", "[US_SSN_1]"],
    ["sk-ant-api03-abcdefghij1234567890-_x", "[API_KEY_1]"],
    [`AKIAIOSFODNN7EXAMPLE ghp_${"a1".repeat(18)} AIza${"b2".repeat(17)}c`, "[API_KEY_1] [API_KEY_2] [API_KEY_3]"],
    ["Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.s-_g.", "Bearer [API_KEY_1]."],
    [`key: ${PEM} end`, "key: [API_KEY_1] end"],
    [`KEY="${PEM.replaceAll("\n", "\\n")}" end`, 'KEY="[API_KEY_1]" end'],
    [`${PEM.slice(0, 150)}…`, "[API_KEY_1]…"],
  ])("%s", async (text, said) => {
    expect(await read(text)).toBe(said)
  })
})

describe("is not taken for data", () => {
  test.each([
    "lodash@4.17.21 @user a@b git@github.com:u/r.git noreply@anthropic.com",
    "2024-01-02T10:30:00+0200 01/02/2024 10:30 1700000000000 12:34:56",
    "DE00370400440532013000 and 4111 1111 1111 1112",
    "127.0.0.1 0.0.0.0 1.2.3 1.2.3.4.5 300.1.1.1 v1.2.3.4 Chrome/120.0.0.0",
    "std::vec fe::add ::1 aa:bb:cc:dd:ee:ff",
    "000-12-3456 666-12-3456 123-00-6789",
    "sk-folding-cube-container-name -----BEGIN PRIVATE KEY----- in a file",
  ])("%s", async (text) => {
    expect(await read(text)).toBe(text)
  })
})

describe("numbers", () => {
  test("are one for a value, wherever it stands, and go by first appearance", async () => {
    expect(await read("b@x.de a@x.de b@x.de +49 30 1234567")).toBe("[EMAIL_1] [EMAIL_2] [EMAIL_1] [PHONE_1]")
  })

  test("begin with the system prompt, wherever it stands in the request, and stay while the conversation grows", async () => {
    const first = [{ role: "user", content: "ask a@x.de" }]
    const later = [...first, { role: "assistant", content: "and b@x.de?" }, { role: "user", content: "c@x.de, a@x.de" }]
    const system = "for s@x.de"
    const { body } = await upstream({ messages: first, system })
    const { body: grown } = await upstream({ system, messages: later })
    expect(body.messages).toEqual([
      { role: "system", content: "for [EMAIL_1]" },
      { role: "user", content: "ask [EMAIL_2]" },
    ])
    expect(grown.messages).toEqual([
      ...body.messages,
      { role: "assistant", content: "and [EMAIL_3]?" },
      { role: "user", content: "[EMAIL_4], [EMAIL_2]" },
    ])
  })

  test("that a text has of itself are given to nobody else", async () => {
    expect(await read("say [EMAIL_1], then a@x.de and [EMAIL_2]")).toBe("say [EMAIL_1], then [EMAIL_2] and [EMAIL_2]")
  })

  test("that an answer said and nobody put back mean the same in the next turn", async () => {
    const messages = [
      { role: "user", content: "a@x.de" },
      { role: "assistant", content: "I wrote to [EMAIL_1]." },
      { role: "user", content: "b@x.de" },
    ]
    const { body } = await upstream({ messages })
    expect(body.messages.map(({ content }) => content)).toEqual([
      "[EMAIL_1]",
      "I wrote to [EMAIL_1].",
      "[EMAIL_2]",
    ])
  })
})

test("what overlaps is one, so that no part of it stays", async () => {
  expect(await read("ref KD#a@x.de.", { own: { customer: "KD#[a-z]@x" } })).toBe("ref [CUSTOMER_1].")
  expect(await read("ref a@x.de-77.", { own: { customer: "de-[0-9]+" } })).toBe("ref [EMAIL_1].")
})

/** A request with the same data in every place. */
const data = "to a@x.de"
const everywhere = {
  system: [{ type: "text", text: data, cache_control: { type: "ephemeral" } }],
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: data },
        { type: "image", source: { type: "url", url: "https://x.de/?q=a@x.de" } },
        { type: "document", title: data, context: data, source: { type: "text", media_type: "text/plain", data } },
        { type: "document", source: { type: "content", content: [{ type: "text", text: data }] } },
        { type: "search_result", source: data, title: data, content: [{ type: "text", text: data }] },
        { type: "novelty", id: data, name: data, words: [data] },
      ],
    },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: data, signature: data },
        { type: "redacted_thinking", data },
        { type: "text", text: data, citations: [{ type: "char_location", cited_text: data }] },
        { type: "tool_use", id: "a@x.de", name: "f", input: { to: [data], "a@x.de": { name: data, n: 1, no: null } } },
        { type: "server_tool_use", id: "s", name: "web_search", input: { query: data } },
        { type: "web_search_tool_result", tool_use_id: "s", content: [{ type: "web_search_result", url: "u", title: data }] },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "a@x.de", content: [{ type: "text", text: data }] }] },
    { role: "system", content: data },
  ],
  metadata: { user_id: "a@x.de" },
  tools: [{ name: "f", description: data, input_schema: { type: "object" } }],
}

test("texts are changed wherever a model reads them; names, ids and seals are not", async () => {
  const { body } = await upstream({ ...everywhere, stream: true }, {}, "anthropic")
  const said = "to [EMAIL_1]"
  const [first, second] = everywhere.messages
  expect(body).toEqual({
    model: "one",
    max_tokens: 9,
    stream: true,
    system: [{ type: "text", text: said, cache_control: { type: "ephemeral" } }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: said },
          first?.content[1],
          { type: "document", title: said, context: said, source: { type: "text", media_type: "text/plain", data: said } },
          { type: "document", source: { type: "content", content: [{ type: "text", text: said }] } },
          { type: "search_result", source: said, title: said, content: [{ type: "text", text: said }] },
          { type: "novelty", id: data, name: data, words: [said] },
        ],
      },
      {
        role: "assistant",
        content: [
          second?.content[0],
          second?.content[1],
          { type: "text", text: said, citations: [{ type: "char_location", cited_text: said }] },
          { type: "tool_use", id: "a@x.de", name: "f", input: { to: [said], "[EMAIL_1]": { name: said, n: 1, no: null } } },
          { type: "server_tool_use", id: "s", name: "web_search", input: { query: said } },
          second?.content[5],
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a@x.de", content: [{ type: "text", text: said }] }] },
      { role: "system", content: said },
    ],
    metadata: { user_id: "a@x.de" },
    tools: everywhere.tools,
  })
})

test("what has nothing in it keeps its bytes", async () => {
  const messages = '[ {"role":"user","content":"H\\u0065llo"}, {"role":"user","content":"a@x.de"} ]'
  const text = `{"model":"a", "max_tokens":9,"stream":true,"x":1.0,"messages":${messages}}`
  const backend = await startBackend(raw(hello))
  const proxy = await startProxy(
    { models: { a: { backend: "b", model: "a" } }, backends: { b: { base_url: backend.url, api: "anthropic" } } },
    { plugins: [await use(redact, {})] },
  )
  closing.push(proxy.close, backend.close)
  await (await proxy.ask("/v1/messages", { body: text })).text()
  expect(backend.asked[0]?.text).toBe(text.replace("a@x.de", "[EMAIL_1]"))
})

test("a backend that is asked to count sees no more than one that answers", async () => {
  const request = { max_tokens: undefined, system: "b@x.de", messages: [{ role: "user", content: "a@x.de" }] }
  const { body, answer } = await upstream(request, {}, "anthropic", "/v1/messages/count_tokens")
  expect([body, answer]).toEqual([
    { model: "one", system: "[EMAIL_1]", messages: [{ role: "user", content: "[EMAIL_2]" }] },
    '{"input_tokens":7}',
  ])
})

test("a count of what is no request is refused as it would be", async () => {
  const path = "/v1/messages/count_tokens"
  const { status, answer } = await upstream({ max_tokens: undefined, messages: "a@x.de" }, {}, "anthropic", path)
  expect([status, answer]).toEqual([400, expect.stringContaining("messages: Input should be a valid")])
})

test("values are in no log line", async () => {
  const { lines } = await upstream({ messages: [{ role: "user", content: `a@x.de ${CARD}` }] })
  expect(lines.filter((line) => /a@x|4111/.test(line))).toEqual([])
  expect(lines.filter((line) => line.includes("redacted"))).toEqual([expect.stringMatching(/ debug redacted .*values=2$/)])
})

describe("options", () => {
  test("name the patterns that are looked for", async () => {
    expect(await read(`a@x.de ${CARD} 10.0.0.1`, { patterns: ["ipv4", "credit_card"] })).toBe("a@x.de [CREDIT_CARD_1] [IPV4_1]")
  })

  test("may have patterns of their own", async () => {
    const own = { customer: "KD-[0-9]{6}", project: "\\b(?:Falcon|Eagle)\\b" }
    expect(await read("KD-123456 on Falcon, Falcons", { own })).toBe("[CUSTOMER_1] on [PROJECT_1], Falcons")
  })

  test("of which one is found wherever it stands in a long text", async () => {
    const own = { customer: "\\bKD-[0-9]{6}\\b" }
    for (const at of [4080, 4090, 4096, 8188]) {
      const before = "x".repeat(at - 1)
      expect(await read(`${before} KD-123456 xKD-123456`, { own, patterns: [] })).toBe(`${before} [CUSTOMER_1] xKD-123456`)
    }
  })

  test("of which one that takes too long ends the request, not the process", async () => {
    const own = { slow: "\\d+x" }
    const messages = [{ role: "user", content: "1".repeat(4_000_000) }]
    const { status, answer, body } = await upstream({ messages }, { own, patterns: [] })
    expect([status, answer, body]).toEqual([
      500,
      expect.stringContaining('redact: looking for \\"slow\\" takes too long on this request'),
      undefined,
    ])
  })

  test("say what stays", async () => {
    expect(await read("a@x.de b@y.de git@x.de", { keep: ["*@x.de"] })).toBe("a@x.de [EMAIL_1] git@x.de")
  })

  test.each<[object, readonly string[], string]>([
    [{ patterns: ["mail"] }, ["patterns", "0"], "must be one of email, phone, iban, credit_card, ipv4, ipv6, us_ssn, api_key"],
    [{ own: { Customer: "a" } }, ["own", "Customer"], "must be a name of small letters, digits and _, 32 at most"],
    [{ own: { email: "a" } }, ["own", "email"], "is the name of a built-in pattern"],
    [{ own: { a: "(" } }, ["own", "a"], "is no regular expression: Invalid regular expression: /(/: Unterminated group"],
    [{ own: { a: "a*" } }, ["own", "a"], "must not match an empty text"],
    [{ own: { a: "(a)\\1" } }, ["own", "a"], "must not refer back to a group: that can take for ever"],
    [{ own: { a: "x(a+)+" } }, ["own", "a"], "must not repeat a group that repeats or chooses: that can take for ever"],
    [{ own: { a: "x(?:a|a)*" } }, ["own", "a"], "must not repeat a group that repeats or chooses: that can take for ever"],
    [{ own: { a: "x(?<n>(?:a?))*" } }, ["own", "a"], "must not repeat a group that repeats or chooses: that can take for ever"],
    [{ own: { a: "x(a{1,3}){2,}" } }, ["own", "a"], "must not repeat a group that repeats or chooses: that can take for ever"],
    [{ own: { a: "\\d+-?\\d+-?\\d+x" } }, ["own", "a"], "takes too long on rows of one character: it repeats too much in a row"],
    [{ own: { a: "b+b+b+$" } }, ["own", "a"], "takes too long on rows of one character: it repeats too much in a row"],
    [{ restore: "yes" }, ["restore"], "must be true or false"],
    [{ keep: [""] }, ["keep", "0"], "must not be empty"],
  ])("that make no sense are refused: %j", async (options, path, message) => {
    const checked = await validateOptions(redact, options)
    const issues = "issues" in checked ? checked.issues : []
    expect(issues.map((issue) => [issue.path.map(String), issue.message])).toEqual([[path, message]])
  })

  test.each([
    "[(+]+",
    "\\(a+\\)+",
    "(?:ab)+",
    "(?:a|b)",
    "(?:a|b){3}",
    "(?=a+)b",
    "a+?b",
    "\\bkey\\s*[:=]\\s*\\S+",
    "[+*(]+\\)*",
  ])("that are harmless pass: %s", async (a) => {
    expect(await validateOptions(redact, { own: { a } })).toHaveProperty("options")
  })
})

test.each([true, false])("it leaves the line as it should be, restore: %s", async (restore) => {
  expect(await testPlugin(redact, { restore, own: { hello: "[A-Za-z]+" } })).toEqual([])
})

/** What would make careless patterns slow. */
describe("a long text is looked through that is made of", () => {
  test.each<[string, string]>([
    ["letters", "aGVsbG8rd29ybGQ/"],
    ["digits", "1"],
    ["digits apart", "1 "],
    ["addresses without an end", "a@1."],
    ["groups", "ab:"],
    ["keys without an end", "-----BEGIN PRIVATE KEY-----"],
    ["tokens", "eyJaaaaaaaaaa."],
    ["accounts", "DE12 "],
    ["words", "[EMAIL_"],
  ])("%s", async (_, part) => {
    const { status } = await upstream({ messages: [{ role: "user", content: part.repeat(300_000 / part.length) }] })
    expect(status).toBe(200)
  })
})
