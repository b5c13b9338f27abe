/** Failures of a backend that speaks the Messages API, as a client gets them. */
import { describe, expect, test } from "vitest"
import { readMessagesError } from "../../../src/wires/anthropic/error.ts"

function read(status: number | undefined, body: unknown, headers: Record<string, string> = {}) {
  const {
    status: told,
    type,
    message,
    details,
    headers: passed,
  } = readMessagesError(typeof body === "string" ? body : JSON.stringify(body), {
    backend: "b",
    status,
    model: "m",
    headers: new Headers(headers),
  })
  return { status: told, type, message, details, headers: passed }
}

function anthropic(type: string, message: string, more: object = {}): object {
  return { type: "error", error: { type, message, ...more }, request_id: "req_theirs" }
}

test.each<[number, string]>([
  [400, "invalid_request_error"],
  [402, "billing_error"],
  [404, "not_found_error"],
  [409, "memory_precondition_failed_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [500, "api_error"],
  [503, "api_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
])("%i %s is told as it came", (status, type) => {
  expect(read(status, anthropic(type, "Their words"))).toEqual({
    status,
    type,
    message: "Their words",
    details: undefined,
    headers: {},
  })
})

test("details stay, and what the headers say of limits and of trying again", () => {
  const told = read(
    429,
    anthropic("rate_limit_error", "slow down", { details: { error_code: "ramp_limit_exceeded" } }),
    {
      "retry-after": "7",
      "x-should-retry": "true",
      "anthropic-ratelimit-requests-remaining": "0",
      "request-id": "req_theirs",
      server: "cloudflare",
    },
  )
  expect(told).toEqual({
    status: 429,
    type: "rate_limit_error",
    message: "slow down",
    details: { error_code: "ramp_limit_exceeded" },
    headers: { "retry-after": "7", "x-should-retry": "true", "anthropic-ratelimit-requests-remaining": "0" },
  })
})

test.each([401, 403])("%i is about the proxy's own key, and the words may show it", (status) => {
  expect(read(status, anthropic("authentication_error", "invalid x-api-key sk-1"))).toEqual({
    status: 502,
    type: "api_error",
    message: `backend "b" refused the proxy's credentials (HTTP ${status}); check its api_key`,
    details: undefined,
    headers: { "x-should-retry": "false" },
  })
})

describe("words a client acts on", () => {
  test.each([
    "prompt is too long: 210000 tokens > 200000 maximum",
    "max_tokens: 90000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5",
    "input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000, decrease input length or `max_tokens` and try again",
  ])("are not touched: %s", (message) => {
    expect(read(400, anthropic("invalid_request_error", message))).toMatchObject({ status: 400, message })
  })

  test("are put in the place of a server's own", () => {
    const message =
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    expect(read(400, anthropic("invalid_request_error", message))).toMatchObject({
      status: 400,
      type: "invalid_request_error",
      message: "prompt is too long: 9000 tokens > 8192 maximum",
    })
  })
})

test("an error in a stream has the status of its type", () => {
  expect(read(undefined, anthropic("overloaded_error", "Overloaded"))).toMatchObject({
    status: 529,
    type: "overloaded_error",
    message: "Overloaded",
  })
  expect(read(undefined, anthropic("of_tomorrow_error", "x"))).toMatchObject({
    status: 502,
    type: "of_tomorrow_error",
  })
  expect(read(undefined, anthropic("permission_error", "x"))).toMatchObject({
    status: 502,
    type: "api_error",
    message: expect.stringContaining("credentials"),
  })
})

test.each<[string, unknown, string]>([
  ["OpenAI's shape (DeepSeek)", { error: { message: "bad", type: "invalid_request_error" } }, 'backend "b": bad'],
  ["a page", "<html><h1>x</h1></html>", 'backend "b": it gave no reason (HTTP 400)'],
  ["nothing", "", 'backend "b": it gave no reason (HTTP 400)'],
  ["a shape without words", anthropic("invalid_request_error", ""), 'backend "b": it gave no reason (HTTP 400)'],
])("%s is told in the proxy's own words", (_what, body, message) => {
  expect(read(400, body)).toMatchObject({ status: 400, message })
})
