/** When the demo backend calls a tool. */
import { describe, expect, it } from "vitest"
import { clock, NAME, said, weather, whole } from "./_demo.ts"

describe("when it calls", () => {
  it("a tool that nobody asked for by name is not called", async () => {
    for (const text of ["get_weather", "call the weather", "recall get_weather", "call get_weather2"]) {
      const { message, finish_reason } = await whole(said(text, { tools: [weather] }))
      expect([text, message.tool_calls, finish_reason]).toEqual([text, undefined, "stop"])
    }
  })

  it("two tools asked for by name are two calls, with ids that go on from the history", async () => {
    const earlier = { id: "x", type: "function", function: { name: "clock", arguments: "{}" } }
    const { message, finish_reason } = await whole({
      model: "demo",
      tools: [weather, clock],
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: null, tool_calls: [earlier] },
        { role: "tool", tool_call_id: "x", content: "12:00" },
        { role: "assistant", content: "noon" },
        { role: "user", content: "Please call `clock`, then call get_weather." },
      ],
    })
    expect({ message, finish_reason }).toEqual({
      message: {
        role: "assistant",
        content: `${NAME} It calls clock, get_weather with made-up input.`,
        tool_calls: [
          { id: "call_demo_2", type: "function", function: { name: "clock", arguments: "{}" } },
          { id: "call_demo_3", type: "function", function: { name: "get_weather", arguments: '{"city":"demo"}' } },
        ],
      },
      finish_reason: "tool_calls",
    })
  })

  it.each([
    ["required calls the first tool", { tool_choice: "required" }, "hello", ["get_weather"]],
    ["required calls the one asked for", { tool_choice: "required" }, "call clock", ["clock"]],
    ["a named tool is called", { tool_choice: { type: "function", function: { name: "clock" } } }, "hi", ["clock"]],
    ["none forbids it", { tool_choice: "none" }, "call clock", undefined],
    ["no parallel calls leaves one", { parallel_tool_calls: false }, "call clock call get_weather", ["clock"]],
  ])("tool choice: %s", async (_, more, text, expected) => {
    const { message } = await whole(said(text, { tools: [weather, clock], ...more }))
    expect(message.tool_calls?.map((call: { function: { name: string } }) => call.function.name)).toEqual(expected)
  })

  it("a tool without a schema is called with an empty object", async () => {
    const { message } = await whole(said("call bare", { tools: [{ type: "function", function: { name: "bare" } }] }))
    expect(message.tool_calls[0].function.arguments).toBe("{}")
  })
})
