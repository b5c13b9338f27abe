/** What a wire is: one API that backends speak, as translations there and back. Pure: others make connections. */
import type { MessageEvent } from "../anthropic/events.ts"
import type { MessageRequest, Original } from "../anthropic/types.ts"
import type { Profile } from "../backends/profile.ts"
import type { Step } from "../stream/flow.ts"
import type { ItemOf } from "./failure.ts"

/** What a reply is told for. */
export interface ReplyFacts {
  readonly request: MessageRequest
  readonly backend: { readonly name: string; readonly profile: Profile }
  /** Makes an id: `newId("msg_")`. */
  readonly newId: (prefix: string) => string
  /** Hears what was dropped or mended, one sentence each. */
  readonly note: (text: string) => void
}

/** How a wire reads what a backend writes: the `Dialect` of `stream/sse.ts`, of one wire's chunks. */
export interface DialectOf<Chunk extends object> {
  /** One server-sent event, by its data and its name where it has one; undefined when it carries nothing. */
  event(data: string, name: string | undefined): ItemOf<Chunk> | undefined
  /** A whole answer. */
  whole(text: string): readonly ItemOf<Chunk>[]
}

/** `Body` is a request's body in the API's form, `Chunk` a piece of its reply. */
export interface Wire<Body extends object, Chunk extends object> {
  /** Added to a backend's base URL. */
  readonly path: string
  /** Headers of a client's request that go along to the backend. */
  readonly forwards: readonly string[]
  /** Headers of a backend's answer that the client gets, by the beginnings of their names. */
  readonly returns: readonly string[]
  /** What a backend would say that was asked for an answer of no tokens; undefined for one that can be asked. */
  readonly nothing: Chunk | undefined
  /**
   * Translates a validated request.
   *
   * @returns The body, and what was lost on the way, one sentence each.
   * @throws {ProxyError} 400 with the path of what the backend cannot take.
   */
  request(
    request: MessageRequest,
    target: { readonly model: string; readonly profile: Profile },
  ): { readonly body: Body; readonly notes: readonly string[] }
  /**
   * A body as the text that is sent.
   *
   * @param original What the client sent, for a wire that changes little of it.
   * @throws {ProxyError} 400 for a body that nests too deeply.
   */
  toText(body: Body, original: Original): string
  /** @param backend Its name, for error messages. */
  dialect(backend: string): DialectOf<Chunk>
  /** Whether an item means that the backend has really begun to answer, so that nobody else may be asked any more. */
  begins(item: ItemOf<Chunk>): boolean
  /** A new step for each reply. */
  reply(facts: ReplyFacts): Step<readonly ItemOf<Chunk>[], readonly MessageEvent[]>
}
