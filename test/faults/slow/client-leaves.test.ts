/** How soon a backend is let go when its client leaves (faults 1 and 2): within 50 ms in 99 of 100 runs, at each moment. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { MOMENTS, startLeavingScene, type LeavingScene, type Moment } from "../_leaving.ts"

/** Milliseconds. */
const SOON = 50
const RUNS = 100

let scene: LeavingScene

beforeAll(async () => void (scene = await startLeavingScene()))
afterAll(() => scene.close())

test.each(Object.keys(MOMENTS) as Moment[])("%s", async (moment) => {
  const times: number[] = []
  for (let n = 0; n < RUNS; n++) times.push(await scene.leave(moment))
  times.sort((a, b) => a - b)
  const [p50 = 0, p99 = 0] = [times[RUNS / 2], times[RUNS - 2]]
  console.log(`a client leaves ${moment}: backend closed after ${p50.toFixed(1)} ms (p50), ${p99.toFixed(1)} ms (p99)`)
  expect(p99).toBeLessThanOrEqual(SOON)
})
