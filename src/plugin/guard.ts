/**
 * A plugin's stage under guard: one that throws or hangs costs its own request at most, and with `onError: skip` not
 * even that. What a stage does on purpose is no failure: a {@link ProxyError} it throws is its answer, and an error
 * that came through `next` is not its own.
 */
import { ProxyError } from "../error.ts"
import type { Log } from "../log.ts"
import type { Place, Places, Stage } from "../stage.ts"
import { StopWatch } from "./stop-watch.ts"
import { Flow } from "../stream/flow.ts"
import type { HopLimit } from "../stream/hop.ts"

export interface Guard {
  /** What a failing stage does to its request: `fail` answers 500, `skip` goes on as if the stage were not there. */
  readonly onError: "fail" | "skip"
  /** Seconds a stage may take, without the time it waits for `next`. */
  readonly timeLimit: number
}

export function guard<P extends Place>(stage: Stage<P>, guarded: Guard, log: Log): Stage<P> {
  return { name: stage.name, before: stage.before, run: (context, next) => new Run(stage, guarded, log, context, next).reply }
}

const NO_REPLY = "gave no reply; it must return what `next` gives, or its own"

/** One request in one stage. */
class Run<P extends Place> {
  readonly #stage: Stage<P>
  readonly #guard: Guard
  readonly #log: Log
  readonly #context: Places[P]["context"]
  readonly #next: (context: Places[P]["context"]) => Promise<Places[P]["reply"]>
  readonly #foreign = new Set<unknown>() // what `next` has thrown
  #last: Places[P]["reply"] | undefined // what `next` gave last
  readonly #clock: StopWatch
  #waiting = 0 // calls of `next` that are on their way: their time is not the stage's
  #over = false // an answer was given without the stage
  #settled = false // the stage has given its reply; what it asks for from then on is for its stream
  #late: (thrown: Error) => void = () => {}

  constructor(
    stage: Stage<P>,
    guarded: Guard,
    log: Log,
    context: Places[P]["context"],
    next: (context: Places[P]["context"]) => Promise<Places[P]["reply"]>,
  ) {
    this.#stage = stage
    this.#guard = guarded
    this.#log = log
    this.#context = context
    this.#next = next
    const giveUp = (): void => this.#late(new Error(`took longer than ${guarded.timeLimit} s`))
    this.#clock = new StopWatch(context.req, guarded.timeLimit, giveUp)
  }

  get reply(): Promise<Places[P]["reply"]> {
    return this.#start()
  }

  async #start(): Promise<Places[P]["reply"]> {
    this.#clock.start()
    try {
      const reply = await new Promise<Places[P]["reply"]>((resolve, reject) => {
        this.#late = reject
        Promise.resolve(this.#stage.run(this.#context, (context) => this.#ask(context))).then(resolve, reject)
      })
      if (!isReply(this.#stage.before, reply)) throw new Error(NO_REPLY)
      if (reply instanceof Flow && reply !== this.#last) reply.limitHops(this.#hopLimit)
      return reply
    } catch (thrown) {
      this.#over = true
      if (thrown instanceof ProxyError || this.#foreign.has(thrown)) throw thrown
      return await this.#without(thrown)
    } finally {
      this.#settled = true
      this.#clock.end()
    }
  }

  async #ask(context: Places[P]["context"]): Promise<Places[P]["reply"]> {
    if (this.#over) throw new Error(`stage ${this.#stage.name} went on after its time was over`)
    if (this.#settled) return this.#next(context)
    if (this.#waiting++ === 0) this.#clock.stop()
    try {
      this.#last = await this.#next(context)
      return this.#last
    } catch (thrown) {
      this.#foreign.add(thrown)
      throw thrown
    } finally {
      if (--this.#waiting === 0 && !this.#settled) this.#clock.start()
    }
  }

  /** What holds for a stage's own time holds for a stream it has put into the reply. */
  get #hopLimit(): HopLimit {
    const { name } = this.#stage
    const toError = (cause: Error): ProxyError => {
      this.#log.error(`stage ${name} failed`, { error: cause.message })
      return failed(name, cause)
    }
    return { seconds: this.#guard.timeLimit, toError }
  }

  /** Answers for a stage that failed: as if it were not there, where that is wished and still possible. */
  async #without(cause: unknown): Promise<Places[P]["reply"]> {
    const { name } = this.#stage
    const skip = this.#guard.onError === "skip"
    this.#log.error(`stage ${name} failed`, { error: String(cause), onError: this.#guard.onError })
    const [failure] = [...this.#foreign].slice(-1)
    if (skip && this.#last && !isUsed(this.#last)) return this.#last
    if (skip && failure) throw failure // the backend was asked already, and this is what came of it
    if (skip && !this.#last) return this.#next(this.#context)
    throw failed(name, cause)
  }
}

function failed(stage: string, cause: unknown): ProxyError {
  return new ProxyError(500, `plugin "${stage}" failed on this request`, { cause })
}

/** Whether it is what the place's reply is. By its form: a Response need not be of the platform's own class. */
function isReply(before: Place, reply: unknown): boolean {
  if (typeof reply !== "object" || reply === null) return false
  return before === "auth" || before === "parse" ? "headers" in reply : "getReader" in reply
}

/** Whether somebody has begun to read a reply: what was read cannot be had again. */
function isUsed(reply: Response | ReadableStream): boolean {
  return "getReader" in reply ? reply.locked : reply.bodyUsed || reply.body?.locked === true
}
