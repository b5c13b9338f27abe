/** Counts an answer's tokens: what the backend tells, and a guess for what it does not. */
import { guessTokens } from "../../anthropic/count.ts"
import type { Usage } from "../../anthropic/events.ts"
import type { MessageRequest } from "../../anthropic/types.ts"
import { toUsage, type Counts } from "./usage.ts"

export class Tally {
  readonly #request: MessageRequest
  #counts: Counts | undefined // the latest the backend told: totals, not increments
  #tier: string | undefined
  #written = 0 // characters of answer

  constructor(request: MessageRequest) {
    this.#request = request
  }

  /** Whether the backend has told any counts. */
  get told(): boolean {
    return this.#counts !== undefined
  }

  /** What the backend tells; what it leaves out stays as it was. */
  tell(counts: Counts | undefined, tier: string | null | undefined): void {
    if (counts) this.#counts = counts
    if (tier) this.#tier = tier
  }

  /** So many characters more have come, shown or not. */
  add(characters: number): void {
    this.#written += characters
  }

  /** The counts as far as they are known. */
  usage(): Usage {
    const guess = { input: () => guessTokens(this.#request), output: Math.ceil(this.#written / 4) }
    return toUsage(this.#counts, guess, this.#tier)
  }
}
