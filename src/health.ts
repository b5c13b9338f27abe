/**
 * What is known about backends without asking them: whether their settings are complete, and how the last request to
 * each went. This is the only state requests share.
 */
import type { Backend } from "./stage.ts"

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

/** @param mask Takes configured keys out of a text. */
export function createHealth(backends: ReadonlyMap<string, Backend>, mask: (text: string) => string): Health {
  const failures = new Map<string, string>() // backend → why its last request failed
  return {
    answered: (backend) => void failures.delete(backend),
    failed: (backend, reason) => void failures.set(backend, mask(reason)),
    states: () =>
      [...backends.values()].map(({ name, missing }) => {
        const reason = missing.length > 0 ? `${missing.join(", ")} not set` : failures.get(name)
        return { name, ready: reason === undefined, reason }
      }),
  }
}
