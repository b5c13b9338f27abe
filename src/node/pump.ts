/**
 * One call as undici's dispatcher carries it out, and the bytes of its answer as the source of a flow. No Node stream
 * stands between the parser and the reader, as it does with undici's `request`: that saves 7 % of a small request's
 * CPU. What arrived since the last read is handed on in one piece, and a reader that falls behind pauses the socket.
 */
import type { IncomingHttpHeaders } from "node:http"
import type { Dispatcher } from "undici"
import type { Source } from "../stream/flow.ts"

/** How an answer begins. */
export interface Head {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

/** Bytes that may wait for the reader before the socket is paused. */
const HIGH = 64 * 1024

/** What may still come after an answer is over for the connection to be used again; more closes it. */
const REST = { limit: 16 * 1024, seconds: 0.05 }

export class Pump implements Source<Uint8Array>, Dispatcher.DispatchHandler {
  readonly #begun = Promise.withResolvers<Head>()
  readonly #signal: AbortSignal | null
  readonly #leave = (): void => {
    const { reason } = this.#signal ?? {}
    this.#controller?.abort(reason)
    this.#begun.reject(reason) // whoever waits for a connection waits no more; nothing is sent over it then
  }
  #controller: Dispatcher.DispatchController | undefined // once a connection has the request
  #waiting: Uint8Array[] = [] // arrived, not yet read
  #size = 0 // bytes of these
  #room: number | undefined // bytes that may still come now that nobody reads
  #ended = false
  #failed: Error | undefined // thrown once everything that arrived before it has been read
  #reader: { resolve: (bytes: Uint8Array | undefined) => void; reject: (error: Error) => void } | undefined

  /** @param signal Breaks the call off with its reason. */
  constructor(signal: AbortSignal | null) {
    this.#signal = signal
    signal?.addEventListener("abort", this.#leave, { once: true })
  }

  /** Rejects when the call fails before an answer has begun. */
  get head(): Promise<Head> {
    return this.#begun.promise
  }

  read(): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (this.#size > 0) return this.#take()
    if (this.#ended) return undefined
    if (this.#failed) return Promise.reject(this.#failed)
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
    })
  }

  cancel(reason: unknown): void {
    if (this.#ended) return
    if (reason !== undefined) return this.#cut()
    // An answer that was over before its connection closed: its last bytes are read away, so that the socket lives on.
    this.#waiting = []
    this.#room = REST.limit
    setTimeout(() => this.#cut(), REST.seconds * 1000)
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal?.aborted) this.#leave()
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status >= 200) this.#begun.resolve({ status, headers }) // below, the answer is still to come
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#room !== undefined) {
      this.#room -= bytes.byteLength
      if (this.#room < 0) this.#cut()
      return
    }
    this.#waiting.push(bytes)
    this.#size += bytes.byteLength
    if (this.#reader) this.#wake()
    else if (this.#size > HIGH) controller.pause()
  }

  onResponseEnd(): void {
    this.#ended = true
    this.#over()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#failed = error
    this.#begun.reject(error) // which an answer that has begun does not hear
    this.#over()
  }

  #over(): void {
    this.#signal?.removeEventListener("abort", this.#leave)
    this.#wake()
  }

  #cut(): void {
    if (!this.#ended) this.#controller?.abort(new Error("nobody reads the answer"))
  }

  /** Lets a waiting reader go on, a microtask later: what arrives in this turn comes along. */
  #wake(): void {
    const reader = this.#reader
    if (!reader) return
    this.#reader = undefined
    queueMicrotask(() => {
      if (this.#size > 0) reader.resolve(this.#take())
      else if (this.#failed) reader.reject(this.#failed)
      else reader.resolve(undefined)
    })
  }

  #take(): Uint8Array {
    const [first = new Uint8Array()] = this.#waiting
    const all = this.#waiting.length === 1 ? first : Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#size = 0
    if (this.#controller?.paused) this.#controller.resume()
    return all
  }
}
