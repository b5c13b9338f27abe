import { expect, test } from "vitest"
import type { Tool } from "../../../src/anthropic/types.ts"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { call, DONE, finish, replyTo } from "./_reply.ts"
import { assistant, extra, messagesOf, refusal, text, toolCall, translate, user, type Fields } from "./_translate.ts"

const computer: Tool = { type: "computer_toolset_20260801" }
const browser: Tool = { type: "browser_toolset_20260801" }
const own: Tool = { name: "left_click", input_schema: { type: "object" } }

/** From the SDK's types: `ComputerMemberName` and `BrowserMemberName`. */
const COMPUTER =
  "key hold_key type cursor_position mouse_move left_mouse_down left_mouse_up left_click left_click_drag right_click " +
  "middle_click double_click triple_click scroll wait screenshot zoom"
const BROWSER =
  "navigate list_tabs new_tab switch_tab close_tab read_page get_page_text read_console read_network find form_input " +
  "file_upload scroll_to screenshot zoom left_click right_click middle_click double_click triple_click hover " +
  "left_click_drag left_mouse_down left_mouse_up mouse_move scroll type key hold_key wait javascript_exec"

const functionsOf = (tools: readonly Tool[], fields: Fields = {}, flags: ProfileFlags = {}) =>
  (extra({ tools, ...fields }, flags).tools ?? []).map((tool) => tool.function)
const namesOf = (...parameters: Parameters<typeof functionsOf>) => functionsOf(...parameters).map(({ name }) => name)

test.each([
  ["computer", computer, COMPUTER],
  ["browser", browser, BROWSER],
])("the %s toolset is one described function for each member", (name, toolset, members) => {
  const functions = functionsOf([toolset])
  expect(functions.map((tool) => tool.name)).toEqual(members.split(" ").map((member) => `${name}__${member}`))
  for (const { description, parameters } of functions) {
    expect(description).toMatch(/^[A-Z].*\.$/)
    const { type, properties, required = [] } = parameters as { type: string; properties: object; required?: string[] }
    expect([type, Object.keys(properties)]).toEqual(["object", expect.arrayContaining(required)])
  }
})

test("a click on the screen says where, in numbers", () => {
  const click = functionsOf([computer]).find(({ name }) => name === "computer__left_click")
  expect(click?.parameters).toEqual({
    type: "object",
    properties: {
      coordinate: {
        type: "array",
        items: { type: "number" },
        minItems: 2,
        maxItems: 2,
        description: "[x, y] in pixels from the screen's left and top edge; default: where the cursor is.",
      },
      text: { type: "string", description: 'Keys to hold down meanwhile, such as "ctrl" or "ctrl+shift".' },
    },
  })
})

test("a member that is not enabled is left out", () => {
  const on = { wait: { enabled: true, defer_loading: true }, key: null, type: { enabled: null } }
  const off = { zoom: { enabled: false }, ...on }
  const left = COMPUTER.split(" ").filter((member) => member !== "zoom")
  expect(namesOf([{ ...computer, configs: off }])).toEqual(left.map((member) => `computer__${member}`))
})

test("a schema is cut for a member as for any tool", () => {
  const flags = { schema: { remove: ["minItems", "maxItems"] } }
  expect(JSON.stringify(functionsOf([computer], {}, flags))).not.toMatch(/minItems|maxItems/)
})

test("a name longer than the backend takes is shortened, and found again", () => {
  const flags = { tool_name_max: 16 }
  const short = namesOf([browser], {}, flags).at(-1) ?? ""
  expect([short.length, short]).toEqual([16, expect.not.stringContaining("javascript")])
  const setting = { request: { tools: [browser] }, flags }
  const { events } = replyTo([call(0, "c1", short, "{}"), finish("tool_calls"), DONE], setting)
  expect(events).toContainEqual(begun("javascript_exec", "browser"))
})

test("a call of a member names the member and its toolset", () => {
  const member = call(0, "c1", "computer__left_click", '{"coordinate":[1,2]}')
  const { events } = replyTo([member, call(1, "c2", "left_click", "{}"), finish("tool_calls"), DONE], {
    request: { tools: [computer, own] },
  })
  expect(events.filter(({ type }) => type === "content_block_start")).toEqual([
    begun("left_click", "computer", "c1", 0),
    { type: "content_block_start", index: 1, content_block: { ...tool("left_click", "c2") } },
  ])
})

test("a member that is not enabled is still named as one: the client knows what to say", () => {
  const tools = [{ ...computer, configs: { zoom: { enabled: false } } }]
  const { events } = replyTo([call(0, "c1", "computer__zoom", "{}"), finish("tool_calls"), DONE], { request: { tools } })
  expect(events).toContainEqual(begun("zoom", "computer"))
})

