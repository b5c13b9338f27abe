/** docs/4.translation.md, row by row: what it says is what the code does, and what the code knows has a row. */
import { describe, expect, test } from "vitest"
import { readBackendError } from "../src/wires/backend-error.ts"
import { read, tableUnder } from "./_docs.ts"
import { call, finish as finishedBy, outline, replyTo } from "./wires/chat/_reply.ts"
import { BLOCKS } from "./docs-translation/_blocks.ts"
import { FIELDS, TOOLS } from "./docs-translation/_fields.ts"
import { verdictOn, type Sample, type Verdict } from "./docs-translation/_verdict.ts"

const PAGE = "docs/4.translation.md"

describe.each<[string, Readonly<Record<string, readonly Sample[]>>]>([
  ["## The request", FIELDS],
  ["## Messages", BLOCKS],
  ["## Tools", TOOLS],
])("%s", (heading, samples) => {
  // Answered without a translation: test/http/streams.test.ts.
  const rows = tableUnder(PAGE, heading).filter(([name]) => name !== "max_tokens: 0")

  test("every row has a sample, and every sample a row", () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(samples))
  })

  test.each(rows)("%s", (name, chat, responses, how) => {
    const found = samples[name ?? ""]?.flatMap((sample) => [verdictOn(sample, "chat"), verdictOn(sample, "responses")])
    const said = samples[name ?? ""]?.flatMap(() => [saidBy(chat, how), saidBy(responses, how)])
    expect(found).toEqual(said)
  })
})

/** What a cell and the row's last word say. A cell that only refers to the one before it says the same. */
function saidBy(cell = "", how = ""): Verdict {
  const sent = how !== "refused" && !/^(?:the same: )?nothing/.test(cell)
  return { how: how as Verdict["how"], sent, logged: how === "ignored" && cell.includes("logged") }
}

/** Fields of which the table tells part by part, and a part of one. */
const PARTS = new Set(["output_config", "metadata", "user_id"])

describe("what the code knows has a row", () => {
  /** The names in a source file between two of its lines. */
  const named = (file: string, from: string, to: string, pattern: RegExp): string[] => {
    const [, after = ""] = read(file).split(from)
    const [part = ""] = after.split(to)
    return [...part.matchAll(pattern)].map(([, name = ""]) => name)
  }
  const namesUnder = (heading: string): string => tableUnder(PAGE, heading).map(([name]) => name).join(", ")
  const missing = (names: readonly string[], told: string): string[] =>
    names.filter((name) => !new RegExp(String.raw`(?<![\w.])${name}(?![\w])`).test(told))

  test("of fields", () => {
    const known = named("src/wires/request/lost.ts", "const KNOWN", "])", /"(\w+)"/g)
    const typed = named("src/anthropic/types.ts", "interface MessageRequest", "\n}", /readonly (\w+)\??:/g)
    const refused = named("src/anthropic/check.ts", "const { thread", "} = body", /(\w+)(?:: \w+)?[, ]/g)
    const fields = [...known, ...typed, ...refused, "thread"].filter((name) => !PARTS.has(name))
    expect(missing(fields, namesUnder("## The request"))).toEqual([])
    expect([known.length > 20, typed.length > 15, refused]).toEqual([
      true,
      true,
      ["compaction", "container", "mcp_servers", "billing_policy"],
    ])
  })

  test("of blocks", () => {
    const checked = named("src/anthropic/blocks.ts", "const KINDS", "])\n", /\["(\w+)", (?:strings|kind)\(/g)
    const typed = named("src/anthropic/types.ts", "export interface TextBlock", "/** A custom tool", /[:|] "(\w+)"/g)
    const sources = new Set(["base64", "url", "file", "content", "ephemeral"])
    const blocks = [...checked, ...typed].filter((name) => !sources.has(name))
    expect(missing(blocks, namesUnder("## Messages"))).toEqual([])
    expect([checked.length > 14, typed.length > 20]).toEqual([true, true])
  })

  test("of tools", () => {
    const kinds = named("src/wires/request/anthropic-tools.ts", "const KINDS", "\n]", /\["(\w+)"/g)
    const told = namesUnder("## Tools")
    const beginnings = [...told.matchAll(/([a-z_]+)(?:…|(?=$|,))/g)].map(([, name = ""]) => name)
    expect(kinds.filter((kind) => !beginnings.some((name) => name !== "" && kind.startsWith(name)))).toEqual([])
    expect(kinds.length).toBeGreaterThan(10)
  })
})

describe("### Stop reasons", () => {
  const [, after = ""] = read(PAGE).split("\n### Stop reasons\n")
  const [table = ""] = after.split("\n### ")
  const rows = [...table.matchAll(/^\| (`.*?) \|.*?\| (.*?) \|/gm)].flatMap(([, names = "", told = ""]) => {
    return [...names.matchAll(/`(\w+)`/g)].map(([, finish = ""]) => [finish, told] as const)
  })

  test.each(rows)("%s", (finish, told) => {
    const replies = [replyTo([finishedBy(finish)]), replyTo([call(0, "c", "f", "{}"), finishedBy(finish)])]
    const [plain, called] = replies.map((reply) => outline(reply).at(-1)?.replace(/^api_error.*/, "an error"))
    expect([plain, called]).toEqual([
      told.includes("`end_turn`") ? "end_turn" : told.replaceAll("`", ""),
      told.includes("`tool_use`") ? "tool_use" : told.replaceAll("`", ""),
    ])
  })

  test("every reason a chunk may have", () => {
    expect(rows.map(([finish]) => finish)).toEqual([
      "stop",
      "tool_calls",
      "function_call",
      "length",
      "model_length",
      "content_filter",
      "error",
      "insufficient_system_resource",
    ])
  })
})

describe("## Errors", () => {
  const rows = tableUnder(PAGE, "## Errors").flatMap(([statuses = "", told = ""]) => {
    const given = /^\d{3}(?:, \d{3})*(?: and other.*)?$/.test(statuses) ? statuses.match(/\d{3}/g) : []
    return (given ?? []).map((status) => [Number(status), told] as const)
  })

  test.each(rows)("%i", (status, told) => {
    const error = readBackendError({ error: { message: "no" } }, { backend: "b", status })
    expect(String(error.status)).toBe(told === "the same" ? String(status) : told.slice(0, 3))
  })

  test("every status that is told of", () => {
    expect(rows.length).toBeGreaterThan(25)
  })
})
