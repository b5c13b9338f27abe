/**
 * The one place where a connection is opened. URLs come from the config alone, redirects are not followed, and what
 * happens on the way (time limits, a client that leaves, a connection that breaks) becomes a {@link ProxyError} here.
 */
import { createFetch, FetchError } from "ofetch"
import { toAuth, toUrl } from "./address.ts"
import { demoFetch } from "./demo/fetch.ts"
import { ProxyError } from "./error.ts"
import type { Backend } from "./stage.ts"
import { Flow, type Source } from "./stream/flow.ts"

export interface Call {
  /** Added to the backend's base URL: `/chat/completions`. */
  readonly path: string
  /** The JSON text to POST. */
  readonly body: string
  /** Beside the usual ones; what the config says of a backend wins. */
  readonly headers?: Readonly<Record<string, string>>
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Rejects with a {@link ProxyError} when the connection breaks or falls silent. */
  readonly body: Flow<Uint8Array>
}

export type Dial = (backend: Backend, call: Call) => Promise<Answer>

/** What a client that has left is answered: nobody reads it. The number is nginx's. */
export function clientGone(): ProxyError {
  return new ProxyError(499, "the client closed the connection")
}

/**
 * @param fetch The platform's, or on Node the one that rides on undici's dispatcher, which costs less than a third of it.
 */
export function createDial(fetch: typeof globalThis.fetch = globalThis.fetch): Dial {
  const $fetch = createFetch({ fetch: (url, init) => (isDemo(url) ? demoFetch(url, init) : fetch(url, init)) })
  return async (backend, { path, body, headers = {}, signal }) => {
    const watch = new Watch(backend, signal)
    try {
      const response = await $fetch.raw<ReadableStream<Uint8Array>, "stream">(toUrl(backend, path), {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          // A compressed stream arrives in lumps, and a small one may inflate to gigabytes.
          "accept-encoding": "identity",
          "user-agent": "llm-proxy",
          ...headers,
          ...toAuth(backend),
          ...backend.headers,
        },
        body,
        signal: watch.signal,
        redirect: "manual",
        responseType: "stream",
        ignoreResponseError: true,
        retry: 0,
      })
      watch.answered()
      const bytes = response.body ? Flow.of(response.body).detach() : { read: () => undefined, cancel: () => {} }
      return { status: response.status, headers: response.headers, body: new Flow(new Watched(bytes, watch)) }
    } catch (thrown) {
      throw watch.explain(thrown)
    }
  }
}

function isDemo(url: RequestInfo | URL): boolean {
  return typeof url === "string" && url.startsWith("demo:")
}

/** The time limits of one call and the client's leave, as one signal. */
class Watch {
  readonly #backend: Backend
  readonly #client: AbortSignal
  readonly #controller = new AbortController()
  readonly #leave = (): void => this.#controller.abort(clientGone())
  #timer: ReturnType<typeof setTimeout> | undefined
  #since = 0 // when the backend was last heard, in ms of performance.now()

  constructor(backend: Backend, client: AbortSignal) {
    this.#backend = backend
    this.#client = client
    if (client.aborted) this.#leave()
    else client.addEventListener("abort", this.#leave, { once: true })
    const { first_byte } = backend.timeout
    this.#timer = setTimeout(() => this.#late(`did not begin to answer within ${first_byte} s`), first_byte * 1000)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The backend has begun to answer: from now on only its silence is measured. */
  answered(): void {
    clearTimeout(this.#timer)
    this.heard()
    this.#arm(this.#backend.timeout.idle * 1000)
  }

  heard(): void {
    this.#since = performance.now()
  }

  over(): void {
    clearTimeout(this.#timer)
    this.#client.removeEventListener("abort", this.#leave)
  }

  /** What a failure of the connection means. */
  explain(thrown: unknown): ProxyError {
    this.over()
    const { signal } = this.#controller
    if (signal.aborted && signal.reason instanceof ProxyError) return signal.reason
    const cause = thrown instanceof FetchError ? thrown.cause : thrown
    if (cause instanceof ProxyError) return new ProxyError(cause.status, `backend "${this.#backend.name}" ${cause.message}`)
    const what = this.#since === 0 ? "cannot be reached" : "closed the connection before its answer was complete"
    return new ProxyError(502, `backend "${this.#backend.name}" ${what}${reasonOf(cause)}`, { cause })
  }

  /** One timer a stream, looked at when it fires, instead of one set and cleared for each chunk. */
  #arm(after: number): void {
    this.#timer = setTimeout(() => {
      const idle = this.#backend.timeout.idle
      const left = this.#since + idle * 1000 - performance.now()
      if (left > 1) this.#arm(left)
      else this.#late(`was silent for ${idle} s`)
    }, after)
  }

  #late(what: string): void {
    this.#controller.abort(new ProxyError(504, `backend "${this.#backend.name}" ${what}`))
  }
}

/** The bytes of an answer, under watch. */
class Watched implements Source<Uint8Array> {
  readonly #bytes: Source<Uint8Array>
  readonly #watch: Watch

  constructor(bytes: Source<Uint8Array>, watch: Watch) {
    this.#bytes = bytes
    this.#watch = watch
  }

  read(): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const item = this.#bytes.read()
    if (item instanceof Promise) return item.then((bytes) => this.#heard(bytes), (thrown: unknown) => this.#broke(thrown))
    return this.#heard(item)
  }

  cancel(reason: unknown): void | Promise<void> {
    this.#watch.over()
    return this.#bytes.cancel(reason)
  }

  #heard(bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (bytes === undefined) this.#watch.over()
    else this.#watch.heard()
    return bytes
  }

  #broke(thrown: unknown): never {
    throw this.#watch.explain(thrown)
  }
}

/** The system's word for a failure (`ECONNREFUSED`); its sentence may hold addresses and stays in the log. */
function reasonOf(thrown: unknown): string {
  for (let cause: unknown = thrown, depth = 0; cause instanceof Error && depth < 4; cause = cause.cause, depth++) {
    if ("code" in cause && typeof cause.code === "string") return ` (${cause.code})`
  }
  return ""
}
