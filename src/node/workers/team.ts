/** So many workers, at all times: those that end are replaced, and all of them one by one when they are to be new. */
import { StartError } from "../start-error.ts"
import type { Log } from "../../log.ts"
import type { Orders, PrimaryCalls } from "./calls.ts"
import type { Exchange } from "./exchange.ts"
import { startMember, type Member } from "./member.ts"
import { PeerEnded } from "./peer.ts"

/** Seconds until a worker that has ended is replaced: at first, and at most. It doubles each time. */
const AGAIN = { first: 0.1, most: 10 } as const
/** Milliseconds a worker must have listened for its end to be the first one again. */
const STEADY = 60_000
/** Seconds beyond `server.drain` after which workers that are still there are ended. */
const GRACE = 10

/** What is known once a worker listens. */
export interface Joined {
  readonly url: string
  readonly plugins: readonly string[]
}

export interface TeamOptions {
  readonly size: number
  /** What a worker is started with. */
  readonly orders: () => Omit<Orders, "number">
  readonly calls: Omit<PrimaryCalls, "tellAll" | "leave">
  readonly exchange: Exchange
  readonly log: () => Log
}

export interface Team {
  /** Those that listen. */
  readonly members: readonly Member[]
  /** @throws {StartError} when one of them cannot; none of them is left then. */
  start(): Promise<Joined>
  /** @throws when a new one cannot start: it and those after it are as they were. */
  renew(): Promise<void>
  /** @param drain Seconds their answers get. */
  close(drain: number): Promise<void>
  kill(): void
}

/** The place of a worker. */
interface Place {
  member: Member | undefined // that listens here
  since: number // when it began to, in ms of performance.now()
  failures: number // ends in a row, each soon after its start
  renewing: boolean // its successor is starting: that one takes its place, whatever becomes of it
  timer: ReturnType<typeof setTimeout> | undefined // until it is filled again
  filling: Promise<void> | undefined // while it is
}

export function createTeam({ size, orders, calls, exchange, log }: TeamOptions): Team {
  const places = Array.from({ length: size }, newPlace)
  const alive = new Set<Member>() // those that start, listen, or let their last answers end
  let closing = false

  const followEnd = async (place: Place, member: Member): Promise<void> => {
    const { code, signal } = await member.ended
    alive.delete(member)
    if (!closing) exchange.leave(member)
    if (place.member !== member) return
    place.member = undefined
    if (closing) return
    if (performance.now() - place.since > STEADY) place.failures = 0
    const { number: worker, pid } = member
    const again = place.renewing ? undefined : `${fillAgain(place)}s`
    log().warn("a worker ended", { worker, pid, ...(signal ? { signal } : { code: code ?? 0 }), again })
  }
  /** Starts a worker in a place. What has not started is ended. */
  const fill = async (place: Place): Promise<Joined> => {
    const member: Member = startMember({ ...calls, ...exchange.callsOf(() => member) })
    alive.add(member)
    void followEnd(place, member)
    try {
      const joined = await member.peer.ask("start", [{ number: member.number, ...orders() }])
      place.member = member
      place.since = performance.now()
      exchange.join(member)
      return joined
    } catch (error) {
      member.kill()
      const { code, signal } = await member.ended
      const ended = `llm-proxy: a worker ended as it started (${signal ?? code})`
      throw new StartError(error instanceof PeerEnded ? ended : String(error instanceof Error ? error.message : error))
    }
  }
  /** @returns in how many seconds */
  const fillAgain = (place: Place): number => {
    const seconds = Math.min(AGAIN.most, AGAIN.first * 2 ** place.failures++)
    const begin = async (): Promise<void> => {
      try {
        await fill(place)
        log().info("a worker took its place", { worker: place.member?.number, pid: place.member?.pid })
      } catch (error) {
        if (closing) return
        log().error("a worker did not start", { error: wordsOf(error), again: `${fillAgain(place)}s` })
      }
    }
    place.timer = setTimeout(() => void (place.filling = begin()), seconds * 1000)
    return seconds
  }
  const close = (member: Member, leisurely: boolean): void => {
    member.peer.ask("close", [leisurely]).catch(() => {}) // it has ended by itself
  }
  return {
    get members() {
      return places.flatMap(({ member }) => member ?? [])
    },
    async start() {
      const starting = places.map(fill)
      try {
        const [first] = await Promise.all(starting)
        if (!first) throw new StartError("llm-proxy: no worker was started")
        return first
      } catch (error) {
        closing = true
        for (const member of alive) member.kill()
        await Promise.allSettled(starting)
        throw error
      }
    },
    async renew() {
      for (const place of places) {
        if (closing) return
        clearTimeout(place.timer)
        await place.filling
        const before = place.member
        place.renewing = true
        try {
          await fill(place)
          if (before) close(before, true)
        } catch (error) {
          if (!place.member && !closing) fillAgain(place)
          throw error
        } finally {
          place.renewing = false
        }
      }
    },
    async close(drain) {
      closing = true
      for (const { timer } of places) clearTimeout(timer)
      const all = [...alive]
      for (const member of all) close(member, false)
      const late = setTimeout(() => {
        log().warn("ending workers that do not end", { workers: alive.size })
        for (const member of alive) member.kill()
      }, (drain + GRACE) * 1000)
      await Promise.all(all.map(({ ended }) => ended))
      clearTimeout(late)
    },
    kill() {
      for (const member of alive) member.kill()
    },
  }
}

function newPlace(): Place {
  return { member: undefined, since: 0, failures: 0, renewing: false, timer: undefined, filling: undefined }
}

/** In one line. */
export function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll("\n", "; ")
}
