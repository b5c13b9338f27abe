/**
 * What plugins of the workers tell each other, by way of the process that started them. What a worker has told is kept:
 * sums must not shrink when it ends, or Prometheus would take them to have begun anew. Whatever it leaves, another one
 * takes over.
 */
import type { Log } from "../../log.ts"
import type { Left, PrimaryCalls } from "./calls.ts"
import type { Member } from "./member.ts"

/** Seconds a worker may take to tell. */
const PATIENCE = 1

export interface Exchange {
  /** What a worker may ask of the others. */
  callsOf(member: () => Member): Pick<PrimaryCalls, "tellAll" | "leave">
  /** From now on it tells, and takes over what is there. */
  join(member: Member): void
  /** It has ended. */
  leave(member: Member): void
}

export function createExchange(log: () => Log): Exchange {
  const told = new Map<Member, Left>() // of those that live, what they told last
  let orphans: readonly Left[] = [] // what the last worker left, until there is another

  const tell = async (member: Member, name: string): Promise<unknown> => {
    try {
      const value = await member.peer.ask("tell", [name], PATIENCE)
      if (told.has(member)) told.set(member, { ...told.get(member), [name]: value })
      return value
    } catch (error) {
      const fields = { worker: member.number, what: name, error: String(error) }
      if (told.has(member)) log().warn("a worker does not tell", fields)
      return told.get(member)?.[name]
    }
  }
  const handOver = (left: Left, heir: Member): void => {
    for (const [name, value] of Object.entries(left)) {
      if (value === undefined) continue
      heir.peer.ask("takeOver", [name, value]).catch((error: unknown) => {
        log().warn("what a worker left is lost", { what: name, error: String(error) })
      })
    }
  }
  return {
    callsOf: (asking) => ({
      async tellAll(name) {
        const others = [...told.keys()].filter((member) => member !== asking())
        const values = await Promise.all(others.map((member) => tell(member, name)))
        return values.filter((value) => value !== undefined)
      },
      leave: (left) => void told.set(asking(), left),
    }),
    join(member) {
      told.set(member, {})
      for (const left of orphans) handOver(left, member)
      orphans = []
    },
    leave(member) {
      const left = told.get(member)
      told.delete(member)
      const heir = [...told.keys()].at(-1) // the newest: older ones may be about to end
      if (left && heir) handOver(left, heir)
      else if (left) orphans = [...orphans, left]
    },
  }
}