test("a member is not streamed as it comes because a tool of its name is", () => {
  const tools = [computer, { ...own, eager_input_streaming: true }]
  const piece = '{"coordinate":[1,'
  const member = replyTo([call(0, "c1", "computer__left_click", piece)], { request: { tools } })
  const eager = replyTo([call(0, "c1", "left_click", piece)], { request: { tools } })
  const began = [member, eager].map(({ events }) => events.some(({ type }) => type === "content_block_start"))
  expect(began).toEqual([false, true])
})

test("a call in the history is told by the member's name, with or without the toolset", () => {
  const use = (name: string, toolset_name: string | null) => {
    return { type: "tool_use", id: name, name, input: {}, toolset_name }
  }
  const result = (id: string) => ({ type: "tool_result", tool_use_id: id, content: "done", toolset_name: "computer" })
  const messages = [
    user(text("q")),
    assistant(use("left_click", "computer"), use("wave", "ro bot"), use("plain", null)),
    user(result("left_click"), result("wave"), result("plain")),
  ]
  const calls = [
    toolCall("left_click", "{}", "computer__left_click"),
    toolCall("wave", "{}", "ro_bot__wave"),
    toolCall("plain", "{}", "plain"),
  ]
  const told = [
    { role: "user", content: "q" },
    { role: "assistant", content: null, tool_calls: calls },
    ...["left_click", "wave", "plain"].map((id) => ({ role: "tool", tool_call_id: id, content: "done" })),
  ]
  expect(messagesOf(messages)).toEqual(told)
  expect(translate({ messages, tools: [computer] }).body.messages).toEqual(told)
})

test("a choice names a member, a toolset, or a tool of the client's first of all", () => {
  const choose = (tools: readonly Tool[], name: string, flags: ProfileFlags = {}) => {
    const { tools: sent, tool_choice } = extra({ tools, tool_choice: { type: "tool", name } }, flags)
    return [sent?.length, tool_choice]
  }
  const named = (name: string) => ({ type: "function", function: { name } })
  expect(choose([computer], "zoom")).toEqual([17, named("computer__zoom")])
  expect(choose([computer], "computer")).toEqual([17, "required"])
  expect(choose([computer, browser], "zoom")).toEqual([2, "required"])
  expect(choose([computer, own], "left_click")).toEqual([18, named("left_click")])
  expect(choose([computer], "zoom", { tool_choice: ["required"] })).toEqual([1, "required"])
  expect(refusal(() => choose([computer], "navigate"))).toBe(
    '400 tool_choice.name: there is no tool "navigate" among the tools',
  )
})

test("a tool with the very name of a member is refused", () => {
  expect(refusal(() => namesOf([computer, { ...own, name: "computer__zoom" }]))).toBe(
    '400 tools: Tool names must be unique: "computer__zoom" is the name that the toolset computer\'s zoom goes by here',
  )
  expect(namesOf([computer, { ...own, name: "computer__other" }])).toHaveLength(18)
})

test("the computer tool of before is one function, with the actions of its version and the size of the screen", () => {
  const described = (tool: object) => {
    const [only] = functionsOf([{ name: "computer", display_width_px: 1024, display_height_px: 768, ...tool }])
    const { properties, required } = (only?.parameters ?? {}) as Schema
    const actions = properties.action?.enum
    return { name: only?.name, said: only?.description, actions, properties: Object.keys(properties), required }
  }
  const said =
    "Works a screen of 1024 x 768 pixels, a mouse and a keyboard. Take a screenshot to see what has come of an action."
  const first =
    "key type mouse_move left_click left_click_drag right_click middle_click double_click screenshot cursor_position"
  const later = `${first} hold_key left_mouse_down left_mouse_up triple_click scroll wait`
  const fields = ["action", "coordinate", "text"]
  const more = [...fields, "start_coordinate", "scroll_direction", "scroll_amount", "duration"]
  const expected = { name: "computer", said, required: ["action"] }
  const versions = [{ type: "computer_20241022" }, { type: "computer_20250124" }]
  expect([...versions, { type: "computer_20251124", enable_zoom: true }].map(described)).toEqual([
    { ...expected, actions: first.split(" "), properties: fields },
    { ...expected, actions: later.split(" "), properties: more },
    { ...expected, actions: [...later.split(" "), "zoom"], properties: [...more, "region"] },
  ])
})

interface Schema {
  readonly properties: Record<string, { enum?: string[] }>
  readonly required: readonly string[]
}

function tool(name: string, id = "c1") {
  return { type: "tool_use", id, name, input: {}, caller: { type: "direct" } }
}

function begun(name: string, toolset_name: string, id = "c1", index = 0) {
  return { type: "content_block_start", index, content_block: { ...tool(name, id), toolset_name } }
}
