/**
 * The one place where a connection is opened. URLs come from the config alone, redirects are not followed, and what
 * happens on the way (time limits, a client that leaves, a connection that breaks) becomes an error in `watch.ts`.
 */
import { toAuth, toUrl } from "./address.ts"
import { Calls } from "./calls.ts"
import { demoFetch } from "../demo/fetch.ts"
import type { Hops } from "./hops.ts"
import type { Backend } from "../stage.ts"
import { Flow } from "../stream/flow.ts"
import { Watch, Watched } from "./watch.ts"

export interface Call {
  /** Added to the backend's base URL: `/chat/completions`. */
  readonly path: string
  /** The JSON text to POST. */
  readonly body: string
  /** Beside the usual ones; what the config says of a backend wins. */
  readonly headers?: Readonly<Record<string, string>>
  /** Headers of the request it is made for: of these, only who has passed it on is told. */
  readonly from: Headers
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Rejects with a {@link ProxyError} when the connection breaks or falls silent. */
  readonly body: Flow<Uint8Array>
  /** The backend has said all: it has a moment for what may follow, and each call of this gives it another one. */
  expectEnd(): void
}

export type Dial = (backend: Backend, call: Call) => Promise<Answer>

/** What connections are opened with: of the platform's `fetch` as much as is used here. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Answered>

/** Of a Response as much as is read here. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
}

/**
 * @param hops Says in each call which proxies its request has come through.
 * @param fetch The platform's, or on Node the one that rides on undici's dispatcher, which costs less than a third of it.
 * @param calls Where a call is noted as long as it runs.
 */
export function createDial(hops: Hops, fetch: Fetch = globalThis.fetch, calls = new Calls()): Dial {
  const open: Fetch = (url, init) => (url.startsWith("demo:") ? demoFetch(url, init) : fetch(url, init))
  return async (backend, { path, body, headers = {}, from, signal }) => {
    const watch = new Watch(backend, signal, calls)
    try {
      const response = await open(toUrl(backend, path), {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          // A compressed stream arrives in lumps, and a small one may inflate to gigabytes.
          "accept-encoding": "identity",
          "user-agent": "llm-proxy",
          ...headers,
          ...hops.onward(from),
          ...toAuth(backend),
          ...backend.headers,
        },
        body,
        signal: watch.signal,
        redirect: "manual",
      })
      watch.answered()
      const bytes = response.body ? Flow.of(response.body).detach() : { read: () => undefined, cancel: () => {} }
      const { status, headers: said } = response
      return { status, headers: said, body: new Flow(new Watched(bytes, watch)), expectEnd: () => watch.expectEnd() }
    } catch (thrown) {
      throw watch.explain(thrown)
    }
  }
}
