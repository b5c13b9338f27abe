/**
 * The mock's clock: calls back at an even pace, evenly spread. Timers would do neither. They know milliseconds only
 * and all fire together after a while, and then an event's time on its way is its time behind the others of its heap.
 */

interface Stream {
  /** Milliseconds of performance.now(). */
  due: number
  readonly period: number
  readonly call: () => void
}

/** The one that is due first stands first. */
const streams: Stream[] = []
let started = 0
let ticking = false

/** Sleeps shorter than a millisecond: only Atomics.wait can. */
const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Most milliseconds to sleep, as a request that comes meanwhile has to wait. */
const NAP = 0.2

/** Steps of this part of a period never fall together, however many there are (the golden ratio). */
const STEP = 0.618_034

/** Calls back every so many milliseconds, at a time of the period that no other has. @returns what ends it. */
export function every(period: number, call: () => void): () => void {
  const phase = (started++ * STEP) % 1
  const stream = { period, call, due: performance.now() + period * (0.5 + phase) }
  insert(stream)
  if (!ticking) setImmediate(tick)
  ticking = true
  return () => {
    const at = streams.indexOf(stream)
    if (at >= 0) streams.splice(at, 1)
  }
}

function tick(): void {
  const [next] = streams
  ticking = next !== undefined
  if (!next) return
  const left = next.due - performance.now()
  if (left > 0) Atomics.wait(nobody, 0, 0, Math.min(left, NAP))
  const now = performance.now()
  for (let stream = streams[0]; stream && stream.due <= now; stream = streams[0]) {
    streams.shift()
    stream.due += stream.period
    insert(stream)
    stream.call()
  }
  setImmediate(tick)
}

function insert(stream: Stream): void {
  const before = streams.findLastIndex(({ due }) => due <= stream.due)
  streams.splice(before + 1, 0, stream)
}
