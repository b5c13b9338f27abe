import { expect, test } from "vitest"
import type { ToolChoice } from "../../../src/anthropic/types.ts"
import type { ToolChoiceForm } from "../../../src/backends/profile.ts"
import { translate } from "./_translate.ts"

const tools = ["f", "g"].map((name) => ({ name, input_schema: { type: "object" } }))
const ONLY_ONE = "this backend cannot be made to call a tool: only the chosen one was sent"
const A_WISH = "this backend cannot be made to call a tool: it may answer without a call"
const G = { type: "function", function: { name: "g" } }

/** What is sent to a backend that takes these forms: the tools' names, the choice and the notes. */
function sent(tool_choice: ToolChoice, forms: readonly ToolChoiceForm[]) {
  const { body, notes } = translate({ tools, tool_choice }, { tool_choice: forms })
  return [body.tools?.map((tool) => tool.function.name), body.tool_choice, notes]
}

test.each<[type: ToolChoice["type"], forms: readonly ToolChoiceForm[], sent: readonly unknown[]]>([
  ["tool", ["auto", "none", "required", "function"], [["f", "g"], G, []]],
  ["tool", ["auto", "none", "required"], [["g"], "required", []]],
  ["tool", ["auto", "none"], [["g"], undefined, [ONLY_ONE]]],
  ["tool", [], [["g"], undefined, [ONLY_ONE]]],
  ["any", ["auto", "none", "required"], [["f", "g"], "required", []]],
  ["any", ["auto", "none"], [["f", "g"], undefined, [A_WISH]]],
  ["none", ["auto", "none"], [["f", "g"], "none", []]],
  ["none", ["auto"], [undefined, undefined, []]],
  ["auto", ["auto"], [["f", "g"], "auto", []]],
  ["auto", [], [["f", "g"], undefined, []]],
])("the choice %s at a backend that takes %j", (type, forms, expected) => {
  expect(sent({ type, ...(type === "tool" && { name: "g" }) }, forms)).toEqual(expected)
})
