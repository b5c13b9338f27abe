/** What a stage is told when an answer is over, on a server and where there is none. */
import { afterEach, expect, test, vi } from "vitest"
import { definePlugin } from "../../src/plugin/plugin.ts"
import { createProxy } from "../../src/proxy.ts"
import { defineStage } from "../../src/stage.ts"
import { chunks, controlled, startBackend, type Script } from "../_backend.ts"
import { delta, KEY, startProxy } from "../_proxy.ts"

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A plugin that keeps how answers were over, and a config that leads to this backend. */
async function watch(script: Script) {
  const over: string[] = []
  const plugin = definePlugin({
    name: "watch",
    setup: () =>
      defineStage({
        name: "watch",
        before: "auth",
        run(context, next) {
          context.onOver((broke) => over.push(broke === undefined ? "sent" : "left"))
          return next(context)
        },
      }),
  })
  const backend = await startBackend(script)
  closing.push(backend.close)
  const keys = [{ name: "test", key: KEY }]
  const config = { models: { m: { backend: "b", model: "one" } }, backends: { b: { base_url: backend.url } }, keys }
  return { over, config, plugins: [{ plugin, options: undefined }] }
}

const HELLO = { model: "m", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] }
const headers = { "x-api-key": KEY, "content-type": "application/json" }

test("a stream is over when it has been sent, and no earlier", async () => {
  const script = controlled()
  const { over, config, plugins } = await watch(script)
  const proxy = await startProxy(config, { plugins })
  closing.push(proxy.close)
  const [response] = await Promise.all([
    proxy.send({ model: "m", stream: true }),
    script.opened.then(() => script.push(delta({ content: "Hi" }))),
  ])
  expect(over).toEqual([])
  script.push(delta({}, "stop"))
  script.push("data: [DONE]\n\n")
  script.end()
  await response.text()
  await vi.waitFor(() => expect(over).toEqual(["sent"]))
})

test("a refusal is over when it has been sent", async () => {
  const { over, config, plugins } = await watch(chunks([]))
  const proxy = await startProxy(config, { plugins })
  closing.push(proxy.close)
  await (await proxy.send({ model: "m" }, { "x-api-key": "wrong" })).text()
  await vi.waitFor(() => expect(over).toEqual(["sent"]))
})

test.each([true, false])("a client that leaves is told as such (a stream: %s)", async (stream) => {
  const script = controlled()
  const { over, config, plugins } = await watch(script)
  const proxy = await startProxy(config, { plugins })
  closing.push(proxy.close)
  const leaving = new AbortController()
  const asked = proxy.send({ model: "m", stream }, undefined, leaving.signal).catch(() => {})
  await script.opened
  if (stream) {
    script.push(delta({ content: "Hi" }))
    await asked
  }
  leaving.abort()
  await vi.waitFor(() => expect(over).toEqual(["left"]))
})

test.each([
  ["read to its end", ["sent"]],
  ["left", ["left"]],
])("without a server, a stream that is %s", async (how, expected) => {
  const { over, config, plugins } = await watch(chunks([delta({ content: "Hi" }), delta({}, "stop")]))
  const proxy = await createProxy(config, { plugins })
  closing.push(proxy.close)
  const body = JSON.stringify({ ...HELLO, stream: true })
  const response = await proxy.fetch(new Request("http://localhost/v1/messages", { method: "POST", headers, body }))
  expect(over).toEqual([])
  if (how === "left") await response.body?.cancel()
  else await response.text()
  await vi.waitFor(() => expect(over).toEqual(expected))
})

test("what fails at an answer's end is a line in the log, and the others are told all the same", async () => {
  const { over, config, plugins } = await watch(chunks([delta({ content: "Hi" }), delta({}, "stop")]))
  const failing = definePlugin({
    name: "failing",
    setup: () =>
      defineStage({
        name: "failing",
        before: "auth",
        run(context, next) {
          context.onOver(() => {
            throw new Error("no disk")
          })
          return next(context)
        },
      }),
  })
  const proxy = await startProxy(config, { plugins: [{ plugin: failing, options: undefined }, ...plugins] })
  closing.push(proxy.close)
  await (await proxy.send({ model: "m" })).text()
  await vi.waitFor(() => expect(over).toEqual(["sent"]))
  expect(proxy.lines.join("\n")).toContain('what was to be done at the answer\'s end failed')
})
