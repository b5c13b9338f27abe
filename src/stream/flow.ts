/**
 * A Web stream whose `pipeThrough` knows steps. A chain of steps is a chain of Web TransformStreams in form and one
 * ReadableStream in cost: `pipeThrough(step)` only notes the step down, and the first read starts one source that
 * runs all of them as plain calls. A foreign TransformStream may stand anywhere in the chain: one hop, there only.
 */
import { Hop, type HopLimit } from "./hop.ts"

/** Where a flow's items come from. `read` may answer at once or later; undefined is the end. */
export interface Source<T> {
  read(): T | undefined | Promise<T | undefined>
  cancel(reason: unknown): void | Promise<void>
  /** Limits the foreign streams it comes through, where there are any and nobody has limited them. */
  limitHops?(limit: HopLimit): void
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

  /** Nobody reads on: what was to come will not. Called at most once, at times after the last item. */
  cancel(): void {}

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
    // `cancel` is in the standard and on all platforms; TypeScript's types do not have it yet.
    const transformer: Transformer<In, Out> & { cancel(): void } = {
      transform: (item, controller) => {
        const out = this.take(item)
        if (out !== undefined) controller.enqueue(out)
        if (this.done) controller.terminate()
      },
      flush: (controller) => {
        const out = this.end()
        if (out !== undefined) controller.enqueue(out)
      },
      cancel: () => this.cancel(),
    }
    this.#pair ??= new TransformStream(transformer)
    return this.#pair
  }
}

/**
 * A Web stream in form. What a ReadableStream can do a flow can; the platform's own is made when it is asked for and not
 * before, as each costs 1 to 3 µs and 1.6 KB on Node 24, and a reply has eight flows on its way: 3 % of a small request's
 * CPU, and a sixth of what a stream that is held has in memory.
 */
export class Flow<T> implements ReadableStream<T> {
  readonly #source: Source<T>
  #readable: ReadableStream<T> | undefined
  #taken = false // the source is somebody else's now

  constructor(source: Source<T>) {
    this.#source = source
  }

  /** Any Web stream as a flow; a flow is itself. */
  static of<T>(stream: ReadableStream<T>): Flow<T> {
    return stream instanceof Flow ? stream : new Flow(new StreamSource(stream))
  }

