import { expect, test } from "vitest"
import { ProxyError } from "../src/error.ts"
import { failureKind, type FailureKind } from "../src/failure-kind.ts"
import { readBackendError } from "../src/wires/backend-error.ts"

test.each<[number, FailureKind | undefined]>([
  [400, "refused"],
  [401, undefined],
  [402, "denied"],
  [403, undefined],
  [404, "denied"],
  [408, "timeout"],
  [409, "timeout"],
  [413, "too_long"],
  [422, "refused"],
  [429, "rate_limit"],
  [499, undefined],
  [500, "failed"],
  [501, "denied"],
  [502, "unreachable"],
  [503, "overloaded"],
  [504, "timeout"],
  [508, "denied"],
  [529, "overloaded"],
])("the kind of a %i is %s", (status, kind) => {
  expect(failureKind(new ProxyError(status, "no"))).toBe(kind)
})

test("what is not a failure of a request has no kind", () => {
  expect([failureKind(new TypeError("x")), failureKind(undefined)]).toEqual([undefined, undefined])
})

const LONG_PROMPT =
  "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
const LONG_ANSWER = "max_tokens is too large: 128000. This model supports at most 16384 completion tokens"

test.each<[string, number, string, FailureKind]>([
  ["a key that the backend refuses", 401, "invalid api key", "denied"],
  ["an account without credit", 429, "You exceeded your current quota", "denied"],
  ["a limit of the moment", 429, "Rate limit reached", "rate_limit"],
  ["a prompt that is too long", 400, LONG_PROMPT, "too_long"],
  ["an answer that is too long", 400, LONG_ANSWER, "too_long"],
  ["a server that is full", 503, "loading", "overloaded"],
])("%s, in a backend's words", (_, status, message, kind) => {
  expect(failureKind(readBackendError({ error: { message } }, { backend: "b", status }))).toBe(kind)
})
