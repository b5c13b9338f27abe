/**
 * upstream: the turn of the line. The body goes out, the answer's chunks come back, once the backend has really begun:
 * a status other than 2xx, or a failure before the first content, is thrown, so that a client gets a true status and a
 * stage may try elsewhere. What fails later is the last chunk.
 */
import { clientGone, readText, type Answer, type Dial } from "../dial.ts"
import { ProxyError } from "../error.ts"
import type { Chunks, Translated } from "../stage.ts"
import { catching, Flow, flowOf } from "../stream/flow.ts"
import { Decode } from "../stream/sse.ts"
import type { Lessons } from "../lessons.ts"
import { readBackendError } from "../wires/backend-error.ts"
import { Failure, type WireChunk } from "../wires/failure.ts"
import { heed, lessonIn, tellLesson } from "../wires/lesson.ts"
import { wireOf } from "../wires/registry.ts"
import type { Health } from "../health.ts"

/** What says that a backend cannot be used at all; one that is busy or stumbles over a request still can. */
const UNREACHED: ReadonlySet<number> = new Set([502, 504])

/** Of an error body no more than this is read, in bytes. */
const ERROR_BODY = 64 * 1024

export function createUpstream(dial: Dial, health: Health, lessons: Lessons): (context: Translated) => Promise<Chunks> {
  return async (context) => {
    const { backend } = context.target
    // `max_tokens: 0` asks for no answer at all (it warms Anthropic's cache); other backends would refuse it.
    const { nothing } = wireOf(context.api)
    if (nothing && context.request.max_tokens === 0) return flowOf<WireChunk>([nothing])
    try {
      const chunks = await begin(context, await ask(context, dial, lessons))
      health.answered(backend.name)
      return chunks
    } catch (thrown) {
      if (thrown instanceof ProxyError && UNREACHED.has(thrown.status)) health.failed(backend.name, thrown.message)
      throw thrown
    }
  }
}

/**
 * Asks, and once more where the backend names what it refuses of the body and the answer can do without: it is left out
 * then, and from then on.
 *
 * @returns an answer of 2xx
 */
async function ask(context: Translated, dial: Dial, lessons: Lessons): Promise<Answer> {
  const { api, target, original, req, head, signal, log } = context
  const { backend, model } = target
  const wire = wireOf(api)
  const { path } = wire
  const along = pick(req.headers, wire.forwards)
  const known = await lessons.of(target)
  let body = known.length > 0 ? heed(context.body, known) : context.body
  for (let again = true; ; again = false) {
    const began = performance.now()
    const answer = await dial(backend, { path, body: wire.toText(body, original), headers: along, signal })
    const { status, headers } = answer
    log.debug("upstream", { backend: backend.name, status, ms: Math.round(performance.now() - began) })
    if (status >= 200 && status <= 299) {
      for (const [name, value] of headers) if (wire.returns.some((beginning) => name.startsWith(beginning))) head.set(name, value)
      return answer
    }
    const text = await readText(answer.body, ERROR_BODY)
    const lesson = status === 400 || status === 422 ? lessonIn(body, text) : undefined
    if (lesson) {
      lessons.learn(target, lesson)
      log.warn(`refused by ${backend.name}: ${tellLesson(lesson)} from now on`, { model })
    }
    if (!lesson || !again) throw readBackendError(text, { backend: backend.name, status, model, headers })
    body = heed(body, [lesson])
  }
}

/** The answer's chunks, once the first with content has come. */
async function begin({ api, target, signal }: Translated, answer: Answer): Promise<Chunks> {
  const wire = wireOf(api)
  const { backend } = target
  const chunks = answer.body.pipeThrough(new Decode(wire.dialect(backend.name)))
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
    await begun.cancel(first.error)
    throw first.error
  }
  if (!seen) throw new ProxyError(502, `backend "${backend.name}" answered ${answer.status} and said nothing`)
  if (signal.aborted) throw clientGone()
  return begun
}

function asFailure(thrown: unknown): ProxyError {
  return thrown instanceof ProxyError ? thrown : new ProxyError(502, "the backend's answer could not be read", { cause: thrown })
}

/** The headers of these names, as far as they are there. */
function pick(headers: Headers, names: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = headers.get(name)
    if (value !== null) found[name] = value
  }
  return found
}
