/**
 * The reply half of a wire as a step: items in, Anthropic's stream events out. A wire adds how it reads its chunks;
 * what the ends and the failures of a reply mean is the same for all.
 */
import type { MessageEvent } from "../../anthropic/events.ts"
import { Step } from "../../stream/flow.ts"
import type { Answer } from "./answer.ts"
import { DONE, Failure, type ItemOf } from "../failure.ts"
import type { Ending } from "./finish.ts"
import { createAnswer } from "./held-answer.ts"
import type { ReplyFacts } from "../wire.ts"

export abstract class Reply<Chunk extends object> extends Step<readonly ItemOf<Chunk>[], readonly MessageEvent[]> {
  protected readonly answer: Answer

  constructor(facts: ReplyFacts) {
    super()
    this.answer = createAnswer(facts)
  }

  /** Tells the answer what a chunk brings. Not called once the answer is over. */
  protected abstract read(chunk: Chunk): void

  /** How the backend has declared its answer complete, while more may follow; undefined as long as it has not. */
  protected abstract get ending(): Ending | "failed" | undefined

  /** The answer is about to be complete: what was held back is told. */
  protected finish(): void {}

  override get done(): boolean {
    return this.answer.over
  }

  take(items: readonly ItemOf<Chunk>[]): readonly MessageEvent[] | undefined {
    for (const item of items) {
      if (this.done) break
      if (item === DONE) this.#complete()
      else if (item instanceof Failure) this.#fail(item)
      else this.read(item)
    }
    return this.answer.flush()
  }

  end(): readonly MessageEvent[] | undefined {
    if (this.done) return undefined
    // A connection that closed in mid-answer is no end_turn (litellm#41826).
    if (this.ending === undefined) this.answer.broke("closed the connection before its answer was complete")
    else this.#complete()
    return this.answer.flush()
  }

  #complete(): void {
    if (this.ending === "failed") this.answer.broke("failed in the middle of its answer")
    else {
      this.finish()
      // What was held back may have held a stop sequence.
      if (!this.done) this.answer.complete(this.ending ?? "plain")
    }
  }

  #fail({ error }: Failure): void {
    // An answer that was declared complete loses nothing by what breaks afterwards.
    if (this.ending !== undefined && this.ending !== "failed") this.#complete()
    else this.answer.fail(error)
  }
}
