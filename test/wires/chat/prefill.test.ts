import { expect, test } from "vitest"
import type { Message } from "../../../src/anthropic/types.ts"
import type { Profile } from "../../../src/backends/profile.ts"
import { assistant, refusal, text, translate } from "./_translate.ts"

const messages: readonly Message[] = [{ role: "user", content: "Count" }, assistant(text("1, 2,"))]
const asked = { role: "user", content: "Count" }
const begun = { role: "assistant", content: "1, 2," }

test.each<[prefill: Profile["prefill"], body: object]>([
  ["pass", { messages: [asked, begun] }],
  ["prefix", { messages: [asked, { ...begun, prefix: true }] }],
  ["partial", { messages: [asked, { ...begun, partial: true }] }],
  [
    "continue_final_message",
    { messages: [asked, begun], continue_final_message: true, add_generation_prompt: false },
  ],
])("the beginning of an answer is marked with %s", (prefill, body) => {
  expect(translate({ messages }, { prefill }).body).toEqual({ model: "qwen", max_tokens: 100, ...body })
})

test.each<Profile["prefill"]>(["pass", "prefix", "partial", "continue_final_message"])(
  "a question is not marked with %s, nor what the assistant said before it",
  (prefill) => {
    const question: readonly Message[] = [...messages, { role: "user", content: "Go on" }]
    expect(translate({ messages: question }, { prefill }).body).toEqual(translate({ messages: question }).body)
  },
)

test("a backend that cannot go on refuses", () => {
  expect(refusal(() => translate({ messages }, { prefill: "refuse" }))).toBe(
    "400 messages: This model does not support assistant message prefill. " +
      "The conversation must end with a user message.",
  )
})
