/**
 * Where the prompt is marked for the backend's cache. A client marks the end of what is worth keeping with
 * `cache_control`; backends that take such marks get them where the same words end, or at the last place before that
 * where they take one.
 *
 * What is cached is found again by its exact words, and marks move on with each turn. So a request with marks keeps all
 * of its texts apart, whether there is a mark between them this time or not.
 */
import type { ContentBlock, MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { fitsAny } from "../../text/glob.ts"
import { isObject, type JsonObject } from "../is-object.ts"
import { shortHash } from "./names.ts"

/** What stands on a part, or on a tool. */
export interface CacheMark {
  /** Anthropic's own; OpenRouter and Databricks take it. */
  readonly cache_control?: { readonly type: "ephemeral"; readonly ttl?: "5m" | "1h" }
  /** OpenAI's; how long it lasts is not for a mark to say. */
  readonly prompt_cache_breakpoint?: { readonly mode: "explicit" }
}

/** The marks of a request, by what of it they stand on: a block, a tool, or a message that is one string. */
export type CacheMarks = ReadonlyMap<object, CacheMark>

/** Anthropic's and OpenAI's limit alike; a mark further on is worth more than one before it. */
const MOST = 4

/** The marks for this backend and model; undefined where there are none. */
export function toCacheMarks(
  request: MessageRequest,
  { model, profile }: { readonly model: string; readonly profile: Profile },
): CacheMarks | undefined {
  const { cache_marks, cache_models, cache_places } = profile
  if (cache_marks === "none" || !fitsAny(model, cache_models)) return undefined
  const marks = new Map<object, CacheMark>()
  const toMark = cache_marks === "cache_control" ? toControl : () => BREAKPOINT
  let last: object | undefined // the last place that can be marked
  for (const { kind, place, control } of placesIn(request)) {
    if (cache_places.some((name) => name === kind) && !isEmpty(place)) last = place
    if (control && last) marks.set(last, toMark(control))
  }
  const control = controlOf(request) // stands for one on the last place there is
  if (control && last) marks.set(last, toMark(control))
  return marks.size > 0 ? new Map([...marks].slice(-MOST)) : undefined
}

/**
 * What OpenAI finds a marked prefix by, beside its words (its prompt caching guide): the same for all requests of a
 * session, as far as the client tells sessions apart.
 */
export function toCacheKey(
  { metadata }: MessageRequest,
  { cache_marks }: Profile,
  marks: CacheMarks | undefined,
): { readonly prompt_cache_key?: string } {
  const user = metadata?.user_id
  return marks && user && cache_marks === "prompt_cache_breakpoint" ? { prompt_cache_key: shortHash(user) } : {}
}

const BREAKPOINT: CacheMark = { prompt_cache_breakpoint: { mode: "explicit" } }

function toControl({ ttl }: JsonObject): CacheMark {
  return { cache_control: { type: "ephemeral", ...((ttl === "5m" || ttl === "1h") && { ttl }) } }
}

interface Place {
  /** Of those in `cache_places`, or another. */
  readonly kind: string
  readonly place: object
  /** The client's mark. */
  readonly control: JsonObject | undefined
}

/** What a client can mark, in the order a model reads it. */
function* placesIn({ tools, system, messages }: MessageRequest): Generator<Place> {
  for (const tool of tools ?? []) yield { kind: "tools", place: tool, control: controlOf(tool) }
  if (Array.isArray(system)) for (const block of system) yield placeOf(block, "system")
  for (const message of messages) {
    const { role, content } = message
    if (typeof content === "string") yield { kind: role, place: message, control: undefined }
    else for (const block of content ?? []) yield placeOf(block, role)
  }
}

function placeOf(block: ContentBlock, role: string): Place {
  if (block.type !== "tool_result") return { kind: role, place: block, control: controlOf(block) }
  // "cache_control may not be specified within `tool_result.content`", says Anthropic, though its types allow it.
  const inner = Array.isArray(block.content) ? block.content.map(controlOf).findLast((control) => control) : undefined
  return { kind: "tool_results", place: block, control: controlOf(block) ?? inner }
}

function controlOf(place: object): JsonObject | undefined {
  const { cache_control: control }: { readonly cache_control?: unknown } = place
  return isObject(control) && control["type"] === "ephemeral" ? control : undefined
}

/** Nothing is sent of an empty text. */
function isEmpty(place: { readonly text?: unknown; readonly content?: unknown; readonly type?: unknown }): boolean {
  return place.text === "" || (place.type === undefined && place.content === "")
}
