/**
 * upstream: the turn of the line. The body goes out, the answer's chunks come back, once the backend has really begun:
 * a status other than 2xx, or a failure before the first content, is thrown, so that a client gets a true status and a
 * stage may try elsewhere. What fails later is the last chunk.
 */
import { clientGone } from "../dial/calls.ts"
import type { Answer, Dial } from "../dial/dial.ts"
import { ProxyError } from "../error.ts"
import { forward } from "../dial/forward.ts"
import { readText } from "../dial/read-text.ts"
import type { Chunks, Translated } from "../stage.ts"
import { catching, Flow, flowOf, Step } from "../stream/flow.ts"
import { Decode } from "../stream/sse.ts"
import type { Lessons } from "../state/lessons.ts"
import type { Refusals } from "../state/refusals.ts"
import { DONE, Failure, type WireChunk } from "../wires/failure.ts"
import { heed, lasts, lessonIn, tellLesson } from "../wires/lesson.ts"
import { wireOf } from "../wires/registry.ts"
import type { Health } from "../state/health.ts"

/** What says that a backend cannot be used at all; one that is busy or stumbles over a request still can. */
const UNREACHED: ReadonlySet<number> = new Set([502, 504])

/**
 * Where a backend's words are listened to. Beside 400 and 422: Scaleway says 416 of `max_tokens`, llama.cpp 500 when a
 * chat template refuses (llama.cpp#27367), and an error in a stream that tells no status of its own counts as 502.
 */
const TEACHING: ReadonlySet<number> = new Set([400, 416, 422, 500, 502])

/** Of an error body no more than this is read, in bytes. */
const ERROR_BODY = 64 * 1024

export interface UpstreamOptions {
  readonly dial: Dial
  readonly health: Health
  readonly lessons: Lessons
  readonly refusals: Refusals
  /** Takes configured keys out of a text. */
  readonly mask: (text: string) => string
}

export function createUpstream(options: UpstreamOptions): (context: Translated) => Promise<Chunks> {
  const { health } = options
  return async (context) => {
    const { backend } = context.target
    // `max_tokens: 0` asks for no answer at all (it warms Anthropic's cache); other backends would refuse it.
    const { nothing } = wireOf(context.api)
    if (nothing && context.request.max_tokens === 0) return flowOf<WireChunk>([structuredClone(nothing)])
    try {
      const chunks = await ask(context, options)
      health.answered(backend.name)
      return chunks
    } catch (thrown) {
      if (thrown instanceof ProxyError && UNREACHED.has(thrown.status)) health.failed(backend.name, thrown.message)
      throw thrown
    }
  }
}

/** What a backend says instead of an answer. */
interface Refused {
  /** In its own words. */
  readonly said: string
  readonly status: number
  readonly error: ProxyError
}

/**
 * Asks, and once more where the backend names what it refuses of the body and the answer can do without: it is left out
 * then, and from then on. What has just been refused for good is not asked again.
 *
 * @returns the answer's chunks, once the first with content has come
 */
async function ask(context: Translated, options: UpstreamOptions): Promise<Chunks> {
  const { lessons, refusals } = options
  const { api, target, original, log } = context
  const { backend, model } = target
  const known = await lessons.of(target)
  let body = known.length > 0 ? heed(context.body, known) : context.body
  const sent: string[] = []
  for (let again = true; ; again = false) {
    const text = wireOf(api).toText(body, original)
    const before = await refusals.of(context, text)
    if (before) {
      log.debug("refused a moment ago, and not asked again", { backend: backend.name, model })
      throw before
    }
    sent.push(text)
    const outcome = await send(context, text, options)
    if (outcome instanceof Flow) return outcome
    const { said, status, error } = outcome
    const lesson = TEACHING.has(status) ? lessonIn(body, said, api) : undefined
    if (lesson) {
      if (lasts(lesson)) lessons.learn(target, lesson)
      log.warn(`refused by ${backend.name}: ${tellLesson(lesson)}${lasts(lesson) ? " from now on" : ""}`, { model })
    }
    if (!lesson) await refusals.keep(context, sent, error)
    if (!lesson || !again) throw error
    body = heed(body, [lesson])
  }
}

/** One request and the beginning of its answer. */
async function send(context: Translated, text: string, { dial, mask }: UpstreamOptions): Promise<Chunks | Refused> {
  const { api, target, req, head, signal, log } = context
  const { backend, model } = target
  const { path, forwards, returns, error } = wireOf(api)
  const began = performance.now()
  const along = { ...forward(req.headers, forwards), ...context.headers }
  const answer = await dial(backend, { path, body: text, headers: along, from: req.headers, signal })
  const { status, headers } = answer
  log.debug("upstream", { backend: backend.name, status, id: headers.get("request-id") ?? undefined, ms: Math.round(performance.now() - began) })
  if (status < 200 || status > 299) {
    const said = await readText(answer.body, ERROR_BODY)
    return { said, status, error: error(said, { backend: backend.name, status, model, headers }) }
  }
  for (const [name, value] of headers) {
    if (returns.some((beginning) => name.startsWith(beginning))) head.set(name, mask(value))
  }
  return begin(context, answer)
}

/** The answer's chunks, once the first with content has come; a failure before it is a refusal as any other. */
async function begin({ api, target, signal }: Translated, answer: Answer): Promise<Chunks | Refused> {
  const wire = wireOf(api)
  const { backend } = target
  const dialect = wire.dialect(backend.name, answer.headers)
  const chunks = answer.body.pipeThrough(new Decode(dialect)).pipeThrough(new Closing(wire.ends, answer))
  const inBand = catching(chunks, (thrown) => [new Failure(asFailure(thrown))])
  let first: Failure | undefined
  let seen = false
  const begun = await Flow.until(inBand, (list) => {
    const found = list.find((item) => wire.begins(item))
    if (found instanceof Failure) first = found
    seen = found !== undefined
    return seen
  })
  if (first) {
    const { error } = first
    await begun.cancel(error)
    return { said: error.message, status: error.status, error }
  }
  if (!seen) throw new ProxyError(502, `backend "${backend.name}" answered ${answer.status} and said nothing`)
  if (signal.aborted) throw clientGone()
  return begun
}

/** Tells the call when its backend has said why it stopped. What fails from then on costs the answer nothing. */
class Closing extends Step<readonly WireChunk[], readonly WireChunk[]> {
  readonly #ends: (item: WireChunk) => boolean
  readonly #answer: Answer
  #said = false

  constructor(ends: (item: WireChunk) => boolean, answer: Answer) {
    super()
    this.#ends = ends
    this.#answer = answer
  }

  take(chunks: readonly WireChunk[]): readonly WireChunk[] {
    this.#said ||= chunks.some(this.#ends)
    if (this.#said && chunks.at(-1) !== DONE) this.#answer.expectEnd()
    return chunks
  }

  end(): undefined {}
}

function asFailure(thrown: unknown): ProxyError {
  return thrown instanceof ProxyError ? thrown : new ProxyError(502, "the backend's answer could not be read", { cause: thrown })
}
