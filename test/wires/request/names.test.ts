import { assert, integer, property, string } from "fast-check"
import { expect, test } from "vitest"
import { encodeId, fitId, fitName } from "../../../src/wires/request/names.ts"
import { originalNames } from "../../../src/wires/request/original-names.ts"
import { assistant, text, toolResult, toolUse, translate, user } from "../chat/_translate.ts"

const long = `mcp__server__${"a".repeat(60)}`
const [one, other] = [`${long}_one`, `${long}_other`]

test("a name that fits stays as it is", () => {
  expect(fitName("a".repeat(64), 64)).toBe("a".repeat(64))
})

test("names that are equal in their first 64 characters stay apart, and look the same every time", () => {
  expect(one.slice(0, 64)).toBe(other.slice(0, 64))
  expect(fitName(one, 64)).toMatch(/^mcp__server__a{36}_[0-9a-z]{14}$/)
  expect(fitName(one, 64)).not.toBe(fitName(other, 64))
  expect(fitName(one, 64)).toBe(fitName(one, 64))
})

test("a shortened name has at most the length asked for, down to the shortest a profile may ask for", () => {
  assert(
    property(string({ minLength: 1, maxLength: 200 }), integer({ min: 16, max: 128 }), (name, max) => {
      expect(fitName(name, max).length).toBeLessThanOrEqual(max)
    }),
  )
})

test("what a model has called in the history need be no name, and is one at the backend", () => {
  expect(fitName("old.name ls<|x|>é", 64)).toBe("old_name_ls__x___")
  const messages = [user(text("q")), assistant(toolUse("a", {}, "json.read")), user(toolResult("a", "r"))]
  expect(translate({ messages }).body.messages[1]).toMatchObject({ tool_calls: [{ function: { name: "json_read" } }] })
})

test("only changed names have to be restored", () => {
  const tools = [{ name: one }, { name: "short" }, { type: "mcp_toolset" }]
  const names = originalNames({ model: "m", max_tokens: 1, messages: [], tools }, 64)
  expect([...names]).toEqual([[fitName(one, 64), { name: one }]])
})

test("a long name is the same in tools, choice, history and tool references", () => {
  const schema = { type: "object" }
  const { body } = translate({
    tools: [{ name: one, input_schema: schema }, { name: other, input_schema: schema }],
    tool_choice: { type: "tool", name: other },
    messages: [
      user(text("q")),
      assistant(toolUse("a", {}, one)),
      user(toolResult("a", [{ type: "tool_reference", tool_name: other }])),
    ],
  })
  expect(body.tools?.map((tool) => tool.function.name)).toEqual([fitName(one, 64), fitName(other, 64)])
  expect(body.tool_choice).toEqual({ type: "function", function: { name: fitName(other, 64) } })
  expect(body.messages.slice(1)).toEqual([
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "a", type: "function", function: { name: fitName(one, 64), arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "a", content: `Tool ${fitName(other, 64)} is now available.` },
  ])
})

test("a long id is shortened alike in call and result", () => {
  const ids = ["x", "y"].map((end) => `toolu_vrtx_${"0".repeat(60)}${end}`)
  for (const tool_id_max of [40, 9]) {
    const messages = [
      user(text("q")),
      assistant(...ids.map((id) => toolUse(id))),
      user(...ids.map((id) => toolResult(id, "r"))),
    ]
    const [, turn, ...results] = translate({ messages }, { tool_id_max }).body.messages
    const called = turn?.role === "assistant" ? turn.tool_calls?.map(({ id }) => id) : undefined
    expect(called).toEqual(ids.map((id) => fitId(id, tool_id_max)))
    expect(results.map((message) => message.role === "tool" && message.tool_call_id)).toEqual(called)
    expect(called?.map((id) => id.length)).toEqual([tool_id_max, tool_id_max])
    expect(new Set(called).size).toBe(2)
  }
})

test("an id for Mistral is letters and digits alone", () => {
  expect(fitId(`toolu_${"0".repeat(30)}`, 9)).toMatch(/^[a-zA-Z0-9]{9}$/)
})

test("a backend's odd id is shown to the client in Anthropic's letters and comes back as it was", () => {
  expect(encodeId("call_abc-1")).toBe("call_abc-1")
  expect(encodeId("functions.x:0")).toBe("toolu_x_ZnVuY3Rpb25zLng6MA")
  expect(fitId("toolu_x_ZnVuY3Rpb25zLng6MA", 40)).toBe("functions.x:0")
  assert(
    property(string({ unit: "grapheme", minLength: 1, maxLength: 40 }), (id) => {
      expect(encodeId(id)).toMatch(/^[a-zA-Z0-9_-]+$/)
      expect(fitId(encodeId(id), 1000)).toBe(id)
    }),
  )
})

test.each(["toolu_x_!!", "toolu_x_YWJj", "toolu_x_gICA", "toolu_x_ZnVuY3Rpb25zLng6MA=", "toolu_x"])(
  "an id that only looks encoded is left alone (%s)",
  (id) => {
    expect(fitId(id, 40)).toBe(id)
  },
)

test("an id of a hundred thousand characters is no problem", () => {
  const id = `a:${"b".repeat(200_000)}`
  expect(fitId(encodeId(id), 40)).toBe(fitId(id, 40))
})
