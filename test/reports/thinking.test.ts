/** What users of other proxies reported about thinking. */
import { expect, test } from "vitest"
import { answer, useLine } from "./_line.ts"
import { told } from "./_told.ts"

const line = useLine({ openai: { profile: "openai" }, deepseek: { profile: "deepseek" }, vllm: { profile: "vllm" } })

/** What the backend is asked beside the fields of every request. */
async function extra(model: string, request: object): Promise<unknown> {
  const { model: _model, messages: _messages, max_tokens: _max, ...rest } = (await line.asked({ model, ...request })) as Record<string, unknown>
  const { max_completion_tokens: _completion, ...more } = rest
  return more
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
