/**
 * A backend's connection breaks at each byte of a recorded answer (fault 3), in turns as an early end, as a closed
 * connection and as a reset one. In short: ../cut-streams.test.ts.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { CUTS, faultsOf, isComplete, RECORDED, startCutScene, type CutScene } from "../_cuts.ts"

let scene: CutScene

beforeAll(async () => void (scene = await startCutScene()))
afterAll(() => scene.close())

test.each(RECORDED)("over $api: what had been sent stands, then one error and no message_stop", async (recorded) => {
  const { answer } = recorded
  const { events: whole } = await scene.ask(recorded, answer.length, "clean", true)
  const faults: string[] = []
  for (let at = 0; at < answer.length; at++) {
    const cut = CUTS[at % CUTS.length] ?? "end"
    const outcome = await scene.ask(recorded, at, cut, true)
    const complete = isComplete(recorded, at, cut)
    faults.push(...faultsOf(outcome, whole, complete).map((fault) => `at ${at} of ${answer.length} (${cut}): ${fault}`))
  }
  expect(faults).toEqual([])
})
