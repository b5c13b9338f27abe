/** Requests that a backend has refused for good, as Claude Code repeats them. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { ProxyError } from "../../src/error.ts"
import { createRefusals } from "../../src/state/refusals.ts"
import type { Translated } from "../../src/stage.ts"
import type { Digest } from "../../src/stages/auth.ts"
import { chunks, error, json, raw, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeEach(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: { m: { backend: "b", model: "one" }, other: { backend: "b", model: "two" } },
    backends: { b: { base_url: backend.url } },
    keys: [
      { name: "test", key: "sk-proxy-test-key" },
      { name: "second", key: "sk-proxy-second-key" },
    ],
  })
})
afterEach(async () => {
  vi.useRealTimers()
  await proxy.close()
  await backend.close()
})

const answer = json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] })
const no = error(400, "not to my taste", { "retry-after": "7" })

async function told(response: Response): Promise<unknown> {
  const { error } = (await response.json()) as { error: unknown }
  return [response.status, response.headers.get("retry-after"), error]
}

test("the same request is answered with the same words, and the backend asked once", async () => {
  backend.play(no, answer)
  const first = await told(await proxy.send({ model: "m" }))
  expect(first).toEqual([400, "7", { type: "invalid_request_error", message: 'backend "b": not to my taste' }])
  expect(await told(await proxy.send({ model: "m" }))).toEqual(first)
  expect(backend.asked.length).toBe(1)
  expect(proxy.lines.filter((line) => line.includes("not asked again"))).toEqual([
    expect.stringMatching(/ debug refused a moment ago, and not asked again .*backend=b model=one$/),
  ])
})

test("what no backend but Anthropic's sees makes no other request", async () => {
  backend.play(no, answer)
  await proxy.send({ model: "m", metadata: {} }, { "x-api-key": "sk-proxy-test-key", "anthropic-beta": "a,b" })
  expect((await proxy.send({ model: "m" })).status).toBe(400)
  expect(backend.asked.length).toBe(1)
})

test.each<[string, object, Record<string, string>?]>([
  ["another text", { model: "m", messages: [{ role: "user", content: "Please" }] }],
  ["another model", { model: "other" }],
  ["another client", { model: "m" }, { "x-api-key": "sk-proxy-second-key" }],
])("%s is asked", async (_, request, headers) => {
  backend.play(no, answer)
  await proxy.send({ model: "m" })
  expect((await proxy.send(request, headers)).status).toBe(200)
})

test.each([429, 500, 503, 413])("what may pass is asked again: %s", async (status) => {
  backend.play(error(status, "later"), answer)
  expect((await proxy.send({ model: "m" })).status).not.toBe(200)
  expect((await proxy.send({ model: "m" })).status).toBe(200)
})

test("what a lesson did not help is remembered in the form that was asked last", async () => {
  backend.play(error(400, "temperature: Extra inputs are not permitted"), no, answer)
  const request = { model: "m", temperature: 0.5 }
  const first = await told(await proxy.send(request))
  expect(first).toEqual([400, "7", { type: "invalid_request_error", message: 'backend "b": not to my taste' }])
  expect(await told(await proxy.send(request))).toEqual(first)
  expect(backend.asked.length).toBe(2)
})

test("a refusal in the stream, ahead of any content, counts as any other", async () => {
  const refused = raw('data: {"error":{"message":"bad request: not to my taste","code":400}}\n\n')
  backend.play(refused, chunks([delta({ content: "hi" }, "stop")]))
  const first = await told(await proxy.send({ model: "m", stream: true }))
  expect(await told(await proxy.send({ model: "m", stream: true }))).toEqual(first)
  expect(backend.asked.length).toBe(1)
})

test("a moment later it is asked again", async () => {
  vi.useFakeTimers({ toFake: ["Date"] })
  backend.play(no, answer)
  await proxy.send({ model: "m" })
  vi.advanceTimersByTime(9_999)
  expect((await proxy.send({ model: "m" })).status).toBe(400)
  vi.advanceTimersByTime(1)
  expect((await proxy.send({ model: "m" })).status).toBe(200)
})

describe("what is remembered", () => {
  const context = {
    api: "chat",
    req: new Request("http://proxy"),
    target: { backend: { name: "b" }, model: "m" },
    client: { name: "c" },
  } as Translated
  const elsewhere = { ...context, target: { ...context.target, backend: { name: "other" } } } as Translated
  const refused = new ProxyError(400, "no")

  test("is bounded: the oldest goes first", async () => {
    const refusals = createRefusals((text) => new TextEncoder().encode(text))
    for (let n = 0; n <= 100; n++) await refusals.keep(context, [`${n}`], refused)
    expect([await refusals.of(context, "0"), await refusals.of(context, "1"), await refusals.of(context, "100")]).toEqual([
      undefined,
      refused,
      refused,
    ])
  })

  test("is one backend's word, and not another's", async () => {
    const refusals = createRefusals((text) => new TextEncoder().encode(text))
    await refusals.keep(context, ["x"], refused)
    await refusals.keep(elsewhere, ["y"], refused)
    expect([await refusals.of(context, "x"), await refusals.of(elsewhere, "x")]).toEqual([refused, undefined])
  })

  test("costs nothing where there is nothing: no digest is made for a backend without a refusal", async () => {
    const digest = vi.fn<Digest>((text) => new TextEncoder().encode(text))
    const refusals = createRefusals(digest)
    expect(await refusals.of(context, "x")).toBeUndefined()
    expect(digest).not.toHaveBeenCalled()
    await refusals.keep(context, ["x"], refused)
    await refusals.of(elsewhere, "x")
    expect(digest).toHaveBeenCalledTimes(1)
  })
})
