/**
 * What kind of failure an error is, for whoever decides whether asking again or asking another helps. Statuses alone do
 * not tell: a backend that refuses the proxy's own key is a 502 as one that cannot be reached, and a 429 may be a
 * moment's limit or an empty account.
 */
import { SHUTTING_DOWN } from "./dial/calls.ts"
import { ProxyError } from "./error.ts"

/** Kinds of failures of a backend; {@link failureKind} tells which is which. */
export const FAILURE_KINDS = [
  "overloaded",
  "rate_limit",
  "timeout",
  "unreachable",
  "failed",
  "denied",
  "too_long",
  "refused",
] as const

export type FailureKind = (typeof FAILURE_KINDS)[number]

/** The kinds whose status tells them; of the others, 5xx are `failed` and 4xx are `refused`. */
const KINDS: Readonly<Record<number, FailureKind>> = {
  402: "denied",
  404: "denied",
  408: "timeout",
  409: "timeout", // of a lock, which is why `@anthropic-ai/sdk` 1.12.0 tries it again
  413: "too_long",
  429: "rate_limit",
  501: "denied",
  502: "unreachable",
  503: "overloaded",
  504: "timeout",
  508: "denied",
  529: "overloaded",
}

/** Between the client and the proxy: a key that is unknown or may not use the model, and a client that has left. */
const CLIENTS: ReadonlySet<number> = new Set([401, 403, 499])

/** The words in which clients are told that prompt or answer are longer than the model takes; they are Anthropic's. */
const TOO_LONG = /^(?:prompt is too long|max_tokens: \d+ > \d+|input length and `max_tokens` exceed)/

/** 429 and 502 with `x-should-retry: false`: no credit, the proxy's key refused, a setting that is missing. */
const DENIABLE: ReadonlySet<number> = new Set([429, 502])

/**
 * - `overloaded`: 529, which is also what a backend's 503 becomes
 * - `rate_limit`: 429
 * - `timeout`: 408, 409, 504
 * - `unreachable`: 502: no connection, or one that broke off
 * - `failed`: 500 and what else begins with 5
 * - `denied`: what waiting does not mend: no credit (402), no such model (404), not implemented (501), a loop (508), a
 *   backend that refuses the proxy's key or lacks a setting
 * - `too_long`: prompt or answer are longer than the model takes
 * - `refused`: the request itself: 400 and what else begins with 4
 *
 * @param thrown What `next` rejected with.
 * @returns undefined for what is no failure of a backend: 401, 403, 499, the proxy's own end, and anything but a
 *   {@link ProxyError}.
 */
export function failureKind(thrown: unknown): FailureKind | undefined {
  if (!(thrown instanceof ProxyError) || CLIENTS.has(thrown.status)) return undefined
  if (thrown === SHUTTING_DOWN) return undefined
  const { status, message, headers } = thrown
  if (status === 400 && TOO_LONG.test(message)) return "too_long"
  if (DENIABLE.has(status) && headers["x-should-retry"] === "false") return "denied"
  return KINDS[status] ?? (status < 500 ? "refused" : "failed")
}
