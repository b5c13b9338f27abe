/**
 * A foreign TransformStream in a flow, as a source. It may keep what it is given for as long as it likes, except where
 * a limit is set: then it fails once it has had its input for that long and given nothing for it. Time in which it
 * waits for more to come is not its own.
 */
import type { Source } from "./flow.ts"

/** How long a foreign stream may keep a reader waiting, and what it fails with then. */
export interface HopLimit {
  readonly seconds: number
  readonly toError: (cause: Error) => Error
}

export class Hop<In, Out> implements Source<Out> {
  readonly #input: Source<In>
  readonly #reader: ReadableStreamDefaultReader<Out>
  #limit: HopLimit | undefined
  #since = 0 // when it was last given something or asked for something, in ms of performance.now()
  #hungry = false // it waits for its input
  #fail: ((error: Error) => void) | undefined // of the read that waits
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param connect Pipes what is read of the input through the foreign stream. */
  constructor(input: Source<In>, connect: (input: Source<In>) => ReadableStream<Out>) {
    this.#input = input
    this.#reader = connect({ read: () => this.#feed(), cancel: (reason) => input.cancel(reason) }).getReader()
  }

  /** Sets the limit, where none is set: the stage that has piped it is the first to say. */
  limitHops(limit: HopLimit): void {
    this.#limit ??= limit
    this.#input.limitHops?.(limit)
  }

  async read(): Promise<Out | undefined> {
    const reading = this.#reader.read()
    const { done, value } = await (this.#limit ? this.#inTime(reading, this.#limit) : reading)
    if (done) clearTimeout(this.#timer)
    return done ? undefined : value
  }

  async cancel(reason: unknown): Promise<void> {
    clearTimeout(this.#timer)
    await this.#reader.cancel(reason).catch(() => {}) // a stream that has failed already has nothing to let go
  }

  async #feed(): Promise<In | undefined> {
    this.#hungry = true
    try {
      return await this.#input.read()
    } finally {
      this.#hungry = false
      this.#since = performance.now()
    }
  }

  #inTime<T>(reading: Promise<T>, limit: HopLimit): Promise<T> {
    this.#since = performance.now()
    this.#timer ??= this.#arm(limit, limit.seconds * 1000)
    return new Promise<T>((resolve, reject) => {
      this.#fail = reject
      reading.then(resolve, reject).finally(() => (this.#fail = undefined))
    })
  }

  /** One timer a stream, looked at when it fires, instead of one set and cleared for each item. */
  #arm(limit: HopLimit, after: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      const left = this.#since + limit.seconds * 1000 - performance.now()
      const late = this.#fail !== undefined && !this.#hungry && left <= 1
      if (!late) this.#timer = this.#arm(limit, left > 1 ? left : limit.seconds * 1000)
      else {
        const error = limit.toError(new Error(`its stream gave nothing for ${limit.seconds} s`))
        this.#fail?.(error)
        void this.cancel(error)
        void this.#input.cancel(error) // which a stream that hangs in the middle of an item does not do
      }
    }, after)
  }
}
