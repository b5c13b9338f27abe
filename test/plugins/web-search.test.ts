import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { AssistantMessage, MessageEvent } from "../../src/anthropic/events.ts"
import { fold } from "../../src/anthropic/fold.ts"
import { chunks, controlled, error } from "../_backend.ts"
import { checkGrammar } from "../../src/testing/grammar.ts"
import { delta } from "../_proxy.ts"
import { calls, finds, findsQuery, page, rounds, says, searches, startSearch, TOOL, withPlainIds, type SearchSetup } from "./_web-search.ts"

let setup: SearchSetup
beforeEach(async () => {
  setup = await startSearch()
})
afterEach(() => setup.close())

const direct = { caller: { type: "direct" } }
const used = (n: number, input: unknown): object => ({ type: "server_tool_use", id: `srvtoolu_${n}`, name: "web_search", input, ...direct })
const found = (n: number, ...names: readonly string[]): object => {
  return { type: "web_search_tool_result", tool_use_id: `srvtoolu_${n}`, content: names.map(page), ...direct }
}
const failed = (n: number, error_code: string): object => {
  const content = { type: "web_search_tool_result_error", error_code }
  return { type: "web_search_tool_result", tool_use_id: `srvtoolu_${n}`, content, ...direct }
}
const text = (text: string): object => ({ type: "text", text, citations: null })

/** The message, once the grammar of its events is found to be right. */
function told(events: readonly MessageEvent[]): AssistantMessage {
  expect(checkGrammar(events)).toEqual([])
  const message = fold(events)
  if (!message) throw new Error("no message")
  return message
}

test("a search stands in the running answer as a call and its results, and the answer goes on with what they say (CLIProxyAPI#364 #883)", async () => {
  setup.backend.play(calls([["web_search", { query: "tea" }]], "I look."), says("Tea is a leaf."))
  setup.engine.play(finds("leaf", "cup"))
  const events = await setup.ask()
  const usage = { input_tokens: 6, output_tokens: 3, cache_creation_input_tokens: 0, cache_read_input_tokens: 4 }
  expect(events).toEqual([
    { type: "message_start", message: expect.objectContaining({ id: "msg", model: "m", content: [], stop_reason: null }) },
    { type: "content_block_start", index: 0, content_block: text("") },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "I look." } },
    { type: "content_block_stop", index: 0 },
    { type: "content_block_start", index: 1, content_block: used(1, {}) },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"query":"tea"}' } },
    { type: "content_block_stop", index: 1 },
    { type: "content_block_start", index: 2, content_block: found(1, "leaf", "cup") },
    { type: "content_block_stop", index: 2 },
    { type: "content_block_start", index: 3, content_block: text("") },
    { type: "content_block_delta", index: 3, delta: { type: "text_delta", text: "Tea is a leaf." } },
    { type: "content_block_stop", index: 3 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
      usage: {
        ...Object.fromEntries(Object.entries(usage).map(([name, tokens]) => [name, 2 * tokens])),
        output_tokens_details: null,
        server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
      },
    },
    { type: "message_stop" },
  ])
  expect(setup.engine.asked.map(({ method, path }) => [method, path])).toEqual([["GET", "/v1/search?q=tea&format=json"]])
})

test("the model is given a function, and then what its search found (copilot-api#185 #273, agent-maestro#168)", async () => {
  setup.backend.play(searches("tea"), says("Tea."))
  setup.engine.play(finds("leaf", "cup"))
  await setup.ask({ tools: [{ ...TOOL, user_location: { type: "approximate", city: "Oslo", country: "NO" } }] })
  const [first] = setup.backend.asked
  expect(first?.body).toMatchObject({
    tools: [{
      type: "function",
      function: {
        name: "web_search",
        description: expect.stringContaining("near Oslo, NO."),
        parameters: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
      },
    }],
  })
  const call = { id: "call_0", type: "function", function: { name: "web_search", arguments: '{"query":"tea"}' } }
  const question = { role: "user", content: "Hello" }
  const pages = "1. leaf\nhttps://leaf.test/\nAll about leaf.\n\n2. cup\nhttps://cup.test/\nAll about cup."
  expect(rounds(setup)).toEqual([
    [question],
    [question, { role: "assistant", content: null, tool_calls: [call] }, { role: "tool", tool_call_id: "call_0", content: pages }],
  ])
})

