/**
 * The calls to backends that are under way, and why one is broken off that is not to blame: its client has left, or the
 * server has to end. A server that ends tells each client so, in words, instead of cutting connections.
 */
import { ProxyError } from "../error.ts"

/**
 * What clients are told then: that it is not their fault, and that asking again helps. One error for all, by which
 * plugins know it from a backend's.
 */
export const SHUTTING_DOWN = new ProxyError(529, "the proxy is shutting down; ask again")

/** What a client that has left is answered: nobody reads it. The number is nginx's. */
export function clientGone(): ProxyError {
  return new ProxyError(499, "the client closed the connection")
}

/** One of them. */
export interface Running {
  /** Ends it with this error. */
  breakOff(error: ProxyError): void
}

export class Calls {
  readonly #running = new Set<Running>()
  #over = false

  /** A call that begins when all have been broken off already is broken off at once. */
  add(call: Running): void {
    if (this.#over) call.breakOff(SHUTTING_DOWN)
    else this.#running.add(call)
  }

  delete(call: Running): void {
    this.#running.delete(call)
  }

  /** Ends all that run and all that come, with {@link SHUTTING_DOWN}. */
  breakOff(): void {
    this.#over = true
    const running = [...this.#running]
    this.#running.clear()
    for (const call of running) call.breakOff(SHUTTING_DOWN)
  }
}
