/** What users of other proxies reported about tool calls and their results. */
import { expect, test } from "vitest"
import { fold } from "../../src/anthropic/fold.ts"
import { chunks, json } from "../_backend.ts"
import { answer, piece, tool, useLine } from "./_line.ts"
import { told } from "./_told.ts"

const line = useLine({ responses: { api: "responses" }, xai: { profile: "xai" } })
const tools = [tool("f"), tool("g")]

const question = { role: "user", content: "q" }
const use = (id: string, input: object = {}, name = "f") => ({ type: "tool_use", id, name, input })
const result = (id: string, content: unknown = `result of ${id}`) => ({ type: "tool_result", tool_use_id: id, content })
const calls = (...blocks: readonly object[]) => ({ role: "assistant", content: blocks })
const says = (...blocks: readonly object[]) => ({ role: "user", content: blocks })
const text = (words: string) => ({ type: "text", text: words })

/** The messages a backend gets for these. */
async function messages(list: readonly object[], more: object = { tools }): Promise<unknown> {
  const body = await line.asked({ ...more, messages: list })
  return (body as { readonly messages: unknown }).messages
}

const call = (id: string, args = "{}", name = "f") => ({ id, type: "function", function: { name, arguments: args } })
const toolMessage = (id: string) => ({ role: "tool", tool_call_id: id, content: `result of ${id}` })

test.each<[string, readonly object[]]>([
  ["in the first chunk alone", [piece(0, { id: "c", name: "f", args: '{"a":1}' })]],
  ["begun in the first chunk", [piece(0, { id: "c", name: "f", args: '{"a"' }), piece(0, { args: ":1}" })]],
  ["behind the first chunk", [piece(0, { id: "c", name: "f", args: "" }), piece(0, { args: '{"a":1}' })]],
])("litellm#25321: arguments %s are not lost", async (_where, deltas) => {
  expect(await line.stream(answer("tool_calls", ...deltas), { tools })).toEqual(
    told({ stop: "tool_use" }, ["call", "c", "f", '{"a":1}']),
  )
})

test("litellm#25321: arguments that the Responses API tells at their end alone are not lost", async () => {
  const item = { type: "function_call", id: "i", call_id: "c", name: "f", arguments: "" }
  const script = chunks([
    { type: "response.output_item.added", output_index: 0, item },
    { type: "response.function_call_arguments.done", item_id: "i", output_index: 0, arguments: '{"a":1}' },
    { type: "response.completed", response: { status: "completed", usage: { input_tokens: 10, output_tokens: 5 } } },
  ])
  expect(await line.stream(script, { model: "responses", tools })).toEqual(
    told({ stop: "tool_use", model: "responses" }, ["call", "c", "f", '{"a":1}']),
  )
})

test("litellm#15307, #5231, #4554: parallel calls whose pieces take turns are told one after the other", async () => {
  const script = answer(
    "tool_calls",
    { content: "Both." },
    piece(0, { id: "c", name: "f", args: '{"a"' }),
    piece(1, { id: "d", name: "g", args: '{"b"' }),
    piece(0, { args: ":1}" }),
    piece(1, { args: ":2}" }),
  )
  expect(await line.stream(script, { tools })).toEqual(
    told({ stop: "tool_use" }, ["text", "Both."], ["call", "c", "f", '{"a":1}'], ["call", "d", "g", '{"b":2}']),
  )
})

test.each([
  ["stop", "tool_use"],
  ["length", "max_tokens"],
])("litellm#34718, #34692: finish_reason `%s` behind a call is %s", async (finish, stop) => {
  expect(await line.stream(answer(finish, piece(0, { id: "c", name: "f", args: "{}" })), { tools })).toEqual(
    told({ stop }, ["call", "c", "f", "{}"]),
  )
})

test("claude-code-proxy#86, litellm#16711, #17632: each call has one result, however a client splits them", async () => {
  const list = [question, calls(use("c"), use("d", {}, "g")), says(result("d")), says(result("c"), text("go on"))]
  expect(await messages(list)).toEqual([
    question,
    { role: "assistant", content: null, tool_calls: [call("c"), call("d", "{}", "g")] },
    toolMessage("c"),
    toolMessage("d"),
    { role: "user", content: "go on" },
  ])
})

test("CLIProxyAPI c1caa454b, 37609fa17: a call is begun once its name is known", async () => {
  const script = answer(
    "tool_calls",
    piece(0, { id: "c", name: "", args: "" }),
    piece(0, { name: "f" }),
    piece(0, { args: '{"a":1}' }),
  )
  expect(await line.stream(script, { tools })).toEqual(told({ stop: "tool_use" }, ["call", "c", "f", '{"a":1}']))
})

