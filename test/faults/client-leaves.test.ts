/**
 * A client leaves (faults 1 and 2): the connection to the backend is closed, so that nobody pays for an answer that
 * nobody reads (litellm#31499, litellm#37140, bifrost#3164). In mid-stream, before the first byte, and not streaming.
 *
 * How soon, over a hundred runs: slow/client-leaves.test.ts. With the real Claude Code: test/claude-code/limits.test.ts;
 * through the SDKs and a real model: test/live/limits.test.ts.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { MOMENTS, startLeavingScene, type LeavingScene, type Moment } from "./_leaving.ts"

let scene: LeavingScene
const unhandled: unknown[] = []
const hear = (reason: unknown): void => void unhandled.push(reason)

beforeAll(async () => {
  process.on("unhandledRejection", hear)
  scene = await startLeavingScene()
})
afterAll(async () => {
  process.off("unhandledRejection", hear)
  await scene.close()
})

test.each(Object.keys(MOMENTS) as Moment[])("%s: the backend is let go, and nothing is told as a failure", async (moment) => {
  const before = scene.proxy.lines.length
  await scene.leave(moment)
  await expect.poll(() => scene.proxy.lines.slice(before).join("\n")).toContain(" over ")
  expect(scene.proxy.lines.filter((line) => / (error|warn) /.test(line))).toEqual([])
  expect(unhandled).toEqual([])
})
