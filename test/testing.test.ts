import { describe, expect, test } from "vitest"
import log from "../plugins/log.ts"
import rewrite from "../plugins/rewrite.ts"
import { defineStage, Flow, flowOf, mapEvents, tap, unfold, type AnyStage, type MessageEvent } from "../src/index.ts"
import { testPlugin, testStage } from "../src/testing/index.ts"

describe("a stage as it should be", () => {
  test.each<[string, AnyStage]>([
    ["passes all on", defineStage({ name: "own", before: "route", run: (context, next) => next(context) })],
    ["passes chunks on", defineStage({ name: "own", before: "upstream", run: (context, next) => next(context) })],
    ["passes HTTP on", defineStage({ name: "own", before: "auth", run: (context, next) => next(context) })],
    [
      "looks at events",
      defineStage({ name: "own", before: "toOpenAI", run: async (c, next) => (await next(c)).pipeThrough(tap(() => {})) }),
    ],
  ])("%s", async (_, stage) => {
    expect(await testStage(stage)).toEqual([])
  })

  test("shipped plugins are", async () => {
    expect(await testPlugin(log)).toEqual([])
    expect(await testPlugin(rewrite, { rules: [{ system: { suffix: "Be kind." } }] })).toEqual([])
  })
})

/** What is found about a stage before route. */
const found = (run: Parameters<typeof defineStage<"route">>[0]["run"]) => testStage(defineStage({ name: "own", before: "route", run }))

describe("what spoils the line is found", () => {
  test("a request changed in place", async () => {
    const said = await found((context, next) => {
      Object.assign(context.request, { model: "other" })
      return next(context)
    })
    expect(said[0]).toMatch(/^own: a text: changed in place what is not its own \(Cannot assign to read only property 'model'/)
  })

  test("state that two requests share", async () => {
    let texts = 0
    const said = await found(async (context, next) =>
      (await next(context)).pipeThrough(
        mapEvents((event) => {
          if (event.type !== "content_block_delta" || event.delta.type !== "text_delta") return event
          return { ...event, delta: { ...event.delta, text: `${texts++}` } }
        }),
      ),
    )
    expect(said).toContain("own: a text: two at once are not told what one alone is")
  })

  test("an event from the future that is dropped", async () => {
    const known = new Set(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop", "error"])
    const said = await found(async (context, next) =>
      (await next(context)).pipeThrough(mapEvents((event) => (known.has(event.type) ? event : null))),
    )
    expect(said).toEqual(["own: an event from the future: an event that nobody knows was not passed on"])
  })

  test("events out of order", async () => {
    const said = await found(async (context, next) =>
      (await next(context)).pipeThrough(mapEvents((event) => (event.type === "content_block_stop" ? null : event))),
    )
    expect(said).toContain("own: a text: event 4 (message_delta): a block is still open")
  })

  test("a client's leave that is kept back", async () => {
    const said = await found(async (context, next) => {
      const reader = (await next(context)).getReader()
      return Flow.of(
        new ReadableStream<readonly MessageEvent[]>({
          async pull(controller) {
            const { done, value } = await reader.read()
            if (done) controller.close()
            else controller.enqueue(value)
          },
        }),
      )
    })
    expect(said).toEqual(["own: a client that leaves: the rest of the line is not told"])
  })

  test("a failure that becomes an answer", async () => {
    const said = await found((context, next) => next(context).catch(() => flowOf(unfold({ content: [], usage: {} } as never))))
    expect(said).toEqual(["own: a failure of the rest of the line: became an answer"])
  })

  test("wrong options", async () => {
    expect(await testPlugin(log, { format: "xml" })).toEqual([expect.stringMatching(/^options: format /)])
  })
})
