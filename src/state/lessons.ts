/**
 * What backends have been found to refuse, by backend and model: kept in storage, so that it outlives a restart where
 * the storage does, and at hand in memory. Storage that fails costs a lesson and never a request.
 */
import type { Storage } from "unstorage"
import type { Log } from "../log.ts"
import type { Target } from "../stage.ts"
import { targetKey } from "./target-key.ts"
import type { Lesson } from "../wires/lesson.ts"

export interface Lessons {
  of(target: Target): Promise<readonly Lesson[]>
  learn(target: Target, lesson: Lesson): void
}

/** Models change behind their names: after a day what was learned is asked again, in seconds. */
const KEPT = 24 * 60 * 60

/** So many lessons are kept for a model, the newest; each is heeded in every request. */
const MOST = 50

interface Kept {
  readonly lessons: readonly Lesson[]
  /** In ms of the clock. */
  readonly until: number
}

export function createLessons(storage: Storage, log: Log): Lessons {
  const known = new Map<string, Promise<Kept>>()
  const none: Kept = { lessons: [], until: Number.POSITIVE_INFINITY }
  const read = async (key: string): Promise<Kept> => {
    try {
      const kept = await storage.getItem<Kept>(key)
      return kept && Array.isArray(kept.lessons) ? kept : none
    } catch (error) {
      log.warn("what backends refuse could not be read", { error: String(error) })
      return none
    }
  }
  const find = async (key: string): Promise<Kept> => {
    const held = known.get(key) ?? read(key)
    known.set(key, held)
    const kept = await held
    if (kept.until > Date.now()) return kept
    known.set(key, Promise.resolve(none))
    return none
  }
  return {
    of: async (target) => (await find(targetKey(target))).lessons,
    learn(target, lesson) {
      const key = targetKey(target)
      const next = find(key).then(({ lessons }) => ({
        lessons: [...lessons.filter((other) => !same(other, lesson)), lesson].slice(-MOST),
        until: Date.now() + KEPT * 1000,
      }))
      known.set(key, next)
      next
        .then((kept) => storage.setItem(key, kept))
        .catch((error: unknown) => log.warn("what a backend refuses could not be kept", { error: String(error) }))
    },
  }
}

function same(a: Lesson, b: Lesson): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
