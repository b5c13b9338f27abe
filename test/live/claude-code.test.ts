/** The real Claude Code against the proxy, with the demo backend behind it. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { lacksClaude, runClaude, type Ran } from "./_claude.ts"
import { lacks } from "./_missing.ts"
import { startProxy, type LiveProxy } from "./_proxy.ts"

/** Each name a config of a user catches, and the demo for all of them. */
const CONFIG = `models:
  claude-opus-*: { backend: demo, model: demo }
  claude-sonnet-*: { backend: demo, model: demo }
  claude-haiku-*: { backend: demo, model: demo }
  not-set-up: { backend: bare, model: any }
backends:
  demo: { base_url: "demo:" }
  bare: { base_url: "http://127.0.0.1:9/v1", api_key: "\${LLM_PROXY_LIVE_NOT_SET}" }
`
const SAID_HI = "This is the demo backend of LLM Proxy, not a language model. You said: say hi\n"
const MESSAGES = "POST /v1/messages"

describe.skipIf(lacks(import.meta.url, lacksClaude()))("Claude Code", () => {
  let proxy: LiveProxy
  beforeAll(async () => {
    proxy = await startProxy(CONFIG)
  })
  beforeEach(() => void proxy.requests())

  const claude = (auth: string, ...args: readonly string[]): Promise<Ran> => runClaude(proxy.url, auth, ...args)
  /** Requests that matter; before them it looks whether anybody is there (`HEAD /api/hello`). */
  const asked = (): readonly string[] => proxy.requests().filter((request) => request !== "HEAD /api/hello")

  const KEYS = ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"]
  test.each(KEYS)("prints the answer after one request, with its key in %s", async (auth) => {
    const ran = await claude(auth, "say hi")
    expect({ ...ran, asked: asked() }).toEqual({ code: 0, out: SAID_HI, err: "", asked: [MESSAGES] })
  })

  const MODELS = ["opus", "sonnet", "haiku", "claude-sonnet-4-5-20250929"]
  test.each(MODELS)("asks for --model %s in one request", async (model) => {
    const { code, out } = await claude("ANTHROPIC_AUTH_TOKEN", "say hi", "--model", model)
    expect({ code, out, asked: asked() }).toEqual({ code: 0, out: SAID_HI, asked: [MESSAGES] })
  })

  test("runs the tool that is called and ends with what it gave, in two requests", async () => {
    const { code, out } = await claude("ANTHROPIC_AUTH_TOKEN", "call Read", "--output-format", "json")
    const { result, is_error, num_turns, stop_reason } = JSON.parse(out)
    expect({ code, result, is_error, num_turns, stop_reason, asked: asked() }).toEqual({
      code: 0,
      result: expect.stringMatching(/^This is the demo backend .* The tools returned: Read: .*does not exist/),
      is_error: false,
      num_turns: 2,
      stop_reason: "end_turn",
      asked: [MESSAGES, MESSAGES],
    })
  })

  test("runs tools called in parallel, and each result follows its call", async () => {
    const { code, out } = await claude("ANTHROPIC_AUTH_TOKEN", "call Read and call Bash", "--output-format", "json")
    const { result, is_error } = JSON.parse(out)
    expect({ code, result, is_error, asked: asked() }).toEqual({
      code: 0,
      result: expect.stringMatching(/ The tools returned: Read: .*does not exist.*; Bash: .*no output/),
      is_error: false,
      asked: [MESSAGES, MESSAGES],
    })
  })

  test("shows usage that is not zero, so that its context meter works", async () => {
    const { out } = await claude("ANTHROPIC_AUTH_TOKEN", "say hi", "--output-format", "json")
    const { usage } = JSON.parse(out)
    expect({ input: usage.input_tokens > 0, output: usage.output_tokens > 0 }).toEqual({ input: true, output: true })
  })

  test("a backend that is not set up is told at once, without a retry", async () => {
    const { code, out } = await claude("ANTHROPIC_AUTH_TOKEN", "say hi", "--model", "not-set-up")
    expect({ code, out, asked: asked() }).toEqual({
      code: 1,
      out: expect.stringContaining('backend "bare" is not ready: LLM_PROXY_LIVE_NOT_SET is not set'),
      asked: [MESSAGES],
    })
  })

  test("a model that nobody routes is told, after the one retry Claude Code gives a 404", async () => {
    const { code, out } = await claude("ANTHROPIC_AUTH_TOKEN", "say hi", "--model", "nobody-routes-this")
    expect({ code, out, asked: asked() }).toEqual({
      code: 1,
      out: expect.stringContaining("nobody-routes-this"),
      asked: [MESSAGES, MESSAGES],
    })
  })
})