test("ollama#15105, vscode-copilot-release#8040: a call without arguments has an empty input", async () => {
  const script = answer("tool_calls", piece(0, { id: "c", name: "f" }))
  const events = await line.stream(script, { tools })
  expect(events).toEqual(told({ stop: "tool_use" }, ["call", "c", "f", "{}"]))
  expect(fold(events)?.content).toEqual([{ ...use("c"), caller: { type: "direct" } }])
})

test("copilot-api 7776a8f, CLIProxyAPI 297139cc8: results go ahead of what the user says beside them", async () => {
  expect(await messages([question, calls(use("c")), says(text("look:"), result("c"), text("and now?"))])).toEqual([
    question,
    { role: "assistant", content: null, tool_calls: [call("c")] },
    toolMessage("c"),
    { role: "user", content: "look:\n\nand now?" },
  ])
})

test("copilot-api 075ed78: text in one choice and calls in the next are one answer", async () => {
  const whole = json(200, {
    choices: [
      { index: 0, message: { role: "assistant", content: "Looking." }, finish_reason: "tool_calls" },
      { index: 1, message: { role: "assistant", tool_calls: [call("c", '{"a":1}')] }, finish_reason: "tool_calls" },
    ],
  })
  expect(await line.whole(whole, { tools })).toMatchObject({
    content: [{ type: "text", text: "Looking." }, use("c", { a: 1 })],
    stop_reason: "tool_use",
  })
})

test.each(["chat", "xai", "responses"])("CLIProxyAPI 303685c23: %s is sent no choice without tools", async (model) => {
  const choice = { tool_choice: { type: "auto", disable_parallel_tool_use: true } }
  expect(await line.asked({ model, tools: [], ...choice })).toEqual(await line.asked({ model }))
})

test("CLIProxyAPI 8bc2eff58: ids that are too long are shortened alike in call and result", async () => {
  const ids = [1, 2].map((n) => `toolu_${"x".repeat(80)}${n}`)
  const body = await line.asked({
    tools,
    messages: [question, calls(...ids.map((id) => use(id))), says(...ids.map((id) => result(id, "r")))],
  })
  const sent = body as { messages: { tool_call_id?: string; tool_calls?: { id: string }[] }[] }
  const called = sent.messages[1]?.tool_calls?.map(({ id }) => id) ?? []
  expect(sent.messages.slice(2).map((message) => message.tool_call_id)).toEqual(called)
  expect(new Set(called).size).toBe(2)
  expect(called.map((id) => id.length)).toEqual([40, 40])
})

test("CLIProxyAPI 8bc2eff58: a backend's own long id reaches the client as it is", async () => {
  const id = `call_${"y".repeat(90)}`
  const message = (await line.whole(
    json(200, { choices: [{ message: { tool_calls: [call(id)] }, finish_reason: "tool_calls" }] }),
    { tools },
  )) as { content: object[] }
  expect(message.content).toEqual([{ ...use(id), caller: { type: "direct" } }])
})

test("ollama ac83ac20c: arguments keep the order of their keys, there and back", async () => {
  const json = '{"zeta":1,"alpha":{"y":2,"x":[]},"mid":"\\u00e9"}'
  const events = await line.stream(answer("tool_calls", piece(0, { id: "c", name: "f", args: json })), { tools })
  expect(events).toEqual(told({ stop: "tool_use" }, ["call", "c", "f", json]))
  const input = { zeta: 1, alpha: { y: 2, x: [] }, mid: "é" }
  expect(await messages([question, calls(use("c", input)), says(result("c"))])).toEqual([
    question,
    { role: "assistant", content: null, tool_calls: [call("c", JSON.stringify(input))] },
    toolMessage("c"),
  ])
})

test("bifrost#1354: a call whose arguments never come is a call all the same", async () => {
  const script = answer("tool_calls", piece(0, { id: "c", name: "f", args: "" }), piece(0, { args: null }))
  expect(await line.stream(script, { tools })).toEqual(told({ stop: "tool_use" }, ["call", "c", "f", "{}"]))
})

test("bifrost#3511: a loop of tools, from declaration to result", async () => {
  const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
  const body = await line.asked({
    tools: [{ name: "get_weather", description: "Tells the weather.", input_schema }],
    tool_choice: { type: "tool", name: "get_weather" },
    messages: [question, calls(text("Let me see."), use("c", { city: "Paris" }, "get_weather")), says(result("c"))],
  })
  expect(body).toEqual({
    model: "chat-model",
    max_tokens: 100,
    messages: [
      question,
      { role: "assistant", content: "Let me see.", tool_calls: [call("c", '{"city":"Paris"}', "get_weather")] },
      toolMessage("c"),
    ],
    tools: [
      {
        type: "function",
        function: { name: "get_weather", description: "Tells the weather.", parameters: input_schema },
      },
    ],
    tool_choice: { type: "function", function: { name: "get_weather" } },
  })
})
