/**
 * One call to a backend under watch: how long it may take and be silent, who breaks it off, and what it means when the
 * connection fails.
 */
import { clientGone, type Calls, type Running } from "./calls.ts"
import { ProxyError } from "../error.ts"
import type { Backend } from "../stage.ts"
import type { Source } from "../stream/flow.ts"

/**
 * Seconds a backend has for its last words once it has said why it stopped: the counts of OpenAI's API come in a chunk
 * of their own, with most backends within milliseconds. Some then keep the connection open, and even alive with
 * comments, for ever (bifrost#6784, vllm-mlx#101); claude-code-router#1271 waits a second.
 */
const LAST_WORDS = 5

/** The time limits of one call, the client's leave and the proxy's end, as one signal. */
export class Watch implements Running {
  readonly #backend: Backend
  readonly #client: AbortSignal
  readonly #calls: Calls
  readonly #controller = new AbortController()
  readonly #leave = (): void => this.breakOff(clientGone())
  #timer: ReturnType<typeof setTimeout> | undefined
  #over = false // nothing more is expected of the backend
  #since = 0 // when the backend was last heard, in ms of performance.now()
  #asked = false // somebody waits for what it says

  constructor(backend: Backend, client: AbortSignal, calls: Calls) {
    this.#backend = backend
    this.#client = client
    this.#calls = calls
    calls.add(this)
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

  /** Somebody waits for the backend from now on. Whoever does not is whom a silence is held against. */
  asked(): void {
    this.#asked = true
  }

  heard(): void {
    this.#asked = false
    this.#since = performance.now()
  }

  /** From now on time counts, not silence: comments that keep a connection alive are no answer. */
  expectEnd(): void {
    if (this.#over) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#late("went on after its answer was complete"), LAST_WORDS * 1000)
  }

  breakOff(error: ProxyError): void {
    this.#calls.delete(this)
    this.#controller.abort(error)
  }

  over(): void {
    this.#over = true
    this.#calls.delete(this)
    clearTimeout(this.#timer)
    this.#client.removeEventListener("abort", this.#leave)
  }

  /** What a failure of the connection means. */
  explain(thrown: unknown): ProxyError {
    this.over()
    const { signal } = this.#controller
    if (signal.aborted && signal.reason instanceof ProxyError) return signal.reason
    if (thrown instanceof ProxyError) return new ProxyError(thrown.status, `backend "${this.#backend.name}" ${thrown.message}`)
    const what = this.#since === 0 ? "cannot be reached" : "closed the connection before its answer was complete"
    return new ProxyError(502, `backend "${this.#backend.name}" ${what}${reasonOf(thrown)}`, { cause: thrown })
  }

  /** One timer a stream, looked at when it fires, instead of one set and cleared for each chunk. */
  #arm(after: number): void {
    this.#timer = setTimeout(() => {
      const idle = this.#backend.timeout.idle
      const left = this.#since + idle * 1000 - performance.now()
      if (left > 1) this.#arm(left)
      else if (this.#asked) this.#late(`was silent for ${idle} s`)
      else this.breakOff(new ProxyError(408, `the client read nothing for ${idle} s`))
    }, after)
  }

  #late(what: string): void {
    this.breakOff(new ProxyError(504, `backend "${this.#backend.name}" ${what}`))
  }
}

/** The bytes of an answer, under watch. */
export class Watched implements Source<Uint8Array> {
  readonly #bytes: Source<Uint8Array>
  readonly #watch: Watch

  constructor(bytes: Source<Uint8Array>, watch: Watch) {
    this.#bytes = bytes
    this.#watch = watch
  }

  read(): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const item = this.#bytes.read()
    if (!(item instanceof Promise)) return this.#heard(item)
    this.#watch.asked()
    return item.then((bytes) => this.#heard(bytes), (thrown: unknown) => this.#broke(thrown))
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
