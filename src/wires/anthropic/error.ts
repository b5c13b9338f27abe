/**
 * A failure of a backend that speaks the Messages API → the error a client gets: Anthropic's own status, type, words and
 * details, because clients act on exactly these. What is not in Anthropic's shape is read as any backend's.
 */
import { ProxyError, statusOf } from "../../error.ts"
import { readBackendError, type BackendErrorFacts } from "../backend-error.ts"
import { contextFault } from "../context-fault.ts"
import { isObject, type JsonObject } from "../is-object.ts"
import { parseObject } from "../json.ts"

/** @param body What the backend sent: parsed JSON, or the raw text. */
export function readMessagesError(body: unknown, facts: BackendErrorFacts): ProxyError {
  const said = errorIn(typeof body === "string" ? parseObject(body) : body)
  if (!said) return readBackendError(body, facts)
  const { type, message, details } = said
  const status = facts.status ?? statusOf(type)
  // The proxy's own key, whatever is said of it; and no answer of the API is a redirect.
  if (status === 401 || status === 403 || status < 400) return readBackendError(body, { ...facts, status })
  const headers = headersOf(facts.headers)
  // Servers that only borrow the API's shape have words of their own for what a client should compact on.
  const fault = ANTHROPICS.test(message) ? undefined : contextFault(message, "", facts.model ?? "this model")
  if (fault) return new ProxyError(400, fault, { headers })
  return new ProxyError(status, message, { type, headers, ...(isObject(details) && { details }) })
}

const ANTHROPICS = /^(?:prompt is too long|max_tokens: \d+ > \d+|input length and `max_tokens` exceed)/

interface Said {
  readonly type: string
  readonly message: string
  readonly details: unknown
}

function errorIn(body: unknown): Said | undefined {
  const error = isObject(body) && body["type"] === "error" ? body["error"] : undefined
  if (!isObject(error)) return undefined
  const { type, message, details }: JsonObject = error
  return typeof type === "string" && typeof message === "string" && message !== ""
    ? { type, message, details }
    : undefined
}

/** When to come back, whether at all, and how much of the limits is left. */
const PASSED = /^(?:retry-after(?:-ms)?|x-should-retry|anthropic-ratelimit-.*)$/

function headersOf(headers: Headers | undefined): Record<string, string> {
  return Object.fromEntries([...(headers ?? [])].filter(([name]) => PASSED.test(name)))
}
