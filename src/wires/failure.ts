/**
 * What a wire hands up beside the backend's own chunks: the end it announced, and the failure that cut it off. Both
 * travel as items, because an errored stream drops what is still queued.
 */
import type { MessageEvent } from "../anthropic/events.ts"
import type { ProxyError } from "../error.ts"
import type { ChatChunk } from "./chat/types.ts"
import type { ResponsesEvent } from "./responses/types.ts"

/** The reply failed here; nothing follows. */
export class Failure {
  readonly error: ProxyError

  constructor(error: ProxyError) {
    this.error = error
  }
}

/** The backend said that it is done (`data: [DONE]`), as opposed to a connection that merely closed. */
export const DONE: unique symbol = Symbol("done")

/** An item of a reply whose backend speaks in these chunks. */
export type ItemOf<Chunk> = Chunk | Failure | typeof DONE

/** An item of any reply. A reply is made of one kind of chunk: the one of its backend's `api`. */
export type WireChunk = ItemOf<ChatChunk | ResponsesEvent | MessageEvent>
