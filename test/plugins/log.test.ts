import { afterEach, beforeEach, expect, test } from "vitest"
import log from "../../plugins/log.ts"
import { chunks, error, json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, startProxy, type TestProxy } from "../_proxy.ts"

let backend: ScriptedBackend
let proxy: TestProxy

beforeEach(async () => {
  backend = await startBackend()
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

async function start(prompts: boolean): Promise<void> {
  proxy = await startProxy(
    { models: { m: { backend: "b", model: "one" } }, backends: { b: { base_url: backend.url } } },
    { plugins: [{ plugin: log, options: { prompts } }], level: "info" },
  )
}

const answer = json(200, {
  choices: [{ message: { content: "the answer" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 12, completion_tokens: 3 },
})

test("a request that is answered has one line with who asked, what answered and what it cost", async () => {
  await start(false)
  backend.play(answer)
  await (await proxy.send({ model: "m" })).text()
  expect(proxy.lines).toEqual([
    expect.stringMatching(
      /^\S+ info  answered plugin=log request=req_\w+ client=test model=m backend=b as=one stop=end_turn input=12 output=3 ms=\d+ first_ms=\d+$/,
    ),
  ])
})

test("prompts and answers are shown only when they are asked for", async () => {
  await start(true)
  backend.play(answer)
  await (await proxy.send({ model: "m" })).text()
  expect(proxy.lines.join()).toMatch(/asked=Hello said=.*the answer/)
})

test("a stream that breaks off has one line with what broke it", async () => {
  await start(false)
  backend.play(chunks([delta({ content: "half" })], { done: false }))
  await (await proxy.send({ model: "m", stream: true })).text()
  expect(proxy.lines).toEqual([expect.stringMatching(/ warn  broke off .*error="backend \\"b\\" closed the connection/)])
})

test("a backend that refuses has a line with its status", async () => {
  await start(false)
  backend.play(error(429, "slow down"))
  await (await proxy.send({ model: "m" })).text()
  expect(proxy.lines).toEqual([expect.stringMatching(/ warn  failed .*backend=b as=one status=429/)])
})

test("a request that is refused before it is read has a line too", async () => {
  await start(false)
  await proxy.send({ model: "m" }, { "x-api-key": "wrong" })
  expect(proxy.lines).toEqual([expect.stringMatching(/ warn  refused .*invalid x-api-key/)])
})
