/**
 * What plugins of several processes that serve together have each for itself, and want to tell as one: numbers for a
 * scrape that reaches one of them.
 */

/** What one worker has of its own. Values are copied between processes: plain objects, lists, maps, numbers, texts. */
export interface Own<Value> {
  tell(): Value
  /** Takes over what a worker that has ended has left; without it, it is gone. */
  takeOver?(left: Value): void
}

/** Asks all that serve together. */
export interface Shared<Value> {
  /** What each of them tells. One that does not answer within a second is left out, or is as it was asked last. */
  all(): Promise<readonly Value[]>
  /** Is asked no more. */
  leave(): void
}

export interface Workers {
  /** @param name The plugin's: under it the workers find each other. */
  share<Value>(name: string, own: Own<Value>): Shared<Value>
}

/** One process. */
export const ALONE: Workers = {
  share: (_, own) => ({ all: async () => [own.tell()], leave: () => {} }),
}
