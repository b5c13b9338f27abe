/**
 * A Web stream whose `pipeThrough` knows steps. A chain of steps is a chain of Web TransformStreams in form and one
 * ReadableStream in cost: `pipeThrough(step)` only notes the step down, and the first read starts one source that
 * runs all of them as plain calls. A foreign TransformStream may stand anywhere in the chain: one hop, there only.
 */

/** Where a flow's items come from. `read` may answer at once or later; undefined is the end. */
export interface Source<T> {
  read(): T | undefined | Promise<T | undefined>
  cancel(reason: unknown): void | Promise<void>
}

/**
 * One transformation, pure, with state of its own: make a new one for each reply. As a `readable`/`writable` pair it
 * also fits any Web stream's `pipeThrough`; the TransformStream behind that is made only when asked for.
 */
export abstract class Step<In, Out> implements ReadableWritablePair<Out, In> {
  #pair: TransformStream<In, Out> | undefined

  /** What this item becomes; undefined when nothing comes of it yet. */
  abstract take(item: In): Out | undefined

  /** What is left when the items have ended. Called once. */
  abstract end(): Out | undefined

  /** True once nothing that follows can matter: the source is let go and the rest of the chain ends. */
  get done(): boolean {
    return false
  }

  get readable(): ReadableStream<Out> {
    return this.#stream().readable
  }

  get writable(): WritableStream<In> {
    return this.#stream().writable
  }

  #stream(): TransformStream<In, Out> {
    this.#pair ??= new TransformStream<In, Out>({
      transform: (item, controller) => {
        const out = this.take(item)
        if (out !== undefined) controller.enqueue(out)
        if (this.done) controller.terminate()
      },
      flush: (controller) => {
        const out = this.end()
        if (out !== undefined) controller.enqueue(out)
      },
    })
    return this.#pair
  }
}

export class Flow<T> extends ReadableStream<T> {
  readonly #source: Source<T>

  constructor(source: Source<T>) {
    super(
      {
        // One enqueue a pull: the reader decides the pace, nothing is read ahead of it.
        async pull(controller) {
          const item = await source.read()
          if (item === undefined) controller.close()
          else controller.enqueue(item)
        },
        cancel: (reason) => source.cancel(reason),
      },
      { highWaterMark: 0 },
    )
    this.#source = source
  }

  /** Any Web stream as a flow; a flow is itself. */
  static of<T>(stream: ReadableStream<T>): Flow<T> {
    return stream instanceof Flow ? stream : new Flow(new StreamSource(stream))
  }

  override pipeThrough<Out>(step: Step<T, Out>): Flow<Out>
  override pipeThrough<Out>(stream: ReadableWritablePair<Out, T>, options?: StreamPipeOptions): Flow<Out>
  override pipeThrough<Out>(
    next: Step<T, Out> | ReadableWritablePair<Out, T>,
    options?: StreamPipeOptions,
  ): Flow<Out> {
    if (next instanceof Step) return new Flow(new SteppedSource(this.detach(), next))
    return Flow.of(super.pipeThrough(next, options))
  }

  /** Takes the source out of this flow, which is locked from then on, as after `getReader()`. */
  detach(): Source<T> {
    this.getReader() // throws when the flow is already being read, as the platform's pipeThrough does
    return this.#source
  }

  /**
   * Reads on until an item passes the test, or the end; the flow that comes back yields everything from the start.
   * This is how a line learns that a backend has really begun to answer.
   */
  static async until<T>(flow: Flow<T>, test: (item: T) => boolean): Promise<Flow<T>> {
    const source = flow.detach()
    const seen: T[] = []
    for (;;) {
      const item = await source.read()
      if (item === undefined) break
      seen.push(item)
      if (test(item)) break
    }
    return new Flow(new HeldSource(seen, source))
  }
}

/** A flow of one list, for answers that are already there: `return flowOf(unfold(message))`. */
export function flowOf<T>(items: readonly T[]): Flow<readonly T[]> {
  return new Flow(new HeldSource<readonly T[]>(items.length > 0 ? [items] : [], EMPTY))
}

/**
 * Turns whatever a flow throws into its last item: failures travel in band, because an errored stream drops what is
 * still queued and tells a reader nothing.
 */
export function catching<T>(flow: Flow<T>, toItem: (thrown: unknown) => T): Flow<T> {
  return new Flow(new CatchingSource(flow.detach(), toItem))
}

const EMPTY: Source<never> = { read: () => undefined, cancel: () => {} }

/** A source with one step behind it. Chains of these are the fusion: each read is plain calls down the chain. */
class SteppedSource<In, Out> implements Source<Out> {
  readonly #source: Source<In>
  readonly #step: Step<In, Out>
  #over = false // the step has been told of the end

  constructor(source: Source<In>, step: Step<In, Out>) {
    this.#source = source
    this.#step = step
  }

  read(): Out | undefined | Promise<Out | undefined> {
    // Stays synchronous as long as the source has something at hand; an await costs a turn of the microtask queue.
    for (;;) {
      if (this.#over) return undefined
      const item = this.#source.read()
      if (item instanceof Promise) return this.#later(item)
      const out = this.#feed(item)
      if (out !== undefined) return out
    }
  }

  async #later(pending: Promise<In | undefined>): Promise<Out | undefined> {
    const out = this.#feed(await pending)
    return out === undefined && !this.#over ? this.read() : out
  }

  #feed(item: In | undefined): Out | undefined {
    if (item === undefined) {
      this.#over = true
      return this.#step.end()
    }
    const out = this.#step.take(item)
    if (this.#step.done) {
      this.#over = true
      void this.#source.cancel(undefined)
    }
    return out
  }

  cancel(reason: unknown): void | Promise<void> {
    this.#over = true
    return this.#source.cancel(reason)
  }
}

/** Items already read, then the rest. */
class HeldSource<T> implements Source<T> {
  readonly #held: T[]
  readonly #rest: Source<T>

  constructor(held: readonly T[], rest: Source<T>) {
    this.#held = [...held]
    this.#rest = rest
  }

  read(): T | undefined | Promise<T | undefined> {
    return this.#held.length > 0 ? this.#held.shift() : this.#rest.read()
  }

  cancel(reason: unknown): void | Promise<void> {
    this.#held.length = 0
    return this.#rest.cancel(reason)
  }
}

/** A source whose failure is its last item. */
class CatchingSource<T> implements Source<T> {
  readonly #source: Source<T>
  readonly #toItem: (thrown: unknown) => T
  #over = false // it has failed

  constructor(source: Source<T>, toItem: (thrown: unknown) => T) {
    this.#source = source
    this.#toItem = toItem
  }

  read(): T | undefined | Promise<T | undefined> {
    if (this.#over) return undefined
    try {
      const item = this.#source.read()
      return item instanceof Promise ? item.catch((thrown: unknown) => this.#caught(thrown)) : item
    } catch (thrown) {
      return this.#caught(thrown)
    }
  }

  #caught(thrown: unknown): T {
    this.#over = true
    void this.#source.cancel(thrown)
    return this.#toItem(thrown)
  }

  cancel(reason: unknown): void | Promise<void> {
    this.#over = true
    return this.#source.cancel(reason)
  }
}

/** A foreign Web stream. */
class StreamSource<T> implements Source<T> {
  readonly #reader: ReadableStreamDefaultReader<T>

  constructor(stream: ReadableStream<T>) {
    this.#reader = stream.getReader()
  }

  async read(): Promise<T | undefined> {
    const { done, value } = await this.#reader.read()
    return done ? undefined : value
  }

  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => {}) // a stream that has failed already has nothing to let go
  }
}
