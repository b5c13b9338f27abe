/**
 * What is known about backends without asking them: whether their settings are complete, and how the last request to
 * each went. This is the only state requests share.
 */
import type { Backend } from "../stage.ts"

export interface Health {
  answered(backend: string): void
  failed(backend: string, reason: string): void
  /** Ready until proven otherwise: a backend nobody has asked yet is ready when its settings are complete. */
  states(): readonly BackendState[]
}

export interface BackendState {
  readonly name: string
  readonly ready: boolean
  /** Why not. */
  readonly reason: string | undefined
}

/**
 * Seconds for which a failure is held against a backend. It must end by itself: a balancer that sends nothing to who is
 * not ready would never see it succeed again.
 */
const HELD = 30

/** @param mask Takes configured keys out of a text. */
export function createHealth(backends: ReadonlyMap<string, Backend>, mask: (text: string) => string): Health {
  const failures = new Map<string, { readonly reason: string; readonly until: number }>() // by backend; ms of the clock
  const failure = (name: string): string | undefined => {
    const held = failures.get(name)
    return held && held.until > Date.now() ? held.reason : undefined
  }
  return {
    answered: (backend) => void failures.delete(backend),
    failed: (backend, reason) => void failures.set(backend, { reason: mask(reason), until: Date.now() + HELD * 1000 }),
    states: () =>
      [...backends.values()].map(({ name, missing }) => {
        const reason = missing.length > 0 ? `${missing.join(", ")} not set` : failure(name)
        return { name, ready: reason === undefined, reason }
      }),
  }
}
