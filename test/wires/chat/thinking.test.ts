import { describe, expect, test } from "vitest"
import type { Message } from "../../../src/anthropic/types.ts"
import type { ProfileFlags } from "../../../src/backends/profile.ts"
import { assistant, extra, messagesOf, OWN, text, toolCall, toolResult, toolUse, translate, user } from "./_translate.ts"

describe("off", () => {
  const off = { thinking: { type: "disabled" } } as const
  const flags: ProfileFlags = { reasoning: { off } }

  test.each(["disabled", "between_tools"] as const)("thinking %s is told with the backend's own fields", (type) => {
    expect(extra({ thinking: { type }, output_config: { effort: "high" } }, flags)).toEqual(off)
  })

  test("fields turn thinking off where no effort can be asked for, too", () => {
    const reasoning = { request: "none", off: { chat_template_kwargs: { enable_thinking: false } } } as const
    expect(extra({ thinking: { type: "disabled" } }, { reasoning })).toEqual({
      chat_template_kwargs: { enable_thinking: false },
    })
  })

  test("whoever thinks is told nothing of it", () => {
    expect(extra({}, flags)).toEqual({})
    expect(extra({ thinking: { type: "adaptive" } }, flags)).toEqual({})
    expect(extra({ thinking: { type: "enabled", budget_tokens: 9000 } }, flags)).toEqual({ reasoning_effort: "high" })
  })

  test("no field takes the place of what the request says", () => {
    const reasoning = { off: { model: "other", messages: [], temperature: 0 } }
    const { body } = translate({ thinking: { type: "disabled" }, temperature: 1 }, { reasoning })
    expect(body).toEqual({
      model: "qwen",
      messages: [{ role: "user", content: "hi" }],
      max_tokens: 100,
      temperature: 1,
    })
  })
})

describe("replay", () => {
  const thinking = (words: string, signature: string = OWN) => ({ type: "thinking", thinking: words, signature })
  const conversation = (...content: Parameters<typeof assistant>): readonly Message[] => [
    { role: "user", content: "a" },
    assistant(...content, toolUse("t1")),
    user(toolResult("t1", "1")),
  ]
  const called = (messages: readonly Message[], flags: ProfileFlags) => messagesOf(messages, flags)[1]

  test.each(["reasoning", "reasoning_content"] as const)("the backend's own thinking goes back in %s", (replay) => {
    expect(called(conversation(thinking("so"), thinking(" be it"), text("b")), { reasoning: { replay } })).toEqual({
      role: "assistant",
      content: "b",
      [replay]: "so be it",
      tool_calls: [toolCall("t1")],
    })
  })

  test("thinking that another model signed is nobody's business here", () => {
    const message = called(conversation(thinking("so", "EqQBCgIYAhIM")), { reasoning: { replay: "reasoning" } })
    expect(message).toEqual({ role: "assistant", content: null, tool_calls: [toolCall("t1")] })
  })

  test("half a surrogate pair in it is mended", () => {
    const message = called(conversation(thinking("so \ud83d")), { reasoning: { replay: "reasoning" } })
    expect(message).toHaveProperty("reasoning", "so \ufffd")
  })

  test.each(["", " "])("a backend that insists on the field gets %j where there is nothing to give back", (blank) => {
    const reasoning = { replay: "reasoning_content", replay_blank: blank } as const
    const messages = messagesOf([...conversation(), assistant(text("c")), user(text("d"))], { reasoning })
    const told = messages.map((message) => ("reasoning_content" in message ? message.reasoning_content : message.role))
    expect(told).toEqual(["user", blank, "tool", blank, "user"])
  })

  test("each message gets the thinking before it, and without the flag none does", () => {
    const messages: readonly Message[] = [
      ...conversation(thinking("one")),
      assistant(thinking("two"), text("c")),
      { role: "user", content: "d" },
    ]
    const thoughts = (flags: ProfileFlags) =>
      messagesOf(messages, flags).flatMap((message) => ("reasoning" in message ? [message.reasoning] : []))
    expect(thoughts({ reasoning: { replay: "reasoning" } })).toEqual(["one", "two"])
    expect(thoughts({})).toEqual([])
  })
})
