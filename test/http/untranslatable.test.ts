/** What has no equal in another API: refused for backends it would have to be translated for, and for them alone. */
import { afterEach, beforeEach, expect, test } from "vitest"
import rewrite from "../../plugins/rewrite.ts"
import { validateOptions } from "../../src/plugin/plugin.ts"
import { json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { startProxy, type TestProxy } from "../_proxy.ts"
import { whole } from "./_messages.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeEach(async () => {
  const options = await validateOptions(rewrite, { rules: [{ set: { max_tokens: 50 } }] })
  if ("issues" in options) throw new Error("the options are wrong")
  backend = await startBackend()
  proxy = await startProxy(
    {
      models: { chat: { backend: "chat", model: "m" }, messages: { backend: "messages", model: "m" } },
      backends: { chat: { base_url: backend.url }, messages: { base_url: backend.url, api: "anthropic" } },
    },
    { plugins: [{ plugin: rewrite, options: options.options }] },
  )
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

const thread = { type: "continue", previous_message_id: "msg_1" }
const refused = {
  type: "invalid_request_error",
  message: "thread: this server keeps no threads; send the whole conversation",
  details: { error_code: "thread_unsupported_request", unsupported: [] },
}

test.each([true, false])("a thread is refused so that the SDK sends the whole of it (stream: %s)", async (stream) => {
  const response = await proxy.send({ model: "chat", thread, messages: [], stream })
  expect([response.status, await response.json()]).toMatchObject([400, { error: refused }])
  expect(backend.asked).toEqual([])
})

test("a thread is refused when it is only counted, too", async () => {
  const body = { model: "chat", thread, messages: [] }
  const response = await proxy.ask("/v1/messages/count_tokens", { body })
  expect([response.status, await response.json()]).toMatchObject([400, { error: refused }])
})

test("a backend that may have threads is asked", async () => {
  backend.play(whole)
  expect((await proxy.send({ model: "messages", thread, messages: [] })).status).toBe(200)
  expect(backend.asked[0]?.body).toMatchObject({ thread, messages: [] })
})

test("a model that is not there is told ahead of what could not be translated for it", async () => {
  expect((await proxy.send({ model: "nobody", thread })).status).toBe(404)
})

test("what a stage makes of a request is not held against the client", async () => {
  backend.play(json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }))
  // The budget is more than the 50 tokens that the stage leaves of the client's.
  const thinking = { type: "enabled", budget_tokens: 2000 }
  expect((await proxy.send({ model: "chat", thinking, max_tokens: 4000 })).status).toBe(200)
  expect(backend.asked[0]?.body).toMatchObject({ max_tokens: 50 })
})
