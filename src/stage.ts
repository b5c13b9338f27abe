/**
 * What a stage finds at each place of the line, and what comes back through it. Contexts are readonly and are handed
 * on by spread, because `next` may be called again (fallback, retry): `next({ ...context, request })`.
 */
import type { MessageEvent } from "./anthropic/events.ts"
import type { MessageRequest, Original } from "./anthropic/types.ts"
import type { Profile } from "./backends/profile.ts"
import type { Log } from "./log.ts"
import type { Flow } from "./stream/flow.ts"
import type { WireChunk } from "./wires/failure.ts"
import type { Api, Body } from "./wires/registry.ts"

/** An HTTP request as it came in. */
export interface Received {
  /** The answer's `request-id`, which error bodies repeat. */
  readonly id: string
  readonly req: Request
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Headers of the answer: with state kept under `req` in a WeakMap, the only thing a stage may write to. */
  readonly head: Headers
  /** The decoded body; read once, capped, remembered. Rejects with 413 beyond `server.max_body`. */
  text(): Promise<string>
  /**
   * Calls once the answer is over: sent, failed, or left by its client. To be asked for before the answer is returned.
   *
   * @param then Is given why, where the answer was not sent to its end.
   */
  onOver(then: (broke?: unknown) => void): void
}

/** After `auth`: who is calling. */
export interface Authorized extends Received {
  readonly client: Client
}

/** The key a request came with. */
export interface Client {
  /** The key's name in the config, `default` for `PROXY_API_KEY`. */
  readonly name: string
  /** Whether the key may use a model, by the name the client asks for. */
  may(model: string): boolean
  /** Whether a model it may use can lead to this backend. */
  sees(backend: string): boolean
  /** Whether the key may see what becomes of a request (`x-llm-proxy-explain`). */
  readonly explain: boolean
}

/** After `parse`: Anthropic's request, with the types it should have; which words are in it may be news to this program. */
export interface Parsed extends Authorized {
  readonly request: MessageRequest
  /** What `request` was read from, for backends that are given it as it came. */
  readonly original: Original
}

/** After `route`: where it goes. */
export interface Routed extends Parsed {
  readonly target: Target
}

/** A backend and the model asked of it. */
export interface Target {
  readonly model: string
  readonly backend: Backend
}

/** A backend as the config describes it. */
export interface Backend {
  readonly name: string
  readonly base_url: string
  /** The API it is asked over; `auto` leaves it to the profile. */
  readonly api: Api | "auto"
  readonly api_key: string | undefined
  /** Headers each request to it carries beside the usual ones. */
  readonly headers: Readonly<Record<string, string>>
  readonly profile: Profile
  /** Environment variables its settings name and that are not set; such a backend is not ready. */
  readonly missing: readonly string[]
  /** Seconds. */
  readonly timeout: { readonly first_byte: number; readonly idle: number }
}

/** After `toOpenAI`: the request in the backend's dialect; `api` tells which that is. */
export type Translated = Routed &
  Body & {
    /** What a stage adds to the call, by lower-case names; what the config says of a backend wins. */
    readonly headers?: Readonly<Record<string, string>>
  }

/** A reply inside the line, as lists of Anthropic's stream events. Failures after the beginning are events too. */
export type Events = Flow<readonly MessageEvent[]>

/** A reply as the backend speaks it. */
export type Chunks = Flow<readonly WireChunk[]>

/** The places a stage may stand before. */
export interface Places {
  auth: { context: Received; reply: Response }
  parse: { context: Authorized; reply: Response }
  route: { context: Parsed; reply: Events }
  toOpenAI: { context: Routed; reply: Events }
  upstream: { context: Translated; reply: Chunks }
}

export type Place = keyof Places

/**
 * A function around the rest of the line. At `route`, `toOpenAI` and `upstream`, `next` settles when the backend has
 * really begun to answer: a failure before that rejects, a failure after it is an `error` event in the reply.
 */
export interface Stage<P extends Place> {
  /** Names the stage in logs and in error messages. */
  readonly name: string
  readonly before: P
  run(
    context: Places[P]["context"],
    next: (context: Places[P]["context"]) => Promise<Places[P]["reply"]>,
  ): Promise<Places[P]["reply"]>
}

/** A stage at any of the places. */
export type AnyStage = { [P in Place]: Stage<P> }[Place]

/** Types a stage by its place. */
export function defineStage<P extends Place>(stage: Stage<P>): Stage<P> {
  return stage
}

/** The stages of each place, outermost first. */
export type Stages = { readonly [P in Place]: readonly Stage<P>[] }

/** Sorts stages by place and keeps their order. */
export function toStages(stages: readonly AnyStage[]): Stages {
  const at = <P extends Place>(place: P) => stages.filter((stage): stage is Stage<P> & AnyStage => stage.before === place)
  return { auth: at("auth"), parse: at("parse"), route: at("route"), toOpenAI: at("toOpenAI"), upstream: at("upstream") }
}

/** Wraps a function in the stages of its place; the first is the outermost. `next` may be called any number of times. */
export function around<P extends Place>(
  stages: readonly Stage<P>[],
  core: (context: Places[P]["context"]) => Promise<Places[P]["reply"]>,
): (context: Places[P]["context"]) => Promise<Places[P]["reply"]> {
  return stages.reduceRight((next, stage) => (context) => stage.run(context, next), core)
}
