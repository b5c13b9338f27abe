/**
 * A backend's failure in its own words → the error a client gets, in Anthropic's. Every backend has its own shape and
 * wording; Claude Code and others act on Anthropic's (they compact on `prompt is too long`, ask for less on
 * `max_tokens: X > Y`), so what can be recognised is told in exactly those words.
 */
import { ProxyError } from "../error.ts"
import { inOneLine, printable } from "../log.ts"
import { contextFault } from "./context-fault.ts"
import { parseJson } from "./json.ts"

export interface BackendErrorFacts {
  /** The backend's name. */
  readonly backend: string
  /** The HTTP status, or undefined for an error inside a stream that had begun with 200. */
  readonly status: number | undefined
  /** The model asked of it. */
  readonly model?: string
  readonly headers?: Headers
}

/**
 * Reads an error body that a backend sent: parsed JSON of any shape, or the raw text.
 * The message names the backend and quotes what it said.
 */
export function readBackendError(body: unknown, facts: BackendErrorFacts): ProxyError {
  const { backend, headers } = facts
  const said = wordsOf(body)
  const told = facts.status ?? said.status
  const status = UNSEEING.test(said.message) ? 400 : (told ?? statusFor(`${said.code} ${said.type} ${said.message}`))
  const text = said.message ? printable(inOneLine(said.message), ALL) : `it gave no reason (HTTP ${status})`
  const answer = (as: number, message: string, retry?: boolean): ProxyError =>
    new ProxyError(as, message, { headers: { ...retryHeaders(headers), ...(retry === false && { "x-should-retry": "false" }) } })

  // Where nothing but words tells what an error is, these words come first.
  if (told === undefined || (told !== 401 && told !== 403 && told !== 429)) {
    const fault = contextFault(said.message, said.code, facts.model ?? "this model")
    if (fault) return answer(400, fault)
  }
  const quoted = `backend "${backend}": ${text}`
  switch (status) {
    case 401:
    case 403:
      // Not the client's key but ours. A client that saw 401 would retry or ask its user to log in; the backend's own
      // words may hold part of the key.
      return answer(502, `backend "${backend}" refused the proxy's credentials (HTTP ${status}); check its api_key`, false)
    case 429:
      return answer(429, quoted, /insufficient_quota|exceeded your current quota/i.test(`${said.code} ${said.type} ${said.message}`) ? false : undefined)
    case 503:
    case 529:
    case 498: // Groq: flex tier over capacity
      return answer(529, quoted)
    case 400:
    case 402:
    case 404:
    case 408:
    case 409:
    case 413:
    case 422:
    case 500:
    case 501:
    case 502:
    case 504:
      return answer(status, quoted)
    default:
      if (status >= 300 && status < 400) {
        return answer(502, `backend "${backend}" answered with a redirect (HTTP ${status}), which is not followed; check its base_url`)
      }
      return answer(status > 400 && status < 500 ? 400 : 502, quoted)
  }
}

export interface Words {
  readonly message: string
  readonly code: string
  readonly type: string
  /** The field it is about, `messages[0].role` or `body.top_k` or the like; "" when it does not say. */
  readonly param: string
  /** A status given inside the body. */
  readonly status: number | undefined
}

const NO_WORDS: Words = { message: "", code: "", type: "", param: "", status: undefined }

/** Finds message, code and type wherever backends put them. */
export function wordsOf(body: unknown): Words {
  if (typeof body === "string") {
    const text = body.trim()
    const parsed = text.startsWith("{") || text.startsWith("[") ? parseJson(text) : undefined
    if (parsed !== undefined) return wordsOf(parsed)
    // A page of HTML from something in between says nothing to a client.
    return { ...NO_WORDS, message: plain(text) }
  }
  if (Array.isArray(body)) return wordsOf(body[0]) // Gemini
  if (typeof body !== "object" || body === null) return NO_WORDS
  const outer = body as Readonly<Record<string, unknown>>
  const error = outer["error"]
  const inner = (typeof error === "object" && error !== null && !Array.isArray(error) ? error : outer) as Readonly<Record<string, unknown>>
  const detail = inner["detail"] ?? outer["detail"] // FastAPI: a text, or a list of { loc, msg }
  const message =
    textOf(inner["message"]) || (typeof error === "string" ? error : "") || textOf(detail) || textOf(outer["message"])
  // OpenRouter hides what its provider said.
  const raw = textOf((inner["metadata"] as Readonly<Record<string, unknown>> | null | undefined)?.["raw"])
  const code = inner["code"] ?? outer["error_code"]
  return {
    message: plain(raw ? `${message} (${raw})` : message),
    code: textOf(code),
    type: textOf(inner["type"]) || textOf(inner["status"]),
    param: textOf(inner["param"]),
    status: typeof code === "number" && code >= 300 && code < 600 ? code : /^[3-5]\d\d$/.test(textOf(code)) ? Number(code) : undefined,
  }
}

/** Pages of HTML and stack traces say nothing to a client, and may say much about the backend. */
function plain(text: string): string {
  const at = text.search(/<(?:!doctype|html|head|body|title|h1|pre|center)\b|Traceback \(most recent call last\)/i)
  return at < 0 ? text : text.slice(0, at).trim()
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value
  if (value === undefined || value === null) return ""
  return JSON.stringify(value)
}

/** What a backend says is cut where it leaves, after configured keys have been taken out of it. */
const ALL = 100_000

/** llama.cpp says this with 500, which clients would try again: Claude Code ten times, for three minutes. */
const UNSEEING = /\b(?:image|audio|video) input is not supported\b/i

/** What status an error inside a stream stands for, by its words. */
const STATUS_WORDS: readonly (readonly [RegExp, number])[] = [
  [/rate.?limit|too.?many.?requests|insufficient_quota|resource_exhausted/i, 429],
  [/overloaded|over capacity|unavailable/i, 529],
  [/timed? ?out|deadline/i, 504],
  // Before the next one: OpenAI says `invalid_api_key` of type `invalid_request_error`, and shows part of the key.
  [/authenti|api.?key|unauthorized|permission/i, 401],
  [/context_length|invalid_request|bad.?request|invalid_argument/i, 400],
  // Responses that fail over what was sent: `ResponseError` of `openai` 7.57.0.
  [/invalid_(prompt|image|base64)|image_(too|parse|content|file)|(empty|unsupported|download)_image/i, 400],
  [/(bio|misalignment)_policy/i, 400],
  [/not.?found/i, 404],
]

function statusFor(words: string): number {
  return STATUS_WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? 502
}

/** The backend's word on when to come back; nothing else of its headers reaches a client. */
function retryHeaders(headers: Headers | undefined): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of ["retry-after", "retry-after-ms"]) {
    const value = headers?.get(name)
    if (value && value.length < 64) kept[name] = value
  }
  return kept
}
