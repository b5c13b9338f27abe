/** What outlives a reload in development, where each edit evaluates every module anew in the same process. */
import { makeKey } from "./key.ts"
import type { Opened } from "./open.ts"

export interface DevState {
  /** One key for all reloads, or clients would have to be told a new one after each edit. */
  readonly spareKey: string
  /** The proxy of the last evaluation that went well. */
  opened?: Opened
  /** `dev-server.ts` listens, and shows where. */
  ownServer?: true
}

const STATE = Symbol.for("llm-proxy:dev")

export function devState(): DevState {
  const kept = Reflect.get(globalThis, STATE) as DevState | undefined
  if (kept) return kept
  const made: DevState = { spareKey: makeKey() }
  Reflect.set(globalThis, STATE, made)
  return made
}
