import { afterEach, describe, expect, test } from "vitest"
import webSearch from "../../plugins/web-search.ts"
import { fold } from "../../src/anthropic/fold.ts"
import { validateOptions } from "../../src/plugin/plugin.ts"
import { controlled, error, json, raw, startBackend, type Script } from "../_backend.ts"
import { calls, finds, page, says, searches, startSearch, TOOL, type SearchSetup } from "./_web-search.ts"

let setup: SearchSetup | undefined
afterEach(() => setup?.close())

interface Case {
  readonly options?: object
  readonly tool?: object
  readonly input?: unknown
  readonly answer: Script
}

interface Outcome {
  readonly content: unknown
  /** As the client is told of it. */
  readonly counted: number | undefined
  readonly setup: SearchSetup
}

/** What one search finds, or how it fails. */
async function search({ options, tool, input = { query: "tea" }, answer }: Case): Promise<Outcome> {
  setup = await startSearch(options)
  setup.backend.play(calls([["web_search", input]]), says("Done."))
  setup.engine.play(answer)
  const message = fold(await setup.ask({ tools: [{ ...TOOL, ...tool }] }))
  expect(message?.content.at(-1)).toMatchObject({ text: "Done." })
  const result = message?.content[1]
  const counted = message?.usage.server_tool_use?.web_search_requests
  return { content: result?.type === "web_search_tool_result" ? result.content : result, counted, setup }
}

const searxng = (...results: readonly object[]): Script => json(200, { results })
const packed = (text: string): string => Buffer.from(JSON.stringify({ text })).toString("base64url")

test("SearXNG is asked for JSON below its base URL, and says when a page was published", async () => {
  const result = { url: "https://a.test/", title: "A", content: "Words.", publishedDate: "2026-01-02T00:00:00", engine: "x" }
  const { content, setup } = await search({ answer: searxng(result, { url: "https://b.test/" }) })
  expect(content).toEqual([
    { type: "web_search_result", url: "https://a.test/", title: "A", page_age: "2026-01-02T00:00:00", encrypted_content: packed("Words.") },
    { type: "web_search_result", url: "https://b.test/", title: "https://b.test/", page_age: null, encrypted_content: packed("") },
  ])
  expect(setup.engine.asked[0]?.path).toBe("/v1/search?q=tea&format=json")
})

test("Brave is given its key in a header, and its excerpts are told together", async () => {
  const result = { url: "https://a.test/", title: "A", description: "One.", extra_snippets: ["Two.", "Three."], age: "3 days ago" }
  const options = { engine: "brave", key: "brave-key" }
  const { content, setup } = await search({ options, answer: json(200, { type: "search", web: { results: [result] } }) })
  expect(content).toEqual([
    { type: "web_search_result", url: "https://a.test/", title: "A", page_age: "3 days ago", encrypted_content: packed("One.\nTwo.\nThree.") },
  ])
  const [asked] = setup.engine.asked
  expect([asked?.path, asked?.headers["x-subscription-token"]]).toEqual(["/v1?q=tea&count=20&text_decorations=false", "brave-key"])
})

test("Brave leaves the results out when there are none", async () => {
  const { content, setup } = await search({ options: { engine: "brave", key: "k" }, answer: json(200, { type: "search" }) })
  expect(content).toEqual([])
  expect(setup.backend.asked[1]?.body).toMatchObject({ messages: [{}, {}, { role: "tool", content: "Nothing was found." }] })
})

test("no more results are told than the options say", async () => {
  const { content } = await search({ options: { results: 2 }, answer: finds("a", "b", "c") })
  expect(content).toEqual([page("a"), page("b")])
})

test("an excerpt is cut, and a page that is no web page is left out", async () => {
  const { content } = await search({
    answer: searxng({ url: "javascript:alert(1)" }, { url: "nowhere" }, { url: "http://a.test/", title: "A", content: "x".repeat(9000) }),
  })
  expect(content).toEqual([
    { type: "web_search_result", url: "http://a.test/", title: "A", page_age: null, encrypted_content: packed("x".repeat(4000)) },
  ])
})

describe("domains", () => {
  const pages = ["https://example.com/", "https://docs.example.com/blog/1", "https://badexample.com/", "https://other.org/blog"]
  const urls = async (tool: object): Promise<unknown> => {
    const { content } = await search({ tool, answer: searxng(...pages.map((url) => ({ url }))) })
    return (content as { url: string }[]).map(({ url }) => url)
  }

  test.each<[object, readonly string[]]>([
    [{ allowed_domains: ["example.com"] }, ["https://example.com/", "https://docs.example.com/blog/1"]],
    [{ allowed_domains: ["EXAMPLE.com/blog", "other.org/*"] }, ["https://docs.example.com/blog/1", "https://other.org/blog"]],
    [{ blocked_domains: ["example.com"] }, ["https://badexample.com/", "https://other.org/blog"]],
    [{ allowed_domains: null, blocked_domains: [] }, pages],
  ])("%j", async (tool, left) => {
    expect(await urls(tool)).toEqual(left)
  })

  test("that are allowed narrow the query, as far as it stays short enough", async () => {
    const { setup: first } = await search({ tool: { allowed_domains: ["a.test", "b.test"] }, answer: finds() })
    expect(first.engine.asked[0]?.path).toContain("q=tea+site%3Aa.test+OR+site%3Ab.test&")
    await first.close()
    const many = Array.from({ length: 60 }, (_, n) => `${n}.test`)
    const { setup: second } = await search({ tool: { allowed_domains: many }, answer: finds() })
    expect(second.engine.asked[0]?.path).toContain("q=tea&")
  })
})

