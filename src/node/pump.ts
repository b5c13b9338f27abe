/**
 * A Node stream as the source of a flow. It listens instead of iterating, which is the cheapest way to read one;
 * what arrived since the last read is handed on in one piece, and a reader that falls behind pauses the socket.
 */
import type { Dispatcher } from "undici"
import type { Source } from "../stream/flow.ts"

type Body = Dispatcher.ResponseData["body"]

/** Bytes that may wait for the reader before the socket is paused. */
const HIGH = 64 * 1024

/** What may still come after an answer is over for the connection to be used again; more closes it. */
const REST = { limit: 16 * 1024, seconds: 0.05 }

export class Pump implements Source<Uint8Array> {
  readonly #body: Body
  #waiting: Uint8Array[] = [] // arrived, not yet read
  #size = 0 // bytes of these
  #ended = false
  #failed: Error | undefined // thrown once everything that arrived before it has been read
  #reader: { resolve: (bytes: Uint8Array | undefined) => void; reject: (error: Error) => void } | undefined

  constructor(body: Body) {
    this.#body = body
    body.on("data", (bytes: Uint8Array) => this.#arrived(bytes))
    body.on("end", () => {
      this.#ended = true
      this.#wake()
    })
    body.on("error", (error: Error) => {
      this.#failed = error
      this.#wake()
    })
    body.on("close", () => {
      if (!this.#ended) this.#failed ??= new Error("the connection was closed")
      this.#wake()
    })
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
    // An answer that was over before its connection closed: its last bytes are read away, so that the socket lives on.
    if (reason === undefined) void this.#body.dump({ limit: REST.limit, signal: AbortSignal.timeout(REST.seconds * 1000) }).catch(() => {})
    else this.#body.destroy()
  }

  #arrived(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#size += bytes.byteLength
    if (this.#reader) this.#wake()
    else if (this.#size > HIGH) this.#body.pause()
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
    if (this.#body.isPaused()) this.#body.resume()
    return all
  }
}
