import { afterEach, beforeEach, expect, test } from "vitest"
import { finds, page, rounds, says, searches, startSearch, TOOL, type SearchSetup } from "./_web-search.ts"

let setup: SearchSetup
beforeEach(async () => {
  setup = await startSearch()
})
afterEach(() => setup.close())

const use = (n: number, query: string): object => ({ type: "server_tool_use", id: `srvtoolu_call_${n}`, name: "web_search", input: { query } })
const result = (n: number, content: unknown): object => ({ type: "web_search_tool_result", tool_use_id: `srvtoolu_call_${n}`, content })
const text = (text: string): object => ({ type: "text", text })
const call = (n: number, query: string): object => {
  return { id: `call_${n}`, type: "function", function: { name: "web_search", arguments: JSON.stringify({ query }) } }
}
const told = (n: number, ...names: readonly string[]): object => {
  const content = names.map((name, at) => `${at + 1}. ${name}\nhttps://${name}.test/\nAll about ${name}.`).join("\n\n")
  return { role: "tool", tool_call_id: `call_${n}`, content }
}

/** What the backend is told of a conversation with this assistant message in it, behind the first question. */
async function history(content: readonly object[], request: object = {}, after: object[] = [{ role: "user", content: "And?" }]): Promise<unknown> {
  setup.backend.play(says("Hi."))
  await setup.ask({ messages: [{ role: "user", content: "Q" }, { role: "assistant", content }, ...after], ...request })
  return (rounds(setup)[0] as unknown[]).slice(1)
}

const question = { role: "user", content: "And?" }

test("what was searched before is told as a call and its result, texts in their order", async () => {
  const content = [text("I look."), use(1, "tea"), result(1, [page("leaf"), page("cup")]), text("Tea is a leaf.")]
  expect(await history(content)).toEqual([
    { role: "assistant", content: "I look.", tool_calls: [call(1, "tea")] },
    told(1, "leaf", "cup"),
    { role: "assistant", content: "Tea is a leaf." },
    question,
  ])
})

test("the next turn tells the same as the turn itself did, so that the backend's prompt cache holds", async () => {
  setup.backend.play(searches("tea", "cup"), searches("pot"), says("All."))
  setup.engine.play(finds("tea"), finds("cup"), finds("pot"))
  const response = await setup.proxy.send({ model: "m", tools: [TOOL] })
  const { content } = (await response.json()) as { content: object[] }
  setup.backend.play(says("Hi."))
  const messages = [{ role: "user", content: "Hello" }, { role: "assistant", content }, question]
  await setup.proxy.send({ model: "m", tools: [TOOL], messages })
  const [, , last = [], next = []] = setup.backend.asked.map(({ body }) => (body as { messages: unknown[] }).messages)
  expect(next).toEqual([...last, { role: "assistant", content: "All." }, question])
})

test("searches made at once stay one turn, wherever their results stand", async () => {
  const paired = [{ role: "assistant", content: null, tool_calls: [call(1, "a"), call(2, "b")] }, told(1, "a"), told(2, "b"), { role: "assistant", content: "x" }, question]
  expect(await history([use(1, "a"), use(2, "b"), result(1, [page("a")]), text("x"), result(2, [page("b")])])).toEqual(paired)
})

test("a call of the client's follows the search before it", async () => {
  const own = { type: "tool_use", id: "c", name: "clock", input: {} }
  const answer = { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "noon" }] }
  expect(await history([use(1, "a"), result(1, [page("a")]), own], {}, [answer])).toEqual([
    { role: "assistant", content: null, tool_calls: [call(1, "a")] },
    told(1, "a"),
    { role: "assistant", content: null, tool_calls: [{ id: "c", type: "function", function: { name: "clock", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "c", content: "noon" },
  ])
})

test("an answer that paused goes on", async () => {
  expect(await history([use(1, "a"), result(1, [page("a")])], {}, [])).toEqual([
    { role: "assistant", content: null, tool_calls: [call(1, "a")] },
    told(1, "a"),
  ])
})

test.each<[string, unknown, string]>([
  [
    "results of another server by title and address",
    [{ type: "web_search_result", url: "https://a.test/", title: "A", page_age: "1 d", encrypted_content: "EqkBCio" }],
    "1. A\nhttps://a.test/\n1 d",
  ],
  ["nothing found", [], "Nothing was found."],
  [
    "a failure",
    { type: "web_search_tool_result_error", error_code: "too_many_requests" },
    "Error: The search failed: the search engine takes no more searches for now.",
  ],
  ["something unknown", "?", "Error: The search failed: unavailable."],
])("%s", async (_, content, words) => {
  const [, tool] = (await history([use(1, "a"), result(1, content)])) as object[]
  expect(tool).toEqual({ role: "tool", tool_call_id: "call_1", content: words })
})

test("a call without a result, and other servers' tools, are told as text as ever", async () => {
  const fetched = { type: "server_tool_use", id: "srvtoolu_9", name: "web_fetch", input: { url: "https://a.test" } }
  expect(await history([use(1, "a"), fetched, text("x")])).toEqual([
    { role: "assistant", content: '[web_search {"query":"a"}]\n\n[web_fetch {"url":"https://a.test"}]\n\nx' },
    question,
  ])
})

test("the history is told so although the request has no search in it", async () => {
  const content = [use(1, "a"), result(1, [page("a")]), text("x")]
  expect(await history(content, { tools: [] })).toEqual([
    { role: "assistant", content: null, tool_calls: [call(1, "a")] }, told(1, "a"), { role: "assistant", content: "x" }, question,
  ])
})
