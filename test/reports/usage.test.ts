/** What users of other proxies reported about token counts. */
import { expect, test } from "vitest"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { chunks, json } from "../_backend.ts"
import { delta } from "../_proxy.ts"
import { answer, useLine } from "./_line.ts"
import { told } from "./_told.ts"

const line = useLine()

const cached = { prompt_tokens: 1000, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 900 } }

test("grok2api#748, codex-proxy#587, commandcode-proxy#25, new-api#6821, CCR 00f5d6e4: cached tokens count once", async () => {
  const counts = { input_tokens: 100, output_tokens: 7, cache_read_input_tokens: 900 }
  const script = chunks([delta({ content: "Hello" }, "stop"), { choices: [], usage: cached }])
  expect(await line.stream(script)).toEqual(told({ stop: "end_turn", usage: counts }, ["text", "Hello"]))
  const whole = json(200, { choices: [{ message: { content: "Hello" }, finish_reason: "stop" }], usage: cached })
  expect(await line.whole(whole)).toMatchObject({ usage: { ...counts, cache_creation_input_tokens: 0 } })
})

test("litellm#24176, envoy#2350, ollama#13934: counts are there and not 0 from the first event on, told or not", async () => {
  const [first] = await line.stream(chunks([delta({ content: "Hello" }, "stop")]))
  const { usage } = (first as MessageEvent & { type: "message_start" }).message
  expect(usage.input_tokens).toBeGreaterThan(0)
  expect(Object.keys(usage).toSorted()).toEqual([
    "cache_creation",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "inference_geo",
    "input_tokens",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
    "service_tier",
    "speed",
  ])
  const events = await line.stream(answer("stop", { content: "Hello" }))
  expect(events).toEqual(told({ stop: "end_turn" }, ["text", "Hello"]))
})

test("envoy#2236, #2239, #1631, agentgateway#2977: totals in every chunk are not added up", async () => {
  const counted = (value: object, completion_tokens: number, finish: string | null = null) => {
    return { ...delta(value, finish), usage: { prompt_tokens: 10, completion_tokens } }
  }
  const script = chunks([counted({ content: "a" }, 1), counted({ content: "b" }, 2), counted({}, 5, "stop")])
  const [first, ...events] = await line.stream(script)
  expect(first).toMatchObject({ message: { usage: { input_tokens: 10, output_tokens: 0 } } })
  expect(events).toEqual(told({ stop: "end_turn" }, ["text", "a", "b"]).slice(1))
})

test("envoy#2292: a count that a later chunk leaves out, or has as null, stays", async () => {
  const script = chunks([
    { ...delta({ content: "a" }), usage: cached },
    { ...delta({ content: "b" }), usage: { prompt_tokens: null, completion_tokens: 8 } },
    { ...delta({}, "stop"), usage: null },
    { choices: [], usage: { completion_tokens: 9 } },
  ])
  const [, ...events] = await line.stream(script)
  const usage = { input_tokens: 100, output_tokens: 9, cache_read_input_tokens: 900 }
  expect(events).toEqual(told({ stop: "end_turn", usage }, ["text", "a", "b"]).slice(1))
})