test("a whole answer is what the events of a streamed one add up to", async () => {
  const script = [calls([["web_search", { query: "tea" }]], "I look."), says("Tea.")]
  setup.backend.play(...script, ...script)
  setup.engine.play(finds("leaf"), finds("leaf"))
  const streamed = told(await setup.ask())
  const response = await setup.proxy.send({ model: "m", tools: [TOOL] })
  expect(JSON.parse(withPlainIds(await response.text()))).toEqual(streamed)
  expect(streamed.content).toEqual([text("I look."), used(1, { query: "tea" }), found(1, "leaf"), text("Tea.")])
})

test("several searches at once, and round after round (antigravity-claude-proxy#27)", async () => {
  setup.backend.play(searches("tea", "cup"), searches("pot"), says("All."))
  setup.engine.play(findsQuery, findsQuery, findsQuery)
  const { content, usage } = told(await setup.ask())
  expect(content).toEqual([
    used(1, { query: "tea" }), used(2, { query: "cup" }), found(1, "tea"), found(2, "cup"),
    used(3, { query: "pot" }), found(3, "pot"), text("All."),
  ])
  expect(usage.server_tool_use).toEqual({ web_search_requests: 3, web_fetch_requests: 0 })
  expect((rounds(setup)[2] as { role: string }[]).map(({ role }) => role)).toEqual(["user", "assistant", "tool", "tool", "assistant", "tool"])
})

test("a model that does not search answers as ever", async () => {
  setup.backend.play(says("Hi."))
  const events = await setup.ask()
  expect(told(events).content).toEqual([text("Hi.")])
  expect(events.find(({ type }) => type === "message_delta")).toEqual({
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
    usage: {
      input_tokens: 6,
      output_tokens: 3,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 4,
      output_tokens_details: null,
      server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
    },
  })
})

describe("the client's own tools", () => {
  const own = { name: "clock", input_schema: { type: "object", properties: {} } }

  test("called beside a search: the search comes first, then the call, and the turn is the client's", async () => {
    setup.backend.play(calls([["clock", { zone: 1 }], ["web_search", { query: "tea" }]]))
    setup.engine.play(finds("leaf"))
    const { content, stop_reason } = told(await setup.ask({ tools: [own, TOOL] }))
    expect(content).toEqual([
      used(1, { query: "tea" }), found(1, "leaf"), { type: "tool_use", id: "call_0", name: "clock", input: { zone: 1 }, ...direct },
    ])
    expect([stop_reason, setup.backend.asked.length]).toEqual(["tool_use", 1])
  })

  test("called alone, with arguments as the model wrote them", async () => {
    const raw = '{"n": 1.0, "id": 12345678901234567890}'
    setup.backend.play(chunks([delta({ tool_calls: [{ index: 0, id: "c", function: { name: "clock", arguments: raw } }] }, "tool_calls")]))
    const events = await setup.ask({ tools: [own, TOOL] })
    expect(checkGrammar(events)).toEqual([])
    const pieces = events.flatMap((event) => (event.type === "content_block_delta" && "partial_json" in event.delta ? [event.delta.partial_json] : []))
    expect(pieces.join("")).toBe(raw)
  })
})

