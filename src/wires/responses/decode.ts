/** How the Responses API is read off the wire: an event's data, or a whole answer, as events. */
import { ProxyError } from "../../error.ts"
import { readBackendError } from "../backend-error.ts"
import { DONE, Failure, type ItemOf } from "../failure.ts"
import { parseObject } from "../json.ts"
import type { DialectOf } from "../wire.ts"
import { TEXTS } from "./texts.ts"
import type { ResponsesAnswer, ResponsesEvent } from "./types.ts"

/** As {@link Wire.dialect} says. */
export function responsesDialect(backend: string, headers?: Headers): DialectOf<ResponsesEvent> {
  const failed = (body: unknown): Failure => new Failure(readBackendError(body, { backend, status: undefined, headers }))
  const broken = (): Failure =>
    new Failure(new ProxyError(502, `backend "${backend}" sent something that is not a response`))
  return {
    event(written, name) {
      const data = written.trim()
      if (data === "[DONE]") return DONE // not by the book, but servers that speak both APIs send it
      if (!data.startsWith("{")) return name === "error" ? failed(data) : undefined
      const event: (Partial<ResponsesEvent> & { readonly error?: unknown }) | undefined = parseObject(data)
      if (!event) return broken() // its name alone may say `response.completed`
      const type = event.type ?? name
      if (type === "error" || name === "error" || event.error) return failed(event)
      if (type === undefined) return broken()
      if (isFailed(type, event.response)) return failed({ error: event.response?.error ?? UNTOLD })
      return { ...event, type }
    },
    whole(text) {
      const answer: ResponsesAnswer = parseObject(text) ?? {}
      const { status, output, error, incomplete_details } = answer
      if (error || Array.isArray(answer)) return [failed(answer)]
      if (isFailed("", answer)) return [failed({ error: UNTOLD })]
      // One that runs in the background is no answer yet.
      if (!Array.isArray(output) || status === "queued" || status === "in_progress") return [broken()]
      const incomplete = status === "incomplete" || incomplete_details?.reason
      return [{ type: incomplete ? "response.incomplete" : "response.completed", response: answer }]
    },
  }
}

/** Whether an event means that the backend has really begun: that a response or an item was created does not. */
export function hasContent(event: ItemOf<ResponsesEvent>): boolean {
  if (event === DONE || event instanceof Failure) return true
  const { type, delta, text, refusal, item } = event
  if (TEXTS.has(type)) return Boolean(delta ?? text ?? refusal)
  switch (type) {
    case "response.output_item.added":
    case "response.output_item.done":
      return item?.type === "function_call" || (item?.content ?? item?.summary ?? []).length > 0
    case "response.function_call_arguments.delta":
    case "response.function_call_arguments.done":
    case "response.completed":
    case "response.incomplete":
      return true
    default:
      return false
  }
}

const UNTOLD = { message: "the response failed without a reason" }

function isFailed(type: string, answer: ResponsesAnswer | null | undefined): boolean {
  if (type === "response.failed" || type === "response.cancelled") return true
  return answer?.status === "failed" || answer?.status === "cancelled"
}
