import { describe, expect, it } from "vitest"
import { assistantBlocks, checkedMessage, faultOf, request } from "./_request.ts"

const fault = (body: unknown): string | undefined => faultOf(() => checkedMessage(body))
const message = (given: unknown): string | undefined => fault(request({ messages: [given] }))

describe("messages", () => {
  it.each<[unknown, string]>([
    ["Hello", "messages.0: Input should be an object"],
    [{ content: "Hello" }, "messages.0.role: Field required"],
    [{ role: "tool", content: "Hello" }, "messages.0.role: Input should be 'user', 'assistant' or 'system'"],
    [{ role: "__proto__", content: "Hello" }, "messages.0.role: Input should be 'user', 'assistant' or 'system'"],
    [{ role: "user" }, "messages.0.content: Field required"],
    [{ role: "user", content: null }, "messages.0.content: Input should be a valid list"],
    [{ role: "assistant" }, "messages.0.content: Field required"],
    [{ role: "user", content: { type: "text", text: "a" } }, "messages.0.content: Input should be a valid list"],
    [{ role: "user", content: ["Hello"] }, "messages.0.content.0: Input should be an object"],
    [{ role: "user", content: [{ text: "Hello" }] }, "messages.0.content.0.type: Field required"],
    [{ role: "user", content: [{ type: 1 }] }, "messages.0.content.0.type: Input should be a valid string"],
    [
      { role: "system", output_config: { effort: "more" } },
      "messages.0.output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ],
  ])("%j is refused", (given, expected) => {
    expect(message(given)).toBe(expected)
  })

  it.each([
    [""],
    [[]],
    [[{ type: "text", text: "" }]],
    [
      [
        { type: "text", text: "" },
        { type: "text", text: "" },
      ],
    ],
  ])("a user who says nothing (%j) is refused", (content) => {
    expect(message({ role: "user", content })).toBe("messages.0: user messages must have non-empty content")
  })

  it("an empty text beside other blocks is tolerated, and so is an assistant who said nothing", () => {
    expect(
      message({
        role: "user",
        content: [
          { type: "text", text: "" },
          { type: "text", text: "a" },
        ],
      }),
    ).toBeUndefined()
    expect(
      fault(
        request({
          messages: [
            { role: "user", content: "a" },
            { role: "assistant", content: "" },
          ],
        }),
      ),
    ).toBeUndefined()
    expect(fault(assistantBlocks())).toBeUndefined()
  })

  it("a system message may stand in the middle, and without content when it only changes tools or effort", () => {
    const messages = [
      { role: "user", content: "a" },
      { role: "system", content: [{ type: "text", text: "b", cache_control: { type: "ephemeral" } }] },
      { role: "system", output_config: { effort: "low" } },
      { role: "system", content: null },
      { role: "system", content: [{ type: "tool_removal", tool: { type: "tool_reference", name: "f" } }] },
      { role: "user", content: "c" },
    ]
    expect(fault(request({ messages }))).toBeUndefined()
  })

  it("the fault's path counts messages and blocks from 0", () => {
    const messages = [
      { role: "user", content: "a" },
      { role: "assistant", content: [{ type: "text", text: "b" }, { type: "text" }] },
    ]
    expect(fault(request({ messages }))).toBe("messages.1.content.1.text: Field required")
  })
})
