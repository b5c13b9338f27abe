/**
 * A backend's connection breaks in the middle of its answer (fault 3): what had been sent stands, one `error` event
 * follows and no `message_stop`; what breaks before the first content is an HTTP status. In a text, in a call's
 * arguments, in the head; as an early end, as a closed connection, as a reset one.
 *
 * At every byte of these recordings: slow/cut-streams.test.ts. In what order ends may come: ends.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { CUTS, faultsOf, isComplete, RECORDED, startCutScene, type CutScene } from "./_cuts.ts"

let scene: CutScene

beforeAll(async () => void (scene = await startCutScene()))
afterAll(() => scene.close())

describe.each(RECORDED)("over $api", (recorded) => {
  const { answer, said } = recorded
  /** Each event's beginning, and two places in it. */
  const starts = [...answer.matchAll(/^data: /gm)].map(({ index }) => index)
  const places = starts.flatMap((at) => [at, at + 7, at + 40])

  test.each(CUTS)("broken off as: %s", async (cut) => {
    const { events: whole } = await scene.ask(recorded, answer.length, "clean", true)
    const faults: string[] = []
    for (const at of places.filter((_, n) => n % 4 === CUTS.indexOf(cut))) {
      const outcome = await scene.ask(recorded, at, cut, true)
      faults.push(...faultsOf(outcome, whole, isComplete(recorded, at, cut)).map((fault) => `at ${at} of ${answer.length}: ${fault}`))
    }
    expect(faults).toEqual([])
  })

  test("a client that does not stream is answered with a status", async () => {
    const last = starts.findLast((at) => at < said) ?? 0
    const { status, text } = await scene.ask(recorded, last, "end", false)
    expect([status, JSON.parse(text)]).toMatchObject([502, { type: "error", error: { type: "api_error" } }])
  })
})
