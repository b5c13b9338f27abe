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

  /** Tokens of the whole prompt as the backend has told them, if it has. */
  get input(): number | undefined {
    const input = this.#counts?.input
    return typeof input === "number" ? input : undefined
  }

  /** What the backend tells; what it leaves out stays as it was. */
  tell(counts: Counts | undefined, tier: string | null | undefined): void {
    if (counts) this.#counts = merge(this.#counts, counts)
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

/** Some tell the prompt's count first and the answer's last, each alone or with null for the other (envoy#2292). */
function merge(before: Counts | undefined, { input, output, cached, written, reasoning }: Counts): Counts {
  return {
    input: input ?? before?.input,
    output: output ?? before?.output,
    cached: cached ?? before?.cached,
    written: written ?? before?.written,
    reasoning: reasoning ?? before?.reasoning,
  }
}
