/** Tool calls as backends stream them, put together by the official SDK on the other side of the proxy. */
import Anthropic from "@anthropic-ai/sdk"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createProxy, type Proxy } from "../../src/proxy.ts"
import { checkGrammar } from "../../src/testing/grammar.ts"
import type { ChatToolCallDelta } from "../../src/wires/chat/types.ts"
import { callChunks, callsOf } from "../wires/chat/_calls.ts"
import { anyStreams, expected, stream, streams } from "../wires/chat/_call-styles.ts"

/** Failures print it; set SEED to run another one. */
const SEED = Number(process.env["SEED"] ?? 20261122)

let proxy: Proxy
let client: Anthropic
let answer = "" // what the backend says next
beforeAll(async () => {
  proxy = await createProxy(
    {
      keys: [{ name: "test", key: "sk-in-process" }],
      models: { m: { backend: "b", model: "m" } },
      backends: { b: { base_url: "http://127.0.0.1:9/v1" } },
    },
    { fetch: async () => new Response(answer) },
  )
  const fetch: typeof globalThis.fetch = async (url, init) => proxy.fetch(new Request(url, init))
  client = new Anthropic({ apiKey: "sk-in-process", baseURL: "http://localhost", maxRetries: 0, fetch })
})
afterAll(() => proxy.close())

/** The message the SDK makes of these deltas, each list a chunk. */
async function accumulated(lists: readonly (readonly ChatToolCallDelta[])[]): Promise<Anthropic.Message> {
  const chunks = [
    ...lists.map((tool_calls) => ({ choices: [{ index: 0, delta: { tool_calls } }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
  ]
  answer = `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`
  return client.messages.stream({ model: "m", max_tokens: 9, messages: [{ role: "user", content: "hi" }] }).finalMessage()
}

test(`the SDK gets each call as the model meant it (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(streams, async (given) => {
      const { content, stop_reason } = await accumulated(stream(given))
      const calls = content.map((block) => block.type === "tool_use" && [block.name, JSON.stringify(block.input)])
      expect(calls).toEqual(expected(given).map(({ name, json }) => [name, JSON.stringify(JSON.parse(json))]))
      expect(new Set(content.map((block) => "id" in block && block.id)).size).toBe(calls.length)
      expect(stop_reason).toBe("tool_use")
    }),
    { seed: SEED, numRuns: 150 },
  )
})

test(`calls that cannot be told apart still make an answer by the grammar, or an error (seed ${SEED})`, () => {
  fc.assert(
    fc.property(anyStreams, (given) => {
      const events = callChunks(stream(given))
      const calls = callsOf(events)
      expect(checkGrammar(events)).toEqual([])
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length)
      for (const { json } of calls) expect(JSON.parse(json)).toEqual(expect.any(Object))
    }),
    { seed: SEED, numRuns: 1500 },
  )
})

describe("what came too late to be told is an error, and no call with other arguments", () => {
  const error = { error: { error: { message: 'backend "b" went on with a tool call that was complete' } } }
  const begins = (index: number, id: string, args: string): ChatToolCallDelta[] => [
    { index, id, function: { name: `tool_${id}`, arguments: args } },
  ]
  const goesOn = (index: number, args: string): ChatToolCallDelta[] => [{ index, function: { arguments: args } }]

  test("an empty object, the next call, then the arguments", async () => {
    await expect(accumulated([begins(0, "a", "{}"), begins(1, "b", "{}"), goesOn(0, '{"rm":1}')])).rejects.toMatchObject(error)
  })

  test("an object, the next call, then half of another object", async () => {
    await expect(accumulated([begins(0, "a", '{"x":1}'), begins(1, "b", "{}"), goesOn(0, ',"y"')])).rejects.toMatchObject(error)
  })

  test("the same arguments once more are no more than they were", async () => {
    const { content } = await accumulated([begins(0, "a", '{"x":1}'), begins(1, "b", "{}"), goesOn(0, '{"x":1}')])
    expect(content).toMatchObject([{ input: { x: 1 } }, { input: {} }])
  })

  test("blanks behind arguments are nothing", async () => {
    const { content } = await accumulated([begins(0, "a", '{"x":1}'), begins(1, "b", "{}"), goesOn(0, " \n")])
    expect(content).toMatchObject([{ input: { x: 1 } }, { input: {} }])
  })
})
