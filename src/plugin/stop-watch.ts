/**
 * The clock of a stage: it runs while the stage works and stands while the stage waits for the rest of the line. All
 * clocks of a request are looked after by one timer, which is set once. With a timer each, set anew whenever its clock
 * goes on, a guarded stage costs 1.5 µs instead of 0.8; `log` and `metrics` are eight: 3 % of a small request.
 */

export class StopWatch {
  readonly #timer: Timer
  #left: number // ms it may still run
  /** Called once it has run for too long. */
  readonly late: () => void
  /** When it will be late, in ms of performance.now(); Infinity while it stands. */
  until = Infinity

  /**
   * @param request Whose timer it is under.
   * @param seconds How long it may run.
   */
  constructor(request: Request, seconds: number, late: () => void) {
    this.#timer = timerOf(request)
    this.#timer.join(this)
    this.#left = seconds * 1000
    this.late = late
  }

  start(): void {
    this.until = performance.now() + this.#left
    this.#timer.expect(this.until)
  }

  stop(): void {
    this.#left = this.until - performance.now()
    this.until = Infinity
  }

  /** It is not started again. */
  end(): void {
    this.until = Infinity
    this.#timer.leave()
  }
}

const timers = new WeakMap<Request, Timer>()

function timerOf(request: Request): Timer {
  const known = timers.get(request)
  if (known) return known
  const timer = new Timer()
  timers.set(request, timer)
  return timer
}

/** The timer of a request. */
class Timer {
  #watches: StopWatch[] = []
  #open = 0 // of these, how many have not ended
  #handle: ReturnType<typeof setTimeout> | undefined
  #at = Infinity // when it fires, in ms of performance.now()

  join(watch: StopWatch): void {
    this.#watches.push(watch)
    this.#open++
  }

  leave(): void {
    if (--this.#open > 0) return
    this.#watches = []
    this.#clear()
  }

  /** Fires at the latest then. */
  expect(at: number): void {
    if (at >= this.#at) return
    clearTimeout(this.#handle)
    this.#at = at
    this.#handle = setTimeout(() => this.#look(), Math.max(0, at - performance.now()))
  }

  #clear(): void {
    clearTimeout(this.#handle)
    this.#handle = undefined
    this.#at = Infinity
  }

  /** The clock it was set for may have stood still meanwhile, or be over. */
  #look(): void {
    this.#clear()
    const now = performance.now()
    for (const watch of this.#watches) if (watch.until <= now) watch.late()
    const next = Math.min(...this.#watches.map(({ until }) => until))
    if (next < Infinity) this.expect(next)
  }
}
