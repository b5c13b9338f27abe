/**
 * A plugin puts a TransformStream of its own into an answer, and it hangs (fault 29, the part that no time limit of a
 * stage reaches, as the stage has given its reply): that answer ends with an error after the plugin's `timeLimit`, and
 * the backend is let go.
 *
 * Other hostile plugins: test/guard.test.ts. The limit by itself: test/stream/hop.test.ts.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { definePlugin, defineStage, type PluginUse } from "../../src/index.ts"
import { playedProxy } from "./_played.ts"
import { says } from "./_raw-backend.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Passes one list on, and hangs at the next. */
function hanging<T>(): TransformStream<T, T> {
  let lists = 0
  return new TransformStream({
    transform: (list, controller) => (lists++ === 0 ? controller.enqueue(list) : new Promise(() => {})),
  })
}

const route = defineStage({ name: "stuck", before: "route", run: async (context, next) => (await next(context)).pipeThrough(hanging()) })
const upstream = defineStage({ name: "stuck", before: "upstream", run: async (context, next) => (await next(context)).pipeThrough(hanging()) })
const use = (stage: typeof route | typeof upstream): PluginUse => ({
  plugin: definePlugin({ name: "stuck", timeLimit: 20, setup: () => stage }),
  options: undefined,
})

test.each([route, upstream])("before $before: what came before stands, and an error follows", async (stage) => {
  const { ask } = await playedProxy({}, [use(stage)])
  const { backend, told } = await ask({ stream: true })
  backend.push(says({ content: "one" }))
  await vi.advanceTimersByTimeAsync(60_000) // of silence, which is the backend's
  backend.push(says({ content: "two" }))
  await vi.advanceTimersByTimeAsync(19_000)
  expect(told.over).toBe(false)
  await vi.advanceTimersByTimeAsync(1_100)
  expect([told.over, told.types.filter((type) => type !== "ping")]).toEqual([
    true,
    ["message_start", "content_block_start", "content_block_delta", "error"],
  ])
  expect(told.text).toContain('"type":"api_error","message":"plugin \\"stuck\\" failed on this request"')
  expect(backend.aborted).toBeDefined()
})

test("a client that does not stream is answered 500", async () => {
  const { ask } = await playedProxy({}, [use(route)])
  const { backend, told } = await ask({})
  backend.push(says({ content: "one" }))
  await vi.advanceTimersByTimeAsync(10)
  backend.push(`${says({ content: "two" }, "stop")}data: [DONE]\n\n`)
  await vi.advanceTimersByTimeAsync(20_100)
  expect([told.status, JSON.parse(told.text)]).toMatchObject([
    500,
    { error: { type: "api_error", message: 'plugin "stuck" failed on this request' } },
  ])
})
