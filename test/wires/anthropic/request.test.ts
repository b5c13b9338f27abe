/** What becomes of a request that a backend is given as it came. */
import { describe, expect, test } from "vitest"
import type { ContentBlock, Message, MessageRequest } from "../../../src/anthropic/types.ts"
import { GENERAL, withFlags, type ProfileFlags } from "../../../src/backends/profile.ts"
import { toMessagesRequest } from "../../../src/wires/anthropic/request.ts"

const HI: Message = { role: "user", content: "hi" }
const OWN = { type: "thinking", thinking: "hm", signature: "llm-proxy.1.abc" } as const
const FOREIGN = { type: "thinking", thinking: "hm", signature: "EqQBCg" } as const
const CALL = { type: "tool_use", id: "a", name: "f", input: {} } as const
const RESULT: Message = { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "r" }] }

function request(fields: object): MessageRequest {
  return { model: "claude-x", max_tokens: 100, messages: [HI], ...fields }
}

function translate(fields: object, flags: ProfileFlags = {}): MessageRequest {
  return toMessagesRequest(request(fields), { model: "m", profile: withFlags(GENERAL, flags) }).body
}

function assistant(...content: readonly (ContentBlock | typeof OWN)[]): Message {
  return { role: "assistant", content }
}

test("only the model is another, and everything else the very same object", () => {
  const given = request({
    system: [{ type: "text", text: "a" }],
    tools: [{ name: "f" }],
    messages: [HI, assistant(FOREIGN, CALL), RESULT],
    shiny: { a: 1 },
    thinking: { type: "enabled", budget_tokens: 50 },
  })
  const { body, notes } = toMessagesRequest(given, { model: "m", profile: GENERAL })
  expect(body).toEqual({ ...given, model: "m" })
  for (const [name, value] of Object.entries(body))
    if (name !== "model") expect(value).toBe(Object.entries(given).find(([it]) => it === name)?.[1])
  expect(notes).toEqual([])
})

test("a request that is only counted gets no max_tokens", () => {
  const { max_tokens: _max, ...count } = request({})
  const { body } = toMessagesRequest(count as MessageRequest, {
    model: "m",
    profile: withFlags(GENERAL, { max_tokens_most: 5 }),
  })
  expect(body).toEqual({ ...count, model: "m" })
})

test("more tokens than the backend gives are not asked for, and none at all are", () => {
  expect(translate({ max_tokens: 100 }, { max_tokens_most: 64 }).max_tokens).toBe(64)
  expect(translate({ max_tokens: 0 }, { max_tokens_most: 64 }).max_tokens).toBe(0)
})

test("what Claude Code tells of the user's folder and repository goes nowhere", () => {
  expect(translate({ safeguards: { cwd: "/home/u" } }, { billing_header: true })).toEqual({
    ...request({}),
    model: "m",
  })
})

describe("the block with Claude Code's version", () => {
  const billing = { type: "text", text: "x-anthropic-billing-header: cc_version=2" }
  const system = [billing, { type: "text", text: "You are", cache_control: { type: "ephemeral" } }]

  test("is left out, and the others are the very same", () => {
    expect(translate({ system }).system).toEqual([system[1]])
    expect(translate({ system }).system?.[0]).toBe(system[1])
    expect(translate({ system: [billing] }).system).toBeUndefined()
  })

  test("stays where it is wanted", () => {
    expect(translate({ system }, { billing_header: true }).system).toBe(system)
  })

  test("does not take blocks with it that nobody knows", () => {
    expect(translate({ system: [billing, { type: "of_tomorrow" }] }).system).toEqual([{ type: "of_tomorrow" }])
  })
})

describe("thinking in the history", () => {
  const redacted = (data: string): ContentBlock => ({ type: "redacted_thinking", data })

  test("that this proxy signed is left out, and a message of nothing else with it (CLIProxyAPI#1584, bifrost#6342)", () => {
    const messages = [
      HI,
      assistant(OWN, redacted("llm-proxy.1.x")),
      assistant(FOREIGN, OWN, { type: "text", text: "a" }),
      HI,
      assistant(FOREIGN),
      HI,
    ]
    const sent = translate({ messages }).messages
    expect(sent).toEqual([HI, assistant(FOREIGN, { type: "text", text: "a" }), HI, assistant(FOREIGN), HI])
    expect(sent[0]).toBe(messages[0])
    expect(sent[3]).toBe(messages[4])
  })

  test("that another signed stays, without a signature too", () => {
    const messages = [
      HI,
      assistant(FOREIGN, redacted("x"), { ...FOREIGN, signature: "" }, { ...FOREIGN, signature: "llm-proxyish" }),
      HI,
    ]
    expect(translate({ messages }).messages).toBe(messages)
  })

  test("that is left out of the turn a result continues turns a budget off until the next", () => {
    const thinking = { type: "enabled", budget_tokens: 50 }
    expect(translate({ thinking, messages: [HI, assistant(OWN, CALL), RESULT] }).thinking).toEqual({
      type: "disabled",
    })
    expect(translate({ thinking, messages: [HI, assistant(OWN, { type: "text", text: "a" }), HI] }).thinking).toBe(
      thinking,
    )
    const earlier = [HI, assistant(OWN, CALL), RESULT, assistant(FOREIGN, CALL), RESULT]
    expect(translate({ thinking, messages: earlier }).thinking).toBe(thinking)
    const adaptive = { type: "adaptive" }
    expect(translate({ thinking: adaptive, messages: [HI, assistant(OWN, CALL), RESULT] }).thinking).toBe(adaptive)
  })
})
