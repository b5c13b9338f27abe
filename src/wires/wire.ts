/** What a wire is: one API that backends speak, as translations there and back. Pure: others make connections. */
import type { MessageEvent } from "../anthropic/events.ts"
import type { MessageRequest, Original } from "../anthropic/types.ts"
import type { Profile } from "../backends/profile.ts"
import type { ProxyError } from "../error.ts"
import type { Step } from "../stream/flow.ts"
import type { BackendErrorFacts } from "./backend-error.ts"
import type { ItemOf } from "./failure.ts"
import type { GivenCall, PlacedReplay, Replay, Thoughts } from "./replay.ts"

/** What a reply is told for. */
export interface ReplyFacts {
  readonly request: MessageRequest
  readonly backend: { readonly name: string; readonly profile: Profile }
  /** Makes an id: `newId("msg_")`. */
  readonly newId: (prefix: string) => string
  /** Hears what was dropped or mended, one sentence each. */
  readonly note: (text: string) => void
  /** Hears at the end how many tokens the prompt took, all of it, where the backend has told. */
  readonly counted?: (inputTokens: number) => void
  /** Makes the signature of a thinking block that carries what the backend must get back; `shown` are its words. */
  readonly seal: (replay: Replay, shown: string) => string
  /** Keeps for a turn's calls what the backend must get back with them and no block carries. */
  readonly keep: (calls: readonly GivenCall[], replays: readonly PlacedReplay[]) => void
}

/** What a request is translated for. */
export interface RequestTarget {
  /** The model's name at the backend. */
  readonly model: string
  readonly profile: Profile
  /** What the backend gets back of its thinking. @default nothing */
  readonly thoughts?: Thoughts
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
  /** Requests are told in another API's words: what has none there must have been refused before. */
  readonly translates: boolean
  /** Headers of a client's request that go along to the backend, and what they say where the client does not. */
  readonly forwards: Readonly<Record<string, string | undefined>>
  /** Headers of a backend's answer that the client gets, by the beginnings of their names. */
  readonly returns: readonly string[]
  /** What a backend would say that was asked for an answer of no tokens; undefined for one that can be asked. */
  readonly nothing: Chunk | undefined
  /** Whether a backend of this kind must get back anything of its thinking. */
  replays(profile: Profile): boolean
  /**
   * Translates a validated request.
   *
   * @returns The body, and what was lost on the way, one sentence each.
   * @throws {ProxyError} 400 with the path of what the backend cannot take.
   */
  request(
    request: MessageRequest,
    target: RequestTarget,
  ): { readonly body: Body; readonly notes: readonly string[] }
  /**
   * A body as the text that is sent.
   *
   * @param original What the client sent, for a wire that changes little of it.
   * @throws {ProxyError} 400 for a body that nests too deeply.
   */
  toText(body: Body, original: Original): string
  /** Reads an error body that a backend sent: parsed JSON of any shape, or the raw text. */
  error(body: unknown, facts: BackendErrorFacts): ProxyError
  /**
   * @param backend Its name, for error messages.
   * @param headers Of the answer: what an error inside it says of when to come back.
   */
  dialect(backend: string, headers?: Headers): DialectOf<Chunk>
  /** Whether an item means that the backend has really begun to answer, so that nobody else may be asked any more. */
  begins(item: ItemOf<Chunk>): boolean
  /** Whether an item says that the answer is complete, though counts or a last word may follow. */
  ends(item: ItemOf<Chunk>): boolean
  /** A new step for each reply. */
  reply(facts: ReplyFacts): Step<readonly ItemOf<Chunk>[], readonly MessageEvent[]>
}
