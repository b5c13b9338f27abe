/**
 * The one error class of this program, and the table between HTTP statuses and Anthropic's error types. Whoever
 * fails throws a {@link ProxyError}; a client sees it in Anthropic's shape, as a status before the answer has begun
 * and as an `error` event after it.
 */
import { inOneLine, printable } from "./log.ts"

/**
 * What each status is called. Source: Anthropic's error page and `ErrorType` of `@anthropic-ai/sdk` 1.12.0; the SDK
 * picks its error class by status and retries 408, 409, 429 and 5xx unless `x-should-retry` says otherwise.
 */
const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  408: "timeout_error",
  409: "conflict_error",
  413: "request_too_large",
  415: "invalid_request_error",
  422: "invalid_request_error",
  429: "rate_limit_error",
  500: "api_error",
  501: "api_error",
  502: "api_error",
  503: "api_error",
  504: "timeout_error",
  529: "overloaded_error",
}

/** The status each type stands for: the table backwards, for failures that travelled as an event. */
const STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529,
}

/** The status of a failure of which only its type is known; 502 for a type of which nothing is. */
export function statusOf(type: string): number {
  return (Object.hasOwn(STATUSES, type) ? STATUSES[type] : undefined) ?? 502
}

export interface ProxyErrorOptions {
  /** What a backend that speaks Anthropic's API calls it. @default what the status is called */
  readonly type?: string
  /** Anthropic's `error.details`, such as `{ error_code }`. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Headers the answer carries beside the usual ones: `retry-after`, `x-should-retry`, `allow`. */
  readonly headers?: Readonly<Record<string, string>>
  /** What failed underneath; for the log, never for the client. */
  readonly cause?: unknown
}

/** A failure with the status and the words a client gets. The message never holds a stack or a key. */
export class ProxyError extends Error {
  override readonly name = "ProxyError"
  readonly status: number
  /** Anthropic's name for this failure. */
  readonly type: string
  readonly details: ProxyErrorOptions["details"]
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, options: ProxyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.type = options.type ?? TYPES[status] ?? (status < 500 ? "invalid_request_error" : "api_error")
    this.details = options.details
    this.headers = options.headers ?? {}
  }
}

/** The error object inside an error body or an `error` event. */
export interface ErrorBody {
  readonly type: "error"
  readonly error: { readonly type: string; readonly message: string; readonly details?: unknown }
  readonly request_id: string
}

/** Anthropic's error shape. `mask` is the last look at any text that leaves: configured keys are taken out there. */
export function toErrorBody(error: ProxyError, requestId: string, mask: (text: string) => string): ErrorBody {
  const { type, message, details } = error
  return { type: "error", error: maskError({ type, message, ...(details && { details }) }, mask), request_id: requestId }
}

/**
 * An error as a client gets it, masked throughout: a backend may repeat a key in the details, too. Its words are masked
 * before they are cut, as half a key is a key.
 */
export function maskError<T extends ErrorBody["error"]>(error: T, mask: (text: string) => string): T {
  const shown = (_: string, value: unknown): unknown => (typeof value === "string" ? mask(value) : value)
  const masked = JSON.parse(JSON.stringify(error), shown) as T
  return { ...masked, message: printable(inOneLine(masked.message), 700) }
}

/** Makes a {@link ProxyError} of whatever was thrown; the words of a stranger's error stay in the log. */
export function toProxyError(thrown: unknown): ProxyError {
  if (thrown instanceof ProxyError) return thrown
  return new ProxyError(500, "the proxy failed on this request; its log says why", { cause: thrown })
}

/** What failed underneath, for the log and for nobody else: its stack, where it has one. */
export function causeOf({ cause }: ProxyError): string | undefined {
  return cause instanceof Error ? (cause.stack ?? cause.message) : undefined
}

/** An `invalid_request_error` that names where in the request the fault is. */
export function badRequest(path: string, message: string): ProxyError {
  return new ProxyError(400, path ? `${path}: ${message}` : message)
}
