/** Sources and steps to try flows with. */
import { Step, type Source } from "../../src/stream/flow.ts"

/** A source that gives these items, and keeps book. */
export class Listed<T> implements Source<T> {
  readonly canceled: unknown[] = []
  reads = 0
  readonly #items: (T | Promise<T>)[]

  constructor(items: readonly (T | Promise<T>)[]) {
    this.#items = [...items]
  }

  read(): T | undefined | Promise<T | undefined> {
    this.reads++
    return this.#items.shift()
  }

  cancel(reason: unknown): void {
    this.canceled.push(reason)
  }
}

/** A step made of functions. */
export class Made<In, Out> extends Step<In, Out> {
  over = false
  readonly #take: (item: In, step: Made<In, Out>) => Out | undefined
  readonly #end: () => Out | undefined

  constructor(take: (item: In, step: Made<In, Out>) => Out | undefined, end: () => Out | undefined = () => undefined) {
    super()
    this.#take = take
    this.#end = end
  }

  override get done(): boolean {
    return this.over
  }

  take(item: In): Out | undefined {
    return this.#take(item, this)
  }

  end(): Out | undefined {
    return this.#end()
  }
}

export const double = () => new Made((n: number) => n * 2)

/** Ends after the first item that passes. */
export function upTo(last: number): Step<number, number> {
  return new Made((n: number, step) => {
    step.over = n >= last
    return n
  })
}

export async function all<T>(stream: ReadableStream<T>): Promise<readonly T[]> {
  return Array.fromAsync(stream)
}

/** Long enough for a rejection nobody handles to be noticed, which fails the run. */
export const soon = () => new Promise((resolve) => setTimeout(resolve, 5))
