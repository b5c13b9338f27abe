import { describe, expect, it } from "vitest"
import { checkedMessage, faultOf, request, tool } from "./_request.ts"

const fault = (fields: object): string | undefined => faultOf(() => checkedMessage(request(fields)))

describe("a field that is not what it should be", () => {
  it.each<[object, string]>([
    [{ model: undefined }, "model: Input should be a valid string"],
    [{ model: "" }, "model: String should have at least 1 character"],
    [{ model: 4 }, "model: Input should be a valid string"],
    [{ max_tokens: "100" }, "max_tokens: Input should be a valid integer"],
    [{ max_tokens: 1.5 }, "max_tokens: Input should be a valid integer"],
    [{ max_tokens: null }, "max_tokens: Input should be a valid integer"],
    [{ max_tokens: -1 }, "max_tokens: Input should be greater than or equal to 0"],
    [{ max_tokens: Infinity }, "max_tokens: Input should be a valid integer"],
    [{ messages: {} }, "messages: Input should be a valid list"],
    [{ messages: [] }, "messages: at least one message is required"],
    [{ system: 1 }, "system: Input should be a valid list"],
    [{ system: ["You are"] }, "system.0: Input should be an object"],
    [{ system: [{ type: "text" }] }, "system.0.text: Field required"],
    [{ system: [{ type: "of_tomorrow", text: "" }] }, "system.0.type: Input should be 'text'"],
    [{ stream: "true" }, "stream: Input should be a valid boolean"],
    [{ stop_sequences: "END" }, "stop_sequences: Input should be a valid list"],
    [{ stop_sequences: ["END", 1] }, "stop_sequences.1: Input should be a valid string"],
    [{ stop_sequences: ["END", " \n"] }, "stop_sequences: each stop sequence must contain non-whitespace"],
    [{ temperature: 1.1 }, "temperature: Input should be less than or equal to 1"],
    [{ temperature: -0.1 }, "temperature: Input should be greater than or equal to 0"],
    [{ temperature: "0" }, "temperature: Input should be a valid number"],
    [{ top_p: 2 }, "top_p: Input should be less than or equal to 1"],
    [{ top_k: -1 }, "top_k: Input should be greater than or equal to 0"],
    [{ top_k: 0.5 }, "top_k: Input should be a valid integer"],
    [{ tools: {} }, "tools: Input should be a valid list"],
    [{ tools: [[]] }, "tools.0: Input should be an object"],
    [{ tools: [tool("two words")] }, "tools.0.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"],
    [{ tools: [tool("x".repeat(129))] }, "tools.0.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"],
    [{ tools: [tool("a"), { name: "b" }] }, "tools.1.input_schema: Field required"],
    [{ tools: [{ input_schema: { type: "object" } }] }, "tools.0.name: Field required"],
    [{ tools: [tool("a", { input_schema: {} })] }, "tools.0.input_schema.type: Field required"],
    [
      { tools: [tool("a", { input_schema: { type: "string" } })] },
      "tools.0.input_schema.type: Input should be 'object'",
    ],
    [{ tools: [tool("a", { input_schema: [] })] }, "tools.0.input_schema: Input should be an object"],
    [{ tools: [tool("a", { description: 1 })] }, "tools.0.description: Input should be a valid string"],
    [
      { tools: [tool("a", { type: "custom", input_schema: null })] },
      "tools.0.input_schema: Input should be an object",
    ],
    [{ tools: [{ type: 1 }] }, "tools.0.type: Input should be a valid string"],
    [{ tools: [{ type: "bash_20250124", name: 1 }] }, "tools.0.name: Input should be a valid string"],
    [{ tool_choice: "auto" }, "tool_choice: Input should be an object"],
    [{ tool_choice: {} }, "tool_choice.type: Field required"],
    [{ tool_choice: { type: "required" } }, "tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'"],
    [{ tool_choice: { type: "tool" } }, "tool_choice.name: Field required"],
    [
      { tool_choice: { type: "auto", disable_parallel_tool_use: 1 } },
      "tool_choice.disable_parallel_tool_use: Input should be a valid boolean",
    ],
    [{ thinking: true }, "thinking: Input should be an object"],
    [{ thinking: [] }, "thinking: Input should be an object"],
    [
      { thinking: { type: "on" } },
      "thinking.type: Input should be 'enabled', 'disabled', 'adaptive' or 'between_tools'",
    ],
    [{ thinking: { type: "enabled" } }, "thinking.budget_tokens: Field required"],
    [
      { thinking: { type: "enabled", budget_tokens: 1023 } },
      "thinking.budget_tokens: Input should be greater than or equal to 1024",
    ],
    [{ metadata: "u" }, "metadata: Input should be an object"],
    [{ metadata: { user_id: 1 } }, "metadata.user_id: Input should be a valid string"],
    [
      { output_config: { effort: "minimal" } },
      "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ],
    [{ output_config: { format: { type: "json_schema" } } }, "output_config.format.schema: Field required"],
    [
      { output_config: { format: { type: "json", schema: {} } } },
      "output_config.format.type: Input should be 'json_schema'",
    ],
    [{ output_format: { type: "json_schema", schema: [] } }, "output_format.schema: Input should be an object"],
  ])("%j", (fields, expected) => {
    expect(fault(fields)).toBe(expected)
  })

  it.each(["model", "max_tokens", "messages"])("%s has to be there", (field) => {
    const { [field]: _, ...body } = request()
    expect(faultOf(() => checkedMessage(body))).toBe(`${field}: Field required`)
  })

  it("is told of first come first served, and alone", () => {
    expect(fault({ max_tokens: "x", temperature: 9, tools: 1 })).toBe("max_tokens: Input should be a valid integer")
  })

  it("does not carry a name of the client's own into the path or the message", () => {
    expect(fault({ tools: [tool("a\nb")] })).toBe("tools.0.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
  })
})
