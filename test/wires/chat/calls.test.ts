import { expect, test } from "vitest"
import type { Message } from "../../../src/anthropic/types.ts"
import { encodeId } from "../../../src/wires/request/names.ts"
import { assistant, messagesOf, text, toolCall, toolResult, toolUse, translate, user } from "./_translate.ts"

/** A conversation in which calls with these ids were made and answered. */
function calling(...ids: string[]): readonly Message[] {
  return [
    { role: "user", content: "a" },
    assistant(...ids.map((id) => toolUse(id))),
    user(...ids.map((id) => toolResult(id, "done"))),
  ]
}

/** The ids of the calls and of the results, as the backend gets them. */
function ids(messages: readonly Message[]): readonly string[][] {
  const out = messagesOf(messages, { tool_id_form: "alphanumeric_9" })
  return [
    out.flatMap((message) => ("tool_calls" in message ? (message.tool_calls ?? []).map(({ id }) => id) : [])),
    out.flatMap((message) => (message.role === "tool" ? [message.tool_call_id] : [])),
  ]
}

test("ids become nine letters and digits, alike in call and result, and the same every time", () => {
  const [calls = [], results = []] = ids(calling("toolu_01AbCdEfGhIjKlMnOp", "call_1", "x"))
  expect(results).toEqual(calls)
  expect(calls.map((id) => /^[a-zA-Z0-9]{9}$/.test(id))).toEqual([true, true, true])
  expect(new Set(calls).size).toBe(3)
  expect(ids(calling("x", "call_1"))[0]).toEqual([calls[2], calls[1]])
})

test("an id that is nine letters and digits already is the backend's own", () => {
  expect(ids(calling("D681PevKs"))).toEqual([["D681PevKs"], ["D681PevKs"]])
  expect(ids(calling(encodeId("D681PevKs")))).toEqual([["D681PevKs"], ["D681PevKs"]])
})

test("what Anthropic's servers called is fitted alike", () => {
  const [calls = [], results = []] = ids([
    { role: "user", content: "a" },
    assistant(
      { type: "mcp_tool_use", id: "mcptoolu_1", name: "f", server_name: "s", input: {} },
      { type: "mcp_tool_result", tool_use_id: "mcptoolu_1", content: "done" },
      text("b"),
    ),
    user(text("c")),
  ])
  expect(calls.map((id) => id.length)).toEqual([9])
  expect(results).toEqual(calls)
})

test("the first call of a message carries the fields a backend wants there", () => {
  const extra_content = { google: { thought_signature: "skip" } }
  const [, message] = messagesOf(calling("t1", "t2"), { first_call: { extra_content } })
  expect(message).toEqual({
    role: "assistant",
    content: null,
    tool_calls: [{ ...toolCall("t1"), extra_content }, toolCall("t2")],
  })
})

test("a message that only calls has an empty text where null is refused", () => {
  expect(messagesOf(calling("t1"), { content_null: false })[1]).toEqual({
    role: "assistant",
    content: "",
    tool_calls: [toolCall("t1")],
  })
})

test("a backend that takes its own sampling is told none, and the loss is noted", () => {
  const asked = { temperature: 0.2, top_p: 0.9 }
  const { body, notes } = translate(asked, { sampling: false })
  expect(body).toEqual(translate({}).body)
  expect(notes).toEqual(["temperature and top_p were dropped: this backend takes its own"])
  expect(translate({}, { sampling: false }).notes).toEqual([])
})
