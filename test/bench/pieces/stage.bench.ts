/* oxlint-disable vitest/expect-expect -- what is measured here is read, not held to */
import { test } from "vitest"
import { SILENT } from "../../../src/log.ts"
import { guard } from "../../../src/plugin/guard.ts"
import { StopWatch } from "../../../src/plugin/stop-watch.ts"
import { around, defineStage, type Authorized, type Stage } from "../../../src/stage.ts"

/** Stages of plugins around a line that does nothing: eight, as `log` and `metrics` have. */

const PASS: Stage<"parse"> = defineStage({ name: "pass", before: "parse", run: async (c, next) => await next(c) })
const REPLY = new Response("answer")

function line(stage: Stage<"parse">): () => Promise<void> {
  const run = around<"parse">(Array.from({ length: 8 }, () => stage), async () => REPLY)
  return async () => void (await run({ req: new Request("http://proxy.test") } as Authorized))
}

test("stages under guard, and without one", async ({ bench }) => {
  const guarded = guard(PASS, { onError: "fail", timeLimit: 30 }, SILENT)
  await bench.compare(bench("bare", line(PASS)), bench("guarded", line(guarded)))
})

test("eight clocks that stop and go on, under one timer and under one each", async ({ bench }) => {
  const clocks = (shared: boolean) => () => {
    const request = new Request("http://proxy.test")
    const watches = Array.from({ length: 8 }, () => {
      return new StopWatch(shared ? request : new Request("http://proxy.test"), 30, () => {})
    })
    for (const watch of watches) watch.start()
    for (const watch of watches) watch.stop()
    for (const watch of watches) watch.start()
    for (const watch of watches) watch.end()
  }
  const timers = () => {
    const started = Array.from({ length: 9 }, () => new Request("http://proxy.test")).slice(1)
    for (const _ of started) clearTimeout(setTimeout(() => {}, 30_000))
    for (const _ of started) clearTimeout(setTimeout(() => {}, 30_000))
  }
  await bench.compare(bench("one timer", clocks(true)), bench("a timer each", timers))
})