describe("limits", () => {
  test("beyond max_uses a search is refused, the model is told, and it is offered none any more", async () => {
    setup.backend.play(searches("a"), searches("b"), says("Enough."))
    setup.engine.play(finds("a"))
    const { content } = told(await setup.ask({ tools: [{ ...TOOL, max_uses: 1 }] }))
    expect(content).toEqual([used(1, { query: "a" }), found(1, "a"), used(2, { query: "b" }), failed(2, "max_uses_exceeded"), text("Enough.")])
    expect(setup.engine.asked).toHaveLength(1)
    expect(setup.backend.asked[2]?.body).toMatchObject({ tool_choice: "none" })
    expect((rounds(setup)[2] as object[]).at(-1)).toMatchObject({ role: "tool", content: expect.stringContaining("no more searches") })
  })

  test("other tools stay when no search is left", async () => {
    setup.backend.play(searches("a", "b"), says("Enough."))
    setup.engine.play(finds("a"))
    await setup.ask({ tools: [{ ...TOOL, max_uses: 1 }, { name: "clock", input_schema: { type: "object" } }] })
    expect(setup.backend.asked[1]?.body).toMatchObject({ tools: [{ function: { name: "clock" } }] })
  })

  test("a model that searches for ever pauses after ten rounds", async () => {
    setup.backend.play(...Array.from({ length: 11 }, (_, n) => searches(`${n}`)))
    setup.engine.play(...Array.from({ length: 11 }, () => finds("a")))
    const { stop_reason } = told(await setup.ask({ tools: [{ ...TOOL, max_uses: 50 }] }))
    expect([stop_reason, setup.backend.asked.length, setup.engine.asked.length]).toEqual(["pause_turn", 10, 10])
  })

  test("max_tokens is for all rounds together", async () => {
    setup.backend.play(searches("a"), searches("b"))
    setup.engine.play(finds("a"), finds("b"))
    const { stop_reason } = told(await setup.ask({ max_tokens: 5 }))
    expect(stop_reason).toBe("max_tokens")
    expect(setup.backend.asked.map(({ body }) => (body as { max_tokens: number }).max_tokens)).toEqual([5, 2])
  })
})

test.each([{ type: "tool", name: "web_search" }, { type: "any" }])("a search that was forced ($type) is forced once", async (tool_choice) => {
  setup.backend.play(searches("tea"), says("Tea."))
  setup.engine.play(finds("leaf"))
  await setup.ask({ tool_choice })
  const choices = setup.backend.asked.map(({ body }) => (body as { tool_choice: unknown }).tool_choice)
  expect(choices).toEqual([tool_choice.name ? { type: "function", function: { name: "web_search" } } : "required", "auto"])
})

describe("a failure", () => {
  test("of the backend after a search is an error event, and for who does not stream its status", async () => {
    setup.backend.play(searches("a"), error(429, "slow down"), searches("a"), error(429, "slow down"))
    setup.engine.play(finds("a"), finds("a"))
    const events = await setup.ask()
    expect(checkGrammar(events)).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: "error", error: { type: "rate_limit_error", message: expect.stringContaining("slow down") } })
    expect((await setup.proxy.send({ model: "m", tools: [TOOL] })).status).toBe(429)
  })

  test("of the backend before the first round is a status", async () => {
    setup.backend.play(error(400, "no"))
    expect((await setup.proxy.send({ model: "m", tools: [TOOL], stream: true })).status).toBe(400)
  })

  test("in the middle of a round ends the answer as it is", async () => {
    setup.backend.play(searches("a"), chunks([delta({ content: "half" })], { done: false }))
    setup.engine.play(finds("a"))
    const events = await setup.ask()
    expect(checkGrammar(events)).toEqual([])
    expect(events.at(-1)).toMatchObject({ type: "error", error: { type: "api_error" } })
  })
})

describe("a client that leaves", () => {
  test("in a search ends the search, and the model is not asked again", async () => {
    const slow = controlled()
    setup.backend.play(searches("a"))
    setup.engine.play(slow)
    const leave = new AbortController()
    const response = await setup.proxy.send({ model: "m", stream: true, tools: [TOOL] }, undefined, leave.signal)
    const reading = response.text().catch(() => "left")
    await slow.opened
    leave.abort()
    expect([await reading, await slow.closed, setup.backend.asked.length]).toEqual(["left", true, 1])
    expect(setup.proxy.lines.filter((line) => line.includes("plugin=web-search"))).toEqual([])
  })

  test("in a later round ends that", async () => {
    const slow = controlled()
    setup.backend.play(searches("a"), slow)
    setup.engine.play(finds("a"))
    const leave = new AbortController()
    const response = await setup.proxy.send({ model: "m", stream: true, tools: [TOOL] }, undefined, leave.signal)
    const reading = response.text().catch(() => "left")
    await slow.opened
    leave.abort()
    expect([await reading, await slow.closed]).toEqual(["left", true])
  })
})
