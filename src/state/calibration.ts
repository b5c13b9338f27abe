/**
 * How far the estimate of `count_tokens` is off, by backend and model, learned from what backends say their prompts
 * took: models cut text differently, and chat templates add what no request shows. Kept in storage, so that it outlives
 * a restart where the storage does; storage that fails costs that and no request.
 */
import type { Storage } from "unstorage"
import { countTokens, showsPictures } from "../anthropic/count.ts"
import type { CountRequest } from "../anthropic/request.ts"
import type { Log } from "../log.ts"
import type { Target } from "../stage.ts"
import { targetKey } from "./target-key.ts"

export interface Calibration {
  /** What an estimate for this model is multiplied with: 1 as long as nothing is known, and within 0.5 and 2. */
  factor(target: Target): Promise<number>
  /**
   * A turn is over.
   *
   * @param told Tokens of its whole prompt, cached ones among them, as the backend told them.
   */
  learn(target: Target, request: CountRequest, told: number): void
}

/** Turns of a model that are looked at from the start on, and which of the later ones: each costs an estimate. */
const FIRST = 8
const LATER = 32
/** The newest turn weighs an eighth; the first ones share alike. */
const WEIGHT = 8
/** Below this, in tokens, framing outweighs the text. */
const LEAST = 200
/** Beyond this it is no question of the vocabulary: a prompt that was cut, a cache that was not counted. */
const MOST = 2

interface Learned {
  readonly factor: number
  /** How many turns it was learned from. */
  readonly turns: number
}

const NOTHING: Learned = { factor: 1, turns: 0 }

export function createCalibration(storage: Storage, log: Log): Calibration {
  const known = new Map<string, Promise<Learned>>()
  const ended = new Map<string, number>() // turns of each model since the start that could be learned from
  const read = async (key: string): Promise<Learned> => {
    try {
      const learned = await storage.getItem<Learned>(key)
      return learned && isPlausible(learned.factor) && learned.turns > 0 ? learned : NOTHING
    } catch (error) {
      log.warn("what estimates are off by could not be read", { error: String(error) })
      return NOTHING
    }
  }
  const find = (key: string): Promise<Learned> => {
    const held = known.get(key) ?? read(key)
    known.set(key, held)
    return held
  }
  const add = (key: string, ratio: number): void => {
    const next = find(key).then(({ factor, turns }) => ({
      factor: factor + (ratio - factor) / Math.min(turns + 1, WEIGHT),
      turns: turns + 1,
    }))
    known.set(key, next)
    next
      .then((learned) => storage.setItem(key, learned))
      .catch((error: unknown) => log.warn("what estimates are off by could not be kept", { error: String(error) }))
  }
  return {
    factor: async (target) => (await find(targetKey(target))).factor,
    learn(target, request, told) {
      if (told < LEAST || showsPictures(request)) return
      const key = targetKey(target)
      const before = ended.get(key) ?? 0
      ended.set(key, before + 1)
      if (before >= FIRST && before % LATER !== 0) return
      // The end of the answer goes out first.
      setTimeout(() => {
        const ratio = told / countTokens(request)
        log.debug("estimate", { backend: target.backend.name, model: target.model, off: Number(ratio.toFixed(3)) })
        if (isPlausible(ratio)) add(key, ratio)
      }, 0)
    },
  }
}

function isPlausible(factor: unknown): boolean {
  return typeof factor === "number" && factor >= 1 / MOST && factor <= MOST
}
