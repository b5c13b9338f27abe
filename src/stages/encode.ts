/**
 * encode: the events → an HTTP response, as server-sent events or folded into one Message. It is given the promise of a
 * reply, not the reply: when the backend takes long to begin, the client is answered 200 and pinged until it does, so
 * that a slow prefill never looks dead; a failure after that is an `error` event.
 */
import { FastResponse } from "srvx"
import type { ErrorEvent, MessageEvent } from "../anthropic/events.ts"
import { isFields } from "../anthropic/fields.ts"
import { Folder } from "../anthropic/fold.ts"
import { causeOf, ProxyError, statusOf, toErrorBody, toProxyError } from "../error.ts"
import type { Events, Parsed } from "../stage.ts"
import { catching, Flow, type Source } from "../stream/flow.ts"
import { CUT_SHORT, Encode } from "../stream/encode.ts"
import { Pinged } from "../stream/ping.ts"

export interface EncodeOptions {
  /** Seconds of silence after which a stream gets a ping. */
  readonly ping: number
  /** Takes configured keys out of a text. */
  readonly mask: (text: string) => string
}

export function createEncode({ ping, mask }: EncodeOptions): (context: Parsed, reply: Promise<Events>) => Promise<Response> {
  return async (context, reply) => {
    if (!context.request.stream) return whole(context, await reply)
    // Not the context: its closure would hold the request's text as long as the answer runs, a third of what a turn takes.
    const { id, log, head, request: { model } } = context
    const asEvent = (thrown: unknown): MessageEvent => {
      const error = toProxyError(thrown)
      log[error.status === 499 ? "debug" : "error"]("reply failed", { error: error.message, cause: causeOf(error) })
      return toErrorBody(error, id, mask)
    }
    const late = await isLate(reply, ping)
    const events = catching(late ? new Flow(new LateSource(reply)) : await reply, (thrown) => [asEvent(thrown)])
    const bytes = events.pipeThrough(new Encode({ model, requestId: id, mask, toEvent: asEvent }))
    const headers = new Headers(head)
    headers.set("content-type", "text/event-stream; charset=utf-8")
    headers.set("cache-control", "no-cache")
    headers.set("x-accel-buffering", "no") // nginx would hold the stream back
    return new FastResponse(new Flow(new Pinged(bytes.detach(), ping, late ? ping : 0)).readable, { headers })
  }
}

/** The Message of a client that did not ask to stream. */
async function whole({ request, head }: Parsed, reply: Events): Promise<Response> {
  const folder = new Folder()
  // `for await` would make a stream of the platform's and its iterator for this: 5 µs of a small request.
  const source = reply.detach()
  for (let events = await source.read(); events; events = await source.read()) {
    for (const event of events) folder.take(event)
  }
  const { message, error } = folder
  if (error) throw toThrown(error)
  // A stage that drops the end: as in a stream, what has come is no answer (litellm#41826).
  if (message && !folder.over) throw new ProxyError(502, CUT_SHORT)
  if (!message) throw new ProxyError(502, "the backend answered nothing")
  const headers = new Headers(head)
  headers.set("content-type", "application/json")
  return new FastResponse(JSON.stringify({ ...message, model: request.model }), { headers })
}

/** A failure that travelled as an event, as an error again. */
function toThrown({ type, message, details }: ErrorEvent["error"]): ProxyError {
  return new ProxyError(statusOf(type), message, { type, ...(isFields(details) && { details }) })
}

/** Whether the reply has not begun after so many seconds. One that fails in time rejects. */
async function isLate(reply: Promise<Events>, seconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), seconds * 1000)
  })
  try {
    return await Promise.race([reply.then(() => false), late])
  } finally {
    clearTimeout(timer)
  }
}

/** A reply that is still to come. */
class LateSource implements Source<readonly MessageEvent[]> {
  readonly #source: Promise<Source<readonly MessageEvent[]>>

  constructor(reply: Promise<Events>) {
    this.#source = reply.then((flow) => flow.detach())
    this.#source.catch(() => {}) // told to whoever reads; a client that has left reads nothing
  }

  async read(): Promise<readonly MessageEvent[] | undefined> {
    return (await this.#source).read()
  }

  cancel(reason: unknown): void {
    this.#source.then((source) => source.cancel(reason)).catch(() => {})
  }
}
