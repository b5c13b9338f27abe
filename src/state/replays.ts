/**
 * What backends must get back of thinking that clients are never shown, kept for the tool calls it led to. It is found
 * again by who calls, what answers, and the call itself, because backends use their ids again (`call_0`); sealed, so
 * that storage learns nothing. Storage that fails costs the replay and never a request.
 */
import type { Storage } from "unstorage"
import type { Carrier } from "./carrier.ts"
import { digestText } from "../text/digest-text.ts"
import type { Log } from "../log.ts"
import { sorted } from "../text/sorted.ts"
import type { Digest } from "../stages/auth.ts"
import type { GivenCall, PlacedReplay } from "../wires/replay.ts"

/** Whose thinking it is. What one client's turn left is never found for another client. */
export interface Owner {
  /** The name of the client's key. */
  readonly client: string
  /** The backend's name in the config. */
  readonly backend: string
  /** The model's name there. */
  readonly model: string
}

/** A call as a client gives it back: clients write its input anew, so it is compared by its value. */
export interface KnownCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

export interface Replays {
  /** Keeps a turn's thinking for each of its calls. Returns at once; the storage is not waited for. */
  keep(owner: Owner, calls: readonly GivenCall[], replays: readonly PlacedReplay[]): void
  /** What was kept for each of these calls; undefined where there is nothing. */
  find(owner: Owner, calls: readonly KnownCall[]): Promise<readonly (readonly PlacedReplay[] | undefined)[]>
}

export interface ReplaysOptions {
  readonly storage: Storage
  readonly carrier: Carrier
  readonly digest: Digest
  readonly log: Log
}

/** How long an agent may be busy with a tool, in seconds. */
const KEPT = 60 * 60

/** What is kept at most: so many entries, and of this process so many characters. The oldest go first. */
const MOST = { entries: 10_000, characters: 64 * 1024 * 1024 } as const

interface Entry {
  readonly sealed: string
  /** In ms of the clock. */
  readonly until: number
}

export function createReplays({ storage, carrier, digest, log }: ReplaysOptions): Replays {
  const written = new Map<string, { readonly size: number; readonly until: number }>() // oldest first
  const writing = new Map<string, Entry>() // not yet in storage, which may be slower than the client
  let characters = 0 // of `written`
  let adopted: Promise<void> | undefined // once the storage has been asked what earlier processes left

  const fail = (what: string) => (error: unknown) => log.warn(what, { error: String(error) })

  const toKey = ({ client, backend, model }: Owner, { id, name, input }: KnownCall): Promise<string> =>
    digestText(JSON.stringify([client, backend, model, id, name, sorted(input)]), digest)

  const forget = (key: string): void => {
    characters -= written.get(key)?.size ?? 0
    written.delete(key)
  }

  /** Storage that outlives a process and lets go of nothing would grow with each: what is there is as good as new. */
  const adopt = async (): Promise<void> => {
    const until = Date.now() + KEPT * 1000
    for (const key of await storage.getKeys()) if (!written.has(key)) written.set(key, { size: 0, until })
  }

  const sweep = async (): Promise<void> => {
    await (adopted ??= adopt())
    const gone: string[] = []
    for (const [key, { until }] of written) {
      if (until > Date.now() && written.size <= MOST.entries && characters <= MOST.characters) break
      forget(key)
      gone.push(key)
    }
    await Promise.all(gone.map((key) => storage.removeItem(key)))
  }

  const write = async (key: string, entry: Entry): Promise<void> => {
    forget(key)
    written.set(key, { size: entry.sealed.length, until: entry.until })
    characters += entry.sealed.length
    writing.set(key, entry)
    try {
      await storage.setItem(key, entry, { ttl: KEPT }) // for storage that lets go of things by itself
    } finally {
      if (writing.get(key) === entry) writing.delete(key)
    }
  }

  const read = async (owner: Owner, call: KnownCall): Promise<readonly PlacedReplay[] | undefined> => {
    const key = await toKey(owner, call)
    const entry = writing.get(key) ?? (await storage.getItem<Entry>(key))
    if (!entry || !(entry.until > Date.now())) return undefined
    // Only this program can have made what opens.
    return carrier.open(entry.sealed, { ...owner, beside: key }) as readonly PlacedReplay[] | undefined
  }

  return {
    keep(owner, calls, replays) {
      const all = calls.map(async (call) => {
        const key = await toKey(owner, { ...call, input: JSON.parse(call.arguments) })
        const sealed = carrier.seal(replays, { ...owner, beside: key })
        await write(key, { sealed, until: Date.now() + KEPT * 1000 })
      })
      Promise.all(all).then(sweep).catch(fail("what a backend must get back of its thinking could not be kept"))
    },
    async find(owner, calls) {
      try {
        return await Promise.all(calls.map((call) => read(owner, call)))
      } catch (error) {
        fail("what a backend must get back of its thinking could not be read")(error)
        return []
      }
    },
  }
}
