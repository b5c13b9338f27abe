/** What users of other proxies reported about thinking. */
import { expect, test } from "vitest"
import { fold } from "../../src/anthropic/fold.ts"
import { answer, piece, tool, useLine } from "./_line.ts"
import { told } from "./_told.ts"

const line = useLine({
  openai: { profile: "openai" },
  deepseek: { profile: "deepseek" },
  gemini: { profile: "gemini" },
  vllm: { profile: "vllm" },
  responses: { api: "responses" },
})

/** A conversation in which the assistant thought, spoke and called. */
function history(...content: readonly object[]): object {
  return {
    tools: [tool("f")],
    messages: [
      { role: "user", content: "q" },
      { role: "assistant", content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "r" }] },
    ],
  }
}

const called = { type: "tool_use", id: "c", name: "f", input: {} }
const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } }

/** The assistant's message as the backend gets it back. */
async function saidBefore(model: string, request: object): Promise<unknown> {
  return ((await line.asked({ model, ...request })) as { readonly messages: readonly unknown[] }).messages[1]
}

/** What the backend is asked beside the fields of every request. */
async function extra(model: string, request: object): Promise<unknown> {
  const usual = new Set(["model", "messages", "max_tokens", "max_completion_tokens"])
  const body = Object.entries((await line.asked({ model, ...request })) as object)
  return Object.fromEntries(body.filter(([field]) => !usual.has(field)))
}

test.each([
  ["openai", { reasoning_effort: "none" }],
  ["vllm", { reasoning_effort: "none" }],
  ["deepseek", { thinking: { type: "disabled" } }],
])("litellm#34589: thinking that is disabled is disabled at %s", async (model, off) => {
  expect(await extra(model, { thinking: { type: "disabled" } })).toEqual(off)
})

test("litellm#34589: a backend that thinks all the same shows nothing of it", async () => {
  const script = answer("stop", { reasoning_content: "Hm." }, { content: "Hello" })
  expect(await line.stream(script, { thinking: { type: "disabled" } })).toEqual(
    told({ stop: "end_turn" }, ["text", "Hello"]),
  )
})

test("claude-code#65863, claude-code-hub#1257: an effort beside thinking that is disabled is not sent", async () => {
  expect(await extra("deepseek", { thinking: { type: "disabled" }, output_config: { effort: "high" } })).toEqual({
    thinking: { type: "disabled" },
  })
})

test.each(["chat", "vllm", "openai"])(
  "agentgateway#2692, #2695, #2504: %s is asked to reason whatever its model is called",
  async (model) => {
    expect(await extra(model, { thinking: { type: "enabled", budget_tokens: 2048 }, max_tokens: 4096 })).toEqual({
      reasoning_effort: "low",
    })
  },
)

test.each([{ type: "disabled" }, { type: "adaptive" }, undefined])(
  "claude-code#21595, deepclaude#19, CLIProxyAPI 8638f28db: edits of the context go nowhere (thinking: %j)",
  async (thinking) => {
    const request = { model: "deepseek", ...(thinking && { thinking }) }
    const context_management = { edits: [{ type: "clear_thinking_20251015", keep: "all" }] }
    expect(await line.asked({ ...request, context_management })).toEqual(await line.asked(request))
  },
)

const FOREIGN = [
  { type: "thinking", thinking: "Hm.", signature: "EqQBCkYIAxgCKkB" },
  { type: "redacted_thinking", data: "EmwKAhgBEgy3va3pzix" },
]

test.each(["chat", "deepseek", "gemini", "openai", "vllm", "responses"])(
  "CLIProxyAPI#1584, #2172, ccs#415, UncommonRoute#19, #20, bifrost#6342: %s gets no thinking that another signed",
  async (model) => {
    const without = await line.asked({ model, ...history(called) })
    expect(await line.asked({ model, ...history(...FOREIGN, called) })).toEqual(without)
  },
)

test("Antigravity-Manager#608, llxprt-code#2335: what one backend thought does not go to another", async () => {
  const script = answer("tool_calls", { reasoning_content: "Hm." }, piece(0, { id: "c", name: "f", args: "{}" }))
  const thinking = { type: "adaptive" }
  const { content } = fold(await line.stream(script, { model: "deepseek", thinking, tools: [tool("f")] })) ?? {}
  expect(content?.map(({ type }) => type)).toEqual(["thinking", "tool_use"])
  const request = { model: "openai", ...history(...(content ?? [])) }
  expect(await line.asked(request)).toEqual(await line.asked({ model: "openai", ...history(called) }))
})

test("9router#355, cc-switch#2331, Roo#12195, bifrost#5887: DeepSeek gets its reasoning_content back", async () => {
  const script = answer("tool_calls", { reasoning_content: "Hm." }, piece(0, { id: "c", name: "f", args: "{}" }))
  const request = { model: "deepseek", thinking: { type: "adaptive" }, tools: [tool("f")] }
  const { content } = fold(await line.stream(script, request)) ?? {}
  expect(await saidBefore("deepseek", history(...(content ?? [])))).toEqual({
    role: "assistant",
    content: null,
    reasoning_content: "Hm.",
    tool_calls: [call],
  })
})

test("awesome-deepseek-agent#63, free-claude-code#223: DeepSeek gets an empty reasoning_content where the thinking is another's", async () => {
  expect(await saidBefore("deepseek", history(...FOREIGN, called))).toEqual({
    role: "assistant",
    content: null,
    reasoning_content: "",
    tool_calls: [call],
  })
})

test("CLIProxyAPI#994, Antigravity-Manager#139, #3342: Gemini gets the stand-in for a missing signature", async () => {
  const extra_content = { google: { thought_signature: "skip_thought_signature_validator" } }
  expect(await saidBefore("gemini", history(called))).toEqual({
    role: "assistant",
    content: null,
    tool_calls: [{ ...call, extra_content }],
  })
})

test("CLIProxyAPI#994, Antigravity-Manager#139, #3342: Gemini gets its own signature back with the call it came with", async () => {
  const extra_content = { google: { thought_signature: "c2lnbmVk" } }
  const signed = { tool_calls: [{ index: 0, ...call, extra_content }] }
  for (const thinking of [{ type: "adaptive" }, { type: "disabled" }]) {
    const request = { model: "gemini", thinking, tools: [tool("f")] }
    const { content } = fold(await line.stream(answer("tool_calls", signed), request)) ?? {}
    expect(await saidBefore("gemini", history(...(content ?? [])))).toEqual({
      role: "assistant",
      content: null,
      tool_calls: [{ ...call, extra_content }],
    })
  }
})

test("pi#5605: thinking that comes in a field and in `<think>` tags, in turns, is told once and never as text", async () => {
  const script = answer(
    "stop",
    { reasoning_content: "Hm" },
    { content: "<thi" },
    { content: "nk>Hm" },
    { reasoning_content: "..." },
    { content: "...</think>" },
    { content: "Hello" },
  )
  expect(await line.stream(script, { model: "vllm", thinking: { type: "adaptive" } })).toEqual(
    told({ stop: "end_turn", model: "vllm" }, ["thinking", "Hm", "..."], ["text", "Hello"]),
  )
})