describe("a search that fails is a result that says so, and the answer goes on", () => {
  test.each<[string, string, Case]>([
    ["the engine fails", "unavailable", { answer: error(500, "no") }],
    ["the engine is busy", "too_many_requests", { answer: error(429, "no") }],
    ["the engine gives a page instead of JSON", "unavailable", { answer: raw("<html>") }],
    ["the engine gives something else", "unavailable", { answer: json(200, { results: "none" }) }],
    ["the engine gives far too much", "unavailable", { answer: searxng({ url: "https://a.test/", content: "x".repeat(3_000_000) }) }],
    ["nobody is there", "unavailable", { options: { url: "http://127.0.0.1:1" }, answer: finds() }],
    ["the engine takes too long", "unavailable", { options: { timeout: 0.1 }, answer: controlled() }],
    ["the query is too long", "query_too_long", { input: { query: "x".repeat(401) }, answer: finds() }],
    ["the query has too many words", "query_too_long", { input: { query: "a ".repeat(51) }, answer: finds() }],
    ["there is no query", "invalid_tool_input", { input: { q: "tea" }, answer: finds() }],
    ["the query is empty", "invalid_tool_input", { input: { query: " " }, answer: finds() }],
    ["the input is a list", "invalid_tool_input", { input: ["tea"], answer: finds() }],
  ])("%s", async (_, error_code, given) => {
    const { content, counted, setup } = await search(given)
    expect([content, counted]).toEqual([{ type: "web_search_tool_result_error", error_code }, 0])
    expect(setup.backend.asked[1]?.body).toMatchObject({ messages: [{}, {}, { role: "tool", content: expect.stringContaining("The search failed: ") }] })
  })

  test("also where the engine sends elsewhere: only the configured address is asked", async () => {
    const other = await startBackend(finds("a"))
    const { content } = await search({ answer: json(302, {}, { location: other.url }) })
    expect([content, other.asked]).toEqual([{ type: "web_search_tool_result_error", error_code: "unavailable" }, []])
    await other.close()
  })

  test("and is logged without the query", async () => {
    const { setup } = await search({ input: { query: "my secret" }, answer: error(500, "no") })
    const lines = setup.proxy.lines.filter((line) => line.includes("plugin=web-search"))
    expect(lines).toEqual([expect.stringMatching(/ warn  the search engine refused plugin=web-search request=req_\w+ engine=searxng status=500$/)])
  })
})

describe("a tool that makes no sense is refused", () => {
  test.each<[object, string]>([
    [{ max_uses: 0 }, "tools.0.max_uses: "],
    [{ allowed_domains: "a.test" }, "tools.0.allowed_domains: "],
    [{ allowed_domains: ["a.test"], blocked_domains: ["b.test"] }, "tools.0: only one of allowed_domains and blocked_domains"],
  ])("%j", async (tool, message) => {
    setup = await startSearch()
    const response = await setup.proxy.send({ model: "m", tools: [{ ...TOOL, ...tool }] })
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", message: expect.stringContaining(message) } })
    expect([response.status, setup.backend.asked]).toEqual([400, []])
  })
})

describe("options", () => {
  test.each<[unknown, readonly (string | number)[], string]>([
    [{}, ["engine"], "must be searxng or brave"],
    [{ engine: "google" }, ["engine"], "must be searxng or brave"],
    [{ engine: "searxng" }, ["url"], "is missing"],
    [{ engine: "searxng", url: "localhost:8888" }, ["url"], "must be an http(s) URL"],
    [{ engine: "searxng", url: "http://u:p@localhost" }, ["url"], "without credentials"],
    [{ engine: "searxng", url: "http://localhost", key: "k" }, ["key"], "is no option here"],
    [{ engine: "brave" }, ["key"], "is missing"],
    [{ engine: "brave", key: "a b" }, ["key"], "must be printable ASCII"],
    [{ engine: "brave", key: "k", results: 50 }, ["results"], "must be a number from 1 to 20"],
    [{ engine: "brave", key: "k", max_uses: 1.5 }, ["max_uses"], "must be a whole number"],
    [{ engine: "brave", key: "k", timeout: 0 }, ["timeout"], "must be a number from 0.1 to 300"],
  ])("%j is refused", async (options, path, message) => {
    expect(await validateOptions(webSearch, options)).toEqual({ issues: [{ path, message: expect.stringContaining(message) }] })
  })

  test("are completed", async () => {
    expect(await validateOptions(webSearch, { engine: "brave", key: "k" })).toEqual({
      options: { engine: "brave", key: "k", url: "https://api.search.brave.com/res/v1/web/search", results: 8, timeout: 10, max_uses: 5 },
    })
  })

  test("say how many searches an answer may make where the request does not", async () => {
    setup = await startSearch({ max_uses: 1 })
    setup.backend.play(searches("a", "b"), says("Done."))
    setup.engine.play(finds("a"))
    await setup.ask()
    expect(setup.engine.asked).toHaveLength(1)
  })
})
