/** An error body of every backend, as the client gets it. */
import { describe, expect, test } from "vitest"
import { toErrorBody } from "../../src/error.ts"
import { readBackendError } from "../../src/wires/backend-error.ts"

/** Status, type and message in one line. */
function told(body: unknown, status: number): string {
  const error = readBackendError(body, { backend: "b", status, model: "m" })
  return `${error.status} ${error.type}: ${error.message}`
}

const openai = (message: string, type = "invalid_request_error", code: string | null = null) => ({
  error: { message, type, param: null, code },
})

describe("an answer that is no 2xx", () => {
  const table: readonly (readonly [string, number, unknown, string])[] = [
    [
      "OpenAI: a wrong field",
      400,
      openai(
        "Unsupported parameter: 'max_tokens' is not supported with this model.",
        "invalid_request_error",
        "unsupported_parameter",
      ),
      `400 invalid_request_error: backend "b": Unsupported parameter: 'max_tokens' is not supported with this model.`,
    ],
    [
      "llama.cpp: an image for a model that cannot see, which asking again would not change",
      500,
      openai("image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
      `400 invalid_request_error: backend "b": image input is not supported - hint: if this is unexpected, you may need to provide the mmproj`,
    ],
    [
      "OpenAI: too long a prompt",
      400,
      openai(
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        "invalid_request_error",
        "context_length_exceeded",
      ),
      "400 invalid_request_error: prompt is too long: 9000 tokens > 8192 maximum",
    ],
    [
      "OpenAI: max_tokens beyond the model's",
      400,
      openai(
        "max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000.",
        "invalid_request_error",
        "invalid_value",
      ),
      "400 invalid_request_error: max_tokens: 128000 > 16384, which is the maximum allowed number of output tokens for m",
    ],
    [
      "OpenAI: no such model",
      404,
      openai(
        "The model `gpt-9` does not exist or you do not have access to it.",
        "invalid_request_error",
        "model_not_found",
      ),
      '404 not_found_error: backend "b": The model `gpt-9` does not exist or you do not have access to it.',
    ],
    [
      "OpenAI: a rate limit",
      429,
      openai(
        "Rate limit reached for gpt-5.2 on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.",
        "tokens",
        "rate_limit_exceeded",
      ),
      '429 rate_limit_error: backend "b": Rate limit reached for gpt-5.2 on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.',
    ],
    [
      "OpenAI: its server failed",
      500,
      openai("The server had an error while processing your request. Sorry about that!", "server_error"),
      '500 api_error: backend "b": The server had an error while processing your request. Sorry about that!',
    ],
    [
      "Azure: its content filter",
      400,
      {
        error: {
          message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
          type: null,
          param: "prompt",
          code: "content_filter",
          status: 400,
          innererror: { code: "ResponsibleAIPolicyViolation" },
        },
      },
      `400 invalid_request_error: backend "b": The response was filtered due to the prompt triggering Azure OpenAI's content management policy.`,
    ],
    [
      "Azure: no such deployment",
      404,
      { error: { code: "DeploymentNotFound", message: "The API deployment for this resource does not exist." } },
      '404 not_found_error: backend "b": The API deployment for this resource does not exist.',
    ],
    [
      "vLLM, old: the error is the body",
      400,
      {
        object: "error",
        message:
          "This model's maximum context length is 4096 tokens. However, you requested 4100 tokens (100 in the messages, 4000 in the completion).",
        type: "BadRequestError",
        param: null,
        code: 400,
      },
      "400 invalid_request_error: input length and `max_tokens` exceed context limit: 100 + 4000 > 4096, decrease input length or `max_tokens` and try again",
    ],
    [
      "vLLM, new: the error is inside",
      404,
      { error: { message: "The model `x` does not exist.", type: "NotFoundError", param: "model", code: 404 } },
      '404 not_found_error: backend "b": The model `x` does not exist.',
    ],
    [
      "FastAPI: a list of details",
      422,
      { detail: [{ type: "missing", loc: ["body", "messages"], msg: "Field required" }] },
      '422 invalid_request_error: backend "b": [{"type":"missing","loc":["body","messages"],"msg":"Field required"}]',
    ],
    ["FastAPI: one detail", 404, { detail: "Not Found" }, '404 not_found_error: backend "b": Not Found'],
    [
      "llama.cpp: too long a prompt",
      400,
      {
        error: {
          code: 400,
          message: "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
          type: "exceed_context_size_error",
          n_prompt_tokens: 9000,
          n_ctx: 8192,
        },
      },
      "400 invalid_request_error: prompt is too long: 9000 tokens > 8192 maximum",
    ],
    [
      "llama.cpp: still loading",
      503,
      { error: { code: 503, message: "Loading model", type: "unavailable_error" } },
      '529 overloaded_error: backend "b": Loading model',
    ],
    [
      "Ollama: no such model",
      404,
      { error: { message: "model 'x' not found", type: "api_error", param: null, code: null } },
      `404 not_found_error: backend "b": model 'x' not found`,
    ],
    [
      "Ollama: the error is a text",
      400,
      { error: "invalid message format" },
      '400 invalid_request_error: backend "b": invalid message format',
    ],
    [
      "DeepSeek: no money left",
      402,
      openai("Insufficient Balance", "unknown_error", "invalid_request_error"),
      '402 billing_error: backend "b": Insufficient Balance',
    ],
    [
      "Gemini: a list around the error (openai-python#3246)",
      429,
      [
        {
          error: {
            code: 429,
            message: "You exceeded your current quota, please check your plan.",
            status: "RESOURCE_EXHAUSTED",
          },
        },
      ],
      '429 rate_limit_error: backend "b": You exceeded your current quota, please check your plan.',
    ],
    [
      "Gemini: too long a prompt",
      400,
      [
        {
          error: {
            code: 400,
            message: "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            status: "INVALID_ARGUMENT",
          },
        },
      ],
      "400 invalid_request_error: prompt is too long: 1200000 tokens > 1048576 maximum",
    ],
    [
      "Mistral: a message that is an object",
      422,
      {
        object: "error",
        message: { detail: [{ type: "extra_forbidden", loc: ["body", "x"] }] },
        type: "invalid_request_error",
        param: null,
        code: null,
      },
      '422 invalid_request_error: backend "b": {"detail":[{"type":"extra_forbidden","loc":["body","x"]}]}',
    ],
    [
      "Mistral: a number as code",
      400,
      {
        object: "error",
        message:
          "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        type: "invalid_request_invalid_args",
        param: null,
        code: "3051",
      },
      "400 invalid_request_error: prompt is too long: 65673 tokens > 32768 maximum",
    ],
    [
      "Groq: more than a minute's tokens at once",
      413,
      openai(
        "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7000",
        "tokens",
        "rate_limit_exceeded",
      ),
      '413 request_too_large: backend "b": Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7000',
    ],
    [
      "Groq: flex tier over capacity",
      498,
      openai("Flex tier capacity exceeded"),
      '529 overloaded_error: backend "b": Flex tier capacity exceeded',
    ],
    [
      "OpenRouter: what its provider said",
      502,
      {
        error: {
          message: "Provider returned error",
          code: 502,
          metadata: { raw: "upstream connect error", provider_name: "DeepInfra" },
        },
      },
      '502 api_error: backend "b": Provider returned error (upstream connect error)',
    ],
    [
      "OpenRouter: nobody can use tools (CCR#419)",
      404,
      { error: { message: "No endpoints found that support tool use.", code: 404 } },
      '404 not_found_error: backend "b": No endpoints found that support tool use.',
    ],
    [
      "Databricks: error_code beside the message",
      400,
      { error_code: "BAD_REQUEST", message: "Input is too long for requested model." },
      "400 invalid_request_error: prompt is too long: Input is too long for requested model.",
    ],
    [
      "Databricks: a limit of the workspace",
      429,
      { error_code: "REQUEST_LIMIT_EXCEEDED", message: "REQUEST_LIMIT_EXCEEDED: Exceeded workspace rate limit." },
      '429 rate_limit_error: backend "b": REQUEST_LIMIT_EXCEEDED: Exceeded workspace rate limit.',
    ],
    [
      "a page of HTML (ollama#14828)",
      502,
      "<html><head><title>502 Bad Gateway</title></head></html>",
      '502 api_error: backend "b": it gave no reason (HTTP 502)',
    ],
    ["plain text", 500, "upstream request timeout\n", '500 api_error: backend "b": upstream request timeout'],
    ["JSON as text", 400, '{"error":{"message":"no"}}', '400 invalid_request_error: backend "b": no'],
    ["half of some JSON", 500, '{"error":{"mess', '500 api_error: backend "b": {"error":{"mess'],
    ["an empty body", 504, "", '504 timeout_error: backend "b": it gave no reason (HTTP 504)'],
    ["an empty list", 500, [], '500 api_error: backend "b": it gave no reason (HTTP 500)'],
    ["null", 500, null, '500 api_error: backend "b": it gave no reason (HTTP 500)'],
    [
      "a redirect",
      302,
      "",
      '502 api_error: backend "b" answered with a redirect (HTTP 302), which is not followed; check its base_url',
    ],
    [
      "a method that is not allowed",
      405,
      "Method Not Allowed",
      '400 invalid_request_error: backend "b": Method Not Allowed',
    ],
    ["a status of nobody's", 599, "?", '502 api_error: backend "b": ?'],
    [
      "overloaded in Anthropic's words",
      529,
      { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
      '529 overloaded_error: backend "b": Overloaded',
    ],
  ]
  test.each(table)("%s", (_what, status, body, line) => {
    expect(told(body, status)).toBe(line)
  })

  test("is quoted whole and on one line: it is cut where it leaves, after keys have been taken out of it", () => {
    const error = readBackendError({ error: { message: `a\n  b\u001b[31m${"x".repeat(900)}` } }, { backend: "b", status: 500 })
    expect(error.message).toBe(String.raw`backend "b": a b\u001b[31m` + "x".repeat(900))
    const { message } = toErrorBody(error, "req_1", (text) => text).error
    expect(message).toBe(`${error.message.slice(0, 700)}…`)
  })
})
