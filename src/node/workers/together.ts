/** The plugins of a worker, and those of the same names in the others. */
import type { Own, Workers } from "../../plugin/workers.ts"
import type { Left, PrimaryCalls, WorkerCalls } from "./calls.ts"
import type { Peer } from "./peer.ts"

/** Seconds for what the others tell, each of which has one for it. */
const PATIENCE = 2

export interface Together extends Workers {
  readonly calls: Pick<WorkerCalls, "tell" | "takeOver">
  /** What this worker leaves when it ends. */
  left(): Left
}

export function joinWorkers(primary: Peer<PrimaryCalls>): Together {
  // By the plugin's name, the newest last: a config that was just edited stands beside the one before it.
  const parts = new Map<string, readonly Own<unknown>[]>()
  // The newest of each, also when it has left: what was counted is told at the very end.
  const last = new Map<string, Own<unknown>>()
  return {
    share<Value>(name: string, own: Own<Value>) {
      const part = own as Own<unknown> // what comes from the others comes from the same plugin
      parts.set(name, [...(parts.get(name) ?? []), part])
      last.set(name, part)
      return {
        all: async () => [own.tell(), ...((await primary.ask("tellAll", [name], PATIENCE).catch(() => [])) as Value[])],
        leave() {
          const rest = (parts.get(name) ?? []).filter((other) => other !== part)
          parts.set(name, rest)
          last.set(name, rest.at(-1) ?? part)
        },
      }
    },
    calls: {
      tell: (name) => last.get(name)?.tell(),
      takeOver: (name, left) => last.get(name)?.takeOver?.(left),
    },
    left: () => Object.fromEntries([...last].map(([name, part]) => [name, part.tell()])),
  }
}
