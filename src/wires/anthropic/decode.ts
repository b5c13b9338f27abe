/** How the Messages API is read off the wire: an event's data, or a whole message, as Anthropic's stream events. */
import type { AssistantMessage, MessageEvent } from "../../anthropic/events.ts"
import { unfold } from "../../anthropic/fold.ts"
import { ProxyError } from "../../error.ts"
import { DONE, Failure, type ItemOf } from "../failure.ts"
import { isObject } from "../is-object.ts"
import { parseObject } from "../json.ts"
import type { DialectOf } from "../wire.ts"
import { readMessagesError } from "./error.ts"

/** As {@link Wire.dialect} says. */
export function messagesDialect(backend: string, headers?: Headers): DialectOf<MessageEvent> {
  const failure = (answer: object | string): Failure =>
    new Failure(readMessagesError(answer, { backend, status: undefined, headers }))
  const broken = (): Failure =>
    new Failure(new ProxyError(502, `backend "${backend}" sent something that is not a message`))
  return {
    event(written, name) {
      const data = written.trim()
      if (data === "[DONE]") return DONE
      if (!data.startsWith("{")) return name === "error" ? failure(data) : undefined
      const event = parseObject(data)
      if (!isObject(event)) return broken()
      const type = event["type"] ?? name
      // Servers that only borrow the API fail in their own shape.
      if (type === "error" || name === "error" || (type === undefined && event["error"])) return failure(event)
      if (typeof type !== "string") return broken()
      // The proxy pings by itself, and while a backend pings it has not begun.
      if (type === "ping") return undefined
      return (event["type"] === type ? event : { ...event, type }) as MessageEvent
    },
    whole(text) {
      const message = parseObject(text)
      if (!isObject(message)) return [broken()]
      const { type, content } = message
      if (type === "error" || (content === undefined && "error" in message)) return [failure(message)]
      if (!Array.isArray(content) || !content.every(isObject)) return [broken()]
      return unfold(message as unknown as AssistantMessage)
    },
  }
}

/** Whether an event says why the answer stopped: `message_stop` follows. */
export function hasEnd(item: ItemOf<MessageEvent>): boolean {
  if (item === DONE || item instanceof Failure || item.type !== "message_delta") return false
  const delta: unknown = item.delta
  return isObject(delta) && typeof delta["stop_reason"] === "string"
}

/**
 * Whether an item means that the backend has really begun: the head of a message does not, nor a block in which nothing
 * stands yet. Anthropic says behind these that it is overloaded.
 */
export function hasContent(item: ItemOf<MessageEvent>): boolean {
  if (item === DONE || item instanceof Failure) return true
  if (item.type === "message_start") return false
  if (item.type !== "content_block_start") return true
  const block: unknown = item.content_block
  if (!isObject(block)) return false
  return block["type"] === "text" || block["type"] === "thinking" ? Boolean(block[block["type"]]) : true
}
