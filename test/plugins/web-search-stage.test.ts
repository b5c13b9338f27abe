/** The stage by itself: whom it leaves alone, and what it lets go of. */
import { expect, test } from "vitest"
import { unfold } from "../../src/anthropic/fold.ts"
import type { AssistantMessage, MessageEvent } from "../../src/anthropic/events.ts"
import type { AnyStage, Routed, Stage } from "../../src/stage.ts"
import { Flow, flowOf } from "../../src/stream/flow.ts"
import { toolsWith } from "../_tools.ts"
import { pluginWith, TOOL } from "./_web-search.ts"

async function stage(): Promise<Stage<"toOpenAI">> {
  const { plugin, options } = await pluginWith({ engine: "searxng", url: "http://127.0.0.1:1" })
  const made = (await plugin.setup(options, toolsWith())) as AnyStage
  if (made.before !== "toOpenAI") throw new Error("another place")
  return made
}

const context = (api: string): Routed => {
  const request = { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }], tools: [TOOL] }
  const target = { model: "m", backend: { api, profile: { api: "anthropic", responses_models: [] } } }
  return { id: "req", signal: new AbortController().signal, request, target } as unknown as Routed
}

const message: AssistantMessage = {
  id: "msg", type: "message", role: "assistant", model: "m", content: [{ type: "text", text: "Hi.", citations: null }],
  stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null, diagnostics: null,
  usage: {
    input_tokens: 1, output_tokens: 2, cache_creation_input_tokens: null, cache_read_input_tokens: null, cache_creation: null,
    output_tokens_details: null, server_tool_use: null, service_tier: null, inference_geo: null, speed: null,
  },
}

test.each(["anthropic", "auto"])("a backend of Anthropic's API (%s) gets the request itself", async (api) => {
  const given = context(api)
  let asked: Routed | undefined
  const reply = flowOf(unfold(message))
  const { run } = await stage()
  expect(await run(given, async (context) => ((asked = context), reply))).toBe(reply)
  expect(asked).toBe(given)
})

test("whoever stops reading stops the round that runs, and the request for it", async () => {
  const { run } = await stage()
  const cancelled: unknown[] = []
  let signal: AbortSignal | undefined
  const [start] = unfold(message)
  const lists: (readonly MessageEvent[])[] = start ? [[start]] : []
  const running = new Flow<readonly MessageEvent[]>({
    read: () => lists.shift() ?? new Promise(() => {}),
    cancel: (reason) => void cancelled.push(reason),
  })
  const reader = (await run(context("chat"), async (context) => ((signal = context.signal), running))).getReader()
  expect((await reader.read()).value).toEqual([start])
  reader.read().catch(() => {}) // waits for what never comes
  await reader.cancel("enough")
  expect([cancelled, signal?.aborted]).toEqual([["enough"], true])
})
