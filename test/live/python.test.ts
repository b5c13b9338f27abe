/** Anthropic's Python SDK against the proxy: with the demo backend, and with a real model where there is one. */
import { beforeAll, describe, expect, test } from "vitest"
import { startChild } from "./_child.ts"
import { configFor, startLlama } from "./_llama.ts"
import { lacks } from "./_missing.ts"
import { KEY, startProxy } from "./_proxy.ts"
import { lacksModel, lacksSdk, PYTHON, script } from "./_python.ts"

const DEMO = `models:
  claude-small: { backend: demo, model: demo }
backends:
  demo: { base_url: "demo:" }
`
const MODEL = "claude-small"

/** What the script prints. */
interface Seen {
  readonly created: Said
  readonly texts: readonly string[]
  readonly streamed: Said
  readonly raw: readonly string[]
  readonly count: number
  readonly [key: string]: unknown
}

interface Said {
  readonly content: readonly { readonly type: string; readonly text: string }[]
  readonly stop_reason: string
  readonly usage: { readonly output_tokens: number }
}

const BACKENDS: readonly (readonly [string, () => string | undefined, () => Promise<string>])[] = [
  ["the demo backend", () => undefined, async () => DEMO],
  ["a real model", lacksModel, async () => configFor(await startLlama({ context: 2048 }))],
]

describe.skipIf(lacks(import.meta.url, lacksSdk())).each(BACKENDS)("the Python SDK with %s", (_, lacking, config) => {
  const without = lacking() !== undefined
  let seen: Seen
  beforeAll(async () => {
    if (without) return
    const { url } = await startProxy(await config())
    const { output, ended } = startChild(PYTHON, [script("sdk.py"), MODEL], {
      env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: KEY },
    })
    const code = await ended
    if (code !== 0) throw new Error(`sdk.py ended with ${code}:\n${output.err}`)
    seen = JSON.parse(output.out) as Seen
  })

  test.skipIf(without)("creates a message", () => {
    const { content, stop_reason, usage, ...rest } = seen.created
    expect(rest).toMatchObject({ type: "message", role: "assistant", model: MODEL })
    const types = content.map(({ type }) => type)
    expect([types, stop_reason, usage.output_tokens > 0]).toEqual([["text"], "end_turn", true])
  })

  test.skipIf(without)("streams the pieces of a message", () => {
    const { content, stop_reason, usage } = seen.streamed
    expect([content[0]?.text, seen.texts.length > 2]).toEqual([seen.texts.join(""), true])
    expect([content.length, stop_reason, usage.output_tokens > 0]).toEqual([1, "end_turn", true])
  })

  test.skipIf(without)("reads raw events in their order", () => {
    expect(seen.raw.filter((type, n) => type !== seen.raw[n - 1])).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ])
  })

  test.skipIf(without)("counts tokens, lists models, and knows errors by their class", () => {
    const { count, models, model, refused, rejected } = seen
    const error = { type: "not_found_error", message: "model: nobody-routes-this" }
    expect({ counted: count > 4 && count < 20, models, model, refused, rejected }).toEqual({
      counted: true,
      models: [MODEL],
      model: MODEL,
      refused: [404, { type: "error", error, request_id: expect.stringMatching(/^req_/) }],
      rejected: 401,
    })
  })
})
