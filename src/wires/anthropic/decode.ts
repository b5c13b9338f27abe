/** How the Messages API is read off the wire: an event's data, or a whole message, as Anthropic's stream events. */
import type { AssistantMessage, MessageEvent } from "../../anthropic/events.ts"
import { unfold } from "../../anthropic/fold.ts"
import { ProxyError } from "../../error.ts"
import { readBackendError } from "../backend-error.ts"
import { DONE, Failure, type ItemOf } from "../failure.ts"
import { parseObject } from "../json.ts"
import type { DialectOf } from "../wire.ts"

/** @param backend Its name, for error messages. */
export function messagesDialect(backend: string): DialectOf<MessageEvent> {
  const failure = (answer: object): Failure => new Failure(readBackendError(answer, { backend, status: undefined }))
  const broken = (): Failure => new Failure(new ProxyError(502, `backend "${backend}" sent something that is not a message`))
  return {
    event(written) {
      const data = written.trim()
      if (data === "[DONE]") return DONE
      if (!data.startsWith("{")) return undefined
      const event = parseObject(data)
      if (!event || !("type" in event)) return broken()
      return event.type === "error" ? failure(event) : (event as MessageEvent)
    },
    whole(text) {
      const message = parseObject(text)
      if (!message || !("type" in message)) return [broken()]
      return message.type === "error" ? [failure(message)] : unfold(message as AssistantMessage)
    },
  }
}

/** Whether an item means that the backend has really begun: pings and the head of the message do not. */
export function hasContent(item: ItemOf<MessageEvent>): boolean {
  return item === DONE || item instanceof Failure || (item.type !== "ping" && item.type !== "message_start")
}
