/** Anthropic's stream events → the same, held to the grammar. */
import type { MessageEvent } from "../../anthropic/events.ts"
import { ProxyError } from "../../error.ts"
import { Step } from "../../stream/flow.ts"
import { DONE, Failure, type ItemOf } from "../failure.ts"
import type { ReplyFacts } from "../wire.ts"

export class MessagesReply extends Step<readonly ItemOf<MessageEvent>[], readonly MessageEvent[]> {
  readonly #backend: string
  #over = false // message_stop or an error has been told

  constructor({ backend }: ReplyFacts) {
    super()
    this.#backend = backend.name
  }

  override get done(): boolean {
    return this.#over
  }

  take(items: readonly ItemOf<MessageEvent>[]): readonly MessageEvent[] | undefined {
    const out: MessageEvent[] = []
    for (const item of items) {
      if (this.#over || item === DONE) break
      const event = item instanceof Failure ? toEvent(item.error) : item
      this.#over = event.type === "message_stop" || event.type === "error"
      out.push(event)
    }
    return out.length > 0 ? out : undefined
  }

  end(): readonly MessageEvent[] | undefined {
    if (this.#over) return undefined
    this.#over = true
    return [toEvent(new ProxyError(502, `backend "${this.#backend}" closed the connection before its answer was complete`))]
  }
}

function toEvent({ type, message }: ProxyError): MessageEvent {
  return { type: "error", error: { type, message } }
}
