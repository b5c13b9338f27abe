/** How long an answer may be, as backends refuse more. */
import { describe, expect, test } from "vitest"
import { heed, tellLesson } from "../../../src/wires/lesson.ts"
import { learn, openai, sentAgain } from "./_learn.ts"

const BODY = { model: "m", messages: [{ role: "user", content: "hi" }], max_tokens: 999_999 }

describe("a refusal that tells the model's own limit", () => {
  test.each<[string, unknown, number]>([
    [
      "OpenAI, Azure (forgecode#1185)",
      openai("max_tokens is too large: 999999. This model supports at most 16384 completion tokens, whereas you provided 999999.", "max_tokens", "invalid_value"),
      16384,
    ],
    [
      "OpenAI's Responses",
      openai("Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 128000, but got 999999 instead.", "max_output_tokens", "integer_above_max_value"),
      128_000,
    ],
    [
      "Groq (opencode#1000)",
      openai("`max_tokens` must be less than or equal to `32768`, the maximum value for `max_tokens` is less than the `context_window` for this model"),
      32768,
    ],
    ["Groq, with the model's name (groq-moa#8)", openai("max_tokens for `llama-3.1-8b-instant` must be less than or equal to 8000"), 8000],
    ["DeepSeek (DeepSeek-V3#69)", openai("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", null, "invalid_request_error"), 8192],
    ["DashScope (open-webui#10507)", openai("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]"), 8192],
    [
      "Anthropic (claude-code#24451)",
      { type: "error", error: { type: "invalid_request_error", message: "max_tokens: 999999 > 64000, which is the maximum allowed number of output tokens for claude-opus-4-5-20251101" } },
      64_000,
    ],
    [
      "Databricks (databricks-sdk-go#1183)",
      { error_code: "BAD_REQUEST", message: "Bad request: rpc error: code = InvalidArgument desc = max_tokens (999999) cannot exceed 8192. Please reduce the length of max output tokens generated.\n" },
      8192,
    ],
    [
      "Volcengine (openclaude#331)",
      openai("The parameter `max_completion_tokens` specified in the request are not valid: integer above maximum value, expected a value <= 12288, but got 999999 instead. Request id: 02177", "max_completion_tokens", "InvalidParameter"),
      12288,
    ],
    ["Ollama's cloud (kimi-code#1148)", { error: { message: "max_tokens (999999) exceeds model's maximum output tokens (65536) for model deepseek-v4-pro", type: "invalid_request_error" } }, 65_536],
    ["PPIO (KeywordGacha#111)", { code: 400, reason: "INVALID_REQUEST_BODY", message: "max_tokens (current value: 999999) must be between 0 and 4000 " }, 4000],
    ["Cohere", { message: "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received 999999." }, 4096],
    [
      "pydantic behind FastAPI",
      { detail: [{ type: "less_than_equal", loc: ["body", "max_tokens"], msg: "Input should be less than or equal to 4096", input: 999_999 }] },
      4096,
    ],
    [
      "Bedrock (bedrock-access-gateway#41)",
      { message: "The maximum tokens you requested exceeds the model limit of 2048. Try again with a maximum tokens value that is lower than 2048." },
      2048,
    ],
    [
      "Vertex, which names the first number that is too much (bolt.diy#955)",
      [{ error: { code: 400, message: "Unable to submit request because it has a maxOutputTokens value of 999999 but the supported range is from 1 (inclusive) to 8193 (exclusive). Update the value and try again.", status: "INVALID_ARGUMENT" } }],
      8192,
    ],
    [
      "Xiaomi, in the wrong field (AQBot#93)",
      { error: { message: "Param Incorrect", type: "upstream_error", param: "max_tokens is too large: 999999. This model supports at most 131072 completion tokens, whereas you provided 999999.", code: "400" } },
      131_072,
    ],
    [
      "OpenRouter, which hides what its provider said",
      { error: { message: "Provider returned error", code: 400, metadata: { raw: '{"error":{"message":"max_tokens must be at most 8192"}}', provider_name: "x" } } },
      8192,
    ],
  ])("%s", (_, answer, most) => {
    expect(learn(BODY, answer)).toEqual({ kind: "cap", most })
    expect(sentAgain(BODY, answer)).toEqual({ ...BODY, max_tokens: most })
  })
})

describe("a refusal that tells no limit of the model's", () => {
  test.each<[string, unknown]>([
    [
      "vLLM: what is left of the window",
      openai("'max_tokens' or 'max_completion_tokens' is too large: 999999. This model's maximum context length is 4096 tokens and your request has 12 input tokens (999999 > 4096 - 12)."),
    ],
    ["Anthropic: prompt and answer together", openai("input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000, decrease input length or `max_tokens` and try again")],
    ["TGI, Together: prompt and answer together", openai("`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 3000 `inputs` tokens and 1512 `max_new_tokens`")],
    ["a sum", openai("prompt tokens + max_tokens must be at most 8192")],
    ["OpenRouter: what a key can pay for (cline#940)", openai("max_tokens limit exceeded: 100000 > 9577. To increase, visit https://openrouter.ai/keys and create a key with a higher limit")],
    ["Fireworks: what holds for whole answers alone", openai("Requests with max_tokens > 4096 must have stream=true")],
    ["more than was asked for", openai("max_tokens must be at most 2000000")],
    ["too little", openai("max_tokens must be at least 1, got 0")],
  ])("%s", (_, answer) => {
    expect(learn(BODY, answer)).toBeUndefined()
  })
})

describe("a cap", () => {
  const cap = { kind: "cap", most: 4096 } as const

  test("holds whatever the field is called", () => {
    const fields = ["max_tokens", "max_completion_tokens", "max_output_tokens"]
    expect(fields.map((field) => heed({ [field]: 5000 }, [cap]))).toEqual(fields.map((field) => ({ [field]: 4096 })))
    expect(heed({ max_tokens: 5000 }, [{ kind: "rename", field: "max_tokens", to: "max_completion_tokens" }, cap])).toEqual({
      max_completion_tokens: 4096,
    })
  })

  test("leaves less as it is", () => {
    const body = { max_tokens: 4096 }
    expect(heed(body, [cap])).toBe(body)
  })

  test("changes nothing where a thinking budget would not fit under it: that would be the next refusal", () => {
    const body = { max_tokens: 20_000, thinking: { type: "enabled", budget_tokens: 10_000 } }
    expect(heed(body, [cap])).toBe(body)
    expect(heed(body, [{ kind: "cap", most: 16_000 }])).toEqual({ ...body, max_tokens: 16_000 })
  })

  test("is told in words", () => {
    expect(tellLesson(cap)).toBe("at most 4096 tokens are asked for")
  })
})
