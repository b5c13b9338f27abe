/** A backend's failure, in whatever shape it says it, as the client gets it. */
import { describe, expect, test } from "vitest"
import type { ProxyError } from "../../src/error.ts"
import { readBackendError, type BackendErrorFacts } from "../../src/wires/backend-error.ts"

/** Status, type and message in one line. */
function told(body: unknown, status?: number, more: Partial<BackendErrorFacts> = {}): string {
  return inShort(readBackendError(body, { backend: "b", status, model: "m", ...more }))
}

function inShort({ status, type, message }: ProxyError): string {
  return `${status} ${type}: ${message}`
}

const openai = (message: string, type = "invalid_request_error", code: string | null = null) => ({
  error: { message, type, param: null, code },
})

describe("the proxy's own credentials", () => {
  const body = openai(
    "Incorrect API key provided: sk-proj-abcdefgh1234. You can find your API key at https://platform.openai.com.",
    "invalid_request_error",
    "invalid_api_key",
  )

  test.each([401, 403])("refused with %i are not the client's fault, and nothing of the key is shown", (status) => {
    const error = readBackendError(body, { backend: "b", status })
    expect(inShort(error)).toBe(
      `502 api_error: backend "b" refused the proxy's credentials (HTTP ${status}); check its api_key`,
    )
    expect(error.headers).toEqual({ "x-should-retry": "false" })
  })

  test("refused inside a stream likewise", () => {
    expect(told(body)).toBe(`502 api_error: backend "b" refused the proxy's credentials (HTTP 401); check its api_key`)
    expect(told({ error: { code: 401, message: "User not found." } })).toBe(
      `502 api_error: backend "b" refused the proxy's credentials (HTTP 401); check its api_key`,
    )
  })
})

describe("when to come back", () => {
  const headers = (fields: Readonly<Record<string, string>>) =>
    readBackendError(openai("slow down"), { backend: "b", status: 429, headers: new Headers(fields) }).headers

  test("is passed on, and no other header", () => {
    expect(
      headers({ "retry-after": "7", "retry-after-ms": "7000", "x-ratelimit-remaining": "0", "set-cookie": "a=b" }),
    ).toEqual({
      "retry-after": "7",
      "retry-after-ms": "7000",
    })
  })

  test("is not told when it makes no sense to (absurdly long)", () => {
    expect(headers({ "retry-after": "9".repeat(64) })).toEqual({})
  })

  test("is never, when the money is used up", () => {
    const { headers } = readBackendError(
      openai(
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
      ),
      { backend: "b", status: 429, headers: new Headers({ "retry-after": "1" }) },
    )
    expect(headers).toEqual({ "retry-after": "1", "x-should-retry": "false" })
  })
})

describe("an error inside a stream that had begun with 200", () => {
  const table: readonly (readonly [string, unknown, string])[] = [
    [
      "OpenRouter: its code is a status",
      { id: "gen-1", error: { code: 429, message: "Rate limit exceeded" }, choices: [] },
      '429 rate_limit_error: backend "b": Rate limit exceeded',
    ],
    ["a status as text", { error: { code: "503", message: "busy" } }, '529 overloaded_error: backend "b": busy'],
    [
      "vLLM",
      { error: { object: "error", message: "list index out of range", type: "InternalServerError", code: 500 } },
      '500 api_error: backend "b": list index out of range',
    ],
    [
      "OpenAI: by its type",
      openai("The server is overloaded or not ready yet.", "server_error"),
      '529 overloaded_error: backend "b": The server is overloaded or not ready yet.',
    ],
    ["by its code", openai("slow", "x", "rate_limit_exceeded"), '429 rate_limit_error: backend "b": slow'],
    [
      "Gemini: by its status",
      [{ error: { message: "The model is overloaded.", status: "UNAVAILABLE" } }],
      '529 overloaded_error: backend "b": The model is overloaded.',
    ],
    [
      "by words about time",
      openai("The request timed out.", ""),
      '504 timeout_error: backend "b": The request timed out.',
    ],
    [
      "by words about the request",
      openai("bad", "invalid_request_error"),
      '400 invalid_request_error: backend "b": bad',
    ],
    [
      "too long a prompt, by words alone",
      { error: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens." },
      "400 invalid_request_error: prompt is too long: 9000 tokens > 8192 maximum",
    ],
    ["nothing known", { error: { message: "boom" } }, '502 api_error: backend "b": boom'],
    ["nothing said", { error: {} }, '502 api_error: backend "b": it gave no reason (HTTP 502)'],
  ]
  test.each(table)("%s", (_what, body, line) => {
    expect(told(body)).toBe(line)
  })
})
