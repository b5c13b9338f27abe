/**
 * Fills silence with pings. Clients and what stands between give up on a stream that says nothing: Claude Code's
 * watchdog on zero bytes fires at 20 s (litellm#36024), many load balancers at 60 s.
 */
import type { Source } from "./flow.ts"

const PING = new TextEncoder().encode('event: ping\ndata: {"type":"ping"}\n\n')

type Bytes = Uint8Array | undefined

/** How a read of the source ended. */
type Outcome = { readonly bytes: Bytes } | { readonly thrown: unknown }

export class Pinged implements Source<Uint8Array> {
  readonly #source: Source<Uint8Array>
  readonly #interval: number // ms
  #since: number // when something was last sent, in ms of performance.now()
  #asked = false // the source is being read: one read at a time, however many pings go out meanwhile
  #outcome: Outcome | undefined // of a read that a ping overtook
  #reader: { readonly resolve: (bytes: Bytes) => void; readonly reject: (thrown: unknown) => void } | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  /**
   * @param seconds Of silence before a ping, and between pings.
   * @param silent Seconds of silence there have been already.
   */
  constructor(source: Source<Uint8Array>, seconds: number, silent = 0) {
    this.#source = source
    this.#interval = seconds * 1000
    this.#since = performance.now() - silent * 1000
  }

  read(): Bytes | Promise<Bytes> {
    if (!this.#asked && !this.#outcome) {
      const item = this.#source.read()
      if (!(item instanceof Promise)) return this.#sent(item)
      this.#asked = true
      item.then((bytes) => this.#settled({ bytes }), (thrown: unknown) => this.#settled({ thrown }))
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
      if (this.#outcome) this.#settled(this.#outcome)
      else this.#arm()
    })
  }

  cancel(reason: unknown): void | Promise<void> {
    this.#stop()
    return this.#source.cancel(reason)
  }

  #settled(outcome: Outcome): void {
    this.#asked = false
    const reader = this.#reader
    this.#reader = undefined
    this.#outcome = reader ? undefined : outcome
    if (!reader) return
    if ("bytes" in outcome) reader.resolve(this.#sent(outcome.bytes))
    else {
      this.#stop()
      reader.reject(outcome.thrown)
    }
  }

  #sent(bytes: Bytes): Bytes {
    if (bytes === undefined) this.#stop()
    else this.#since = performance.now()
    return bytes
  }

  /** One timer a stream, looked at when it fires, instead of one set and cleared for each piece. */
  #arm(): void {
    if (this.#timer !== undefined) return
    const left = this.#since + this.#interval - performance.now()
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, left))
  }

  #fire(): void {
    this.#timer = undefined
    const reader = this.#reader
    if (!reader) return // nobody waits: the next read that has to sets the timer again
    if (this.#since + this.#interval - performance.now() > 1) {
      this.#arm()
      return
    }
    this.#reader = undefined
    this.#since = performance.now()
    reader.resolve(PING)
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