  /** The platform's own stream of this, for what insists on one. */
  get readable(): ReadableStream<T> {
    if (this.#taken) throw new TypeError("the flow is being read already")
    this.#readable ??= toReadable(this.#source)
    return this.#readable
  }

  get locked(): boolean {
    return this.#taken || this.#readable?.locked === true
  }

  pipeThrough<Out>(step: Step<T, Out>): Flow<Out>
  pipeThrough<Out>(stream: ReadableWritablePair<Out, T>, options?: StreamPipeOptions): Flow<Out>
  pipeThrough<Out>(next: Step<T, Out> | ReadableWritablePair<Out, T>, options?: StreamPipeOptions): Flow<Out> {
    if (next instanceof Step) return new Flow(FusedSource.join(this.detach(), next))
    return new Flow(new Hop(this.detach(), (input) => toReadable(input).pipeThrough(next, options)))
  }

  /** Limits how long foreign streams in this flow may keep a reader waiting. */
  limitHops(limit: HopLimit): void {
    this.#source.limitHops?.(limit)
  }

  /** Takes the source out of this flow, which is locked from then on, as after `getReader()`. */
  detach(): Source<T> {
    if (this.locked) throw new TypeError("the flow is being read already")
    this.#taken = true
    this.#readable?.getReader() // for who has it
    return this.#source
  }

  async cancel(reason?: unknown): Promise<void> {
    if (this.#readable) return this.#readable.cancel(reason)
    await this.detach().cancel(reason)
  }

  getReader(options: { mode: "byob" }): ReadableStreamBYOBReader
  getReader(): ReadableStreamDefaultReader<T>
  getReader(options?: ReadableStreamGetReaderOptions): ReadableStreamReader<T>
  getReader(options?: ReadableStreamGetReaderOptions): ReadableStreamReader<T> {
    return this.readable.getReader(options)
  }

  pipeTo(destination: WritableStream<T>, options?: StreamPipeOptions): Promise<void> {
    return this.readable.pipeTo(destination, options)
  }

  tee(): [ReadableStream<T>, ReadableStream<T>] {
    return this.readable.tee()
  }

  values(options?: ReadableStreamIteratorOptions): ReadableStreamAsyncIterator<T> {
    return this.readable.values(options)
  }

  [Symbol.asyncIterator](options?: ReadableStreamIteratorOptions): ReadableStreamAsyncIterator<T> {
    return this.values(options)
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

/** One enqueue a pull: the reader decides the pace, nothing is read ahead of it. */
function toReadable<T>(source: Source<T>): ReadableStream<T> {
  const pull = async (controller: ReadableStreamDefaultController<T>): Promise<void> => {
    const item = await source.read()
    if (item === undefined) controller.close()
    else controller.enqueue(item)
  }
  return new ReadableStream({ pull, cancel: (reason) => source.cancel(reason) }, { highWaterMark: 0 })
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
  return flow.pipeThrough(new Rescue(toItem))
}

/** A place in a chain of steps from which on what was thrown before it is an item. */
class Rescue<T> extends Step<T, T> {
  readonly toItem: (thrown: unknown) => T

  constructor(toItem: (thrown: unknown) => T) {
    super()
    this.toItem = toItem
  }

  take(item: T): T {
    return item
  }

  end(): undefined {}
}

const EMPTY: Source<never> = { read: () => undefined, cancel: () => {} }

/**
 * A source with the steps behind it: one read is plain calls down the list, whatever its length. Each step as a source
 * of its own would cost a turn of the microtask queue an item.
 */
class FusedSource implements Source<unknown> {
  readonly #source: Source<unknown>
  readonly #steps: readonly Step<unknown, unknown>[]
  #begun = false // something has been read
  #ending: number | undefined // once the items have ended: the first step that has not been told

  private constructor(source: Source<unknown>, steps: readonly Step<unknown, unknown>[]) {
    this.#source = source
    this.#steps = steps
  }

  /** Which types follow each other was checked where the steps were piped; in the list they are only called. */
  static join<In, Out>(source: Source<In>, step: Step<In, Out>): Source<Out> {
    const next = step as Step<unknown, unknown>
    const grows = source instanceof FusedSource && !source.#begun
    const fused = grows ? new FusedSource(source.#source, [...source.#steps, next]) : new FusedSource(source, [next])
    return fused as Source<Out>
  }

  read(): unknown {
    this.#begun = true
    // Stays synchronous as long as the source has something at hand.
    while (this.#ending === undefined) {
      let item: unknown
      try {
        item = this.#source.read()
      } catch (thrown) {
        return this.#rescue(thrown, 0)
      }
      if (item instanceof Promise) return this.#later(item)
      const out = this.#feed(item)
      if (out !== undefined) return out
    }
    return this.#finish()
  }

  async #later(pending: Promise<unknown>): Promise<unknown> {
    let item: unknown
    try {
      item = await pending
    } catch (thrown) {
      return this.#rescue(thrown, 0)
    }
    const out = this.#feed(item)
    return out === undefined ? this.read() : out
  }

  #feed(item: unknown): unknown {
    if (this.#ending !== undefined) return undefined // cancelled while it waited
    if (item !== undefined) return this.#run(item, 0)
    this.#ending = 0
    return undefined
  }

  /** Calls the steps from one on with an item; undefined when nothing comes of it. */
  #run(item: unknown, from: number): unknown {
    const steps = this.#steps
    let value = item
    let at = from
    try {
      for (; at < steps.length && value !== undefined; at++) {
        const step = steps[at]
        if (!step) break
        value = step.take(value)
        if (step.done) this.#letGo(undefined, at + 1)
      }
      return value
    } catch (thrown) {
      return this.#rescue(thrown, at)
    }
  }

  /** Tells the steps of the end, one after the other; what is left in one goes down the rest. */
  #finish(): unknown {
    for (let at = this.#ending ?? 0; at < this.#steps.length; at = this.#ending ?? 0) {
      this.#ending = at + 1
      let left: unknown
      try {
        left = this.#steps[at]?.end()
      } catch (thrown) {
        return this.#rescue(thrown, at)
      }
      const out = left === undefined ? undefined : this.#run(left, at + 1)
      if (out !== undefined) return out
    }
    return undefined
  }

  /** What was thrown at a step becomes an item behind the next rescue; without one it is the reader's. */
  #rescue(thrown: unknown, at: number): unknown {
    const place = this.#steps.findIndex((step, n) => n >= at && step instanceof Rescue)
    const rescue = this.#steps[place]
    this.#letGo(thrown, rescue ? place + 1 : this.#steps.length)
    if (rescue instanceof Rescue) return this.#run(rescue.toItem(thrown), place + 1) ?? this.#finish()
    throw thrown
  }

  #letGo(reason: unknown, ending: number): void {
    const told = this.#ending ?? 0
    this.#ending = Math.max(told, ending)
    this.#tell(told, this.#ending)
    // A source that fails at this is no concern of the reader's, and an unhandled rejection would end the process.
    new Promise((resolve) => resolve(this.#source.cancel(reason))).catch(() => {})
  }

  limitHops(limit: HopLimit): void {
    this.#source.limitHops?.(limit)
  }

  cancel(reason: unknown): void | Promise<void> {
    const told = this.#ending ?? 0
    this.#ending = this.#steps.length
    this.#tell(told, this.#ending)
    return this.#source.cancel(reason)
  }

  /** Tells the steps that have not heard of the end, and will not, that nobody reads on; what they throw is nobody's. */
  #tell(from: number, to: number): void {
    for (const step of this.#steps.slice(from, to)) {
      try {
        step.cancel()
      } catch {}
    }
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

  limitHops(limit: HopLimit): void {
    this.#rest.limitHops?.(limit)
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
