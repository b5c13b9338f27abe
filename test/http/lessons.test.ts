import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { createStorage } from "unstorage"
import { createLessons } from "../../src/state/lessons.ts"
import { SILENT } from "../../src/log.ts"
import type { Target } from "../../src/stage.ts"
import { chunks, error, json, raw, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeEach(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: { m: { backend: "b", model: "one" }, other: { backend: "b", model: "two" } },
    backends: { b: { base_url: backend.url } },
  })
})
afterEach(async () => {
  await proxy.close()
  await backend.close()
})

const answer = json(200, { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] })
const noThinking = error(400, '"llama3.2" does not support thinking')
const asked = (): unknown[] => backend.asked.map(({ body }) => (body as { reasoning_effort?: string }).reasoning_effort)
const effort = { output_config: { effort: "high" } }

test("what a backend refuses by name is left out at once, and from then on, for that model alone", async () => {
  backend.play(noThinking, answer, answer, answer)
  expect((await proxy.send({ model: "m", ...effort })).status).toBe(200)
  expect((await proxy.send({ model: "m", ...effort })).status).toBe(200)
  expect((await proxy.send({ model: "other", ...effort })).status).toBe(200)
  expect(asked()).toEqual(["high", undefined, undefined, "high"])
  expect(proxy.lines.filter((line) => line.includes("refused"))).toEqual([
    expect.stringMatching(/ warn  refused by b: reasoning_effort is left out from now on .*model=one$/),
  ])
})

test("a stream is asked for again likewise, and the client sees nothing of it", async () => {
  backend.play(noThinking, chunks([delta({ content: "hi" }, "stop")]))
  expect(await (await proxy.send({ model: "m", stream: true, ...effort })).text()).toContain("message_stop")
})

test("a backend is asked at most twice, and what it teaches the second time is remembered, too", async () => {
  const noTemperature = error(400, "temperature: Extra inputs are not permitted")
  backend.play(noThinking, noTemperature, answer)
  const request = { model: "m", temperature: 0.5, ...effort }
  const refused = await proxy.send(request)
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({ error: { message: 'backend "b": temperature: Extra inputs are not permitted' } })
  expect((await proxy.send(request)).status).toBe(200)
  expect(backend.asked.length).toBe(3)
})

test("a refusal that teaches nothing is told at once", async () => {
  backend.play(error(400, "no"))
  expect((await proxy.send({ model: "m", ...effort })).status).toBe(400)
  expect(backend.asked.length).toBe(1)
})

test("a cap is learned, and holds for every request after it", async () => {
  const refused = error(400, "max_tokens is too large: 9000. This model supports at most 4096 completion tokens, whereas you provided 9000.")
  backend.play(refused, answer, answer)
  expect((await proxy.send({ model: "m", max_tokens: 9000 })).status).toBe(200)
  expect((await proxy.send({ model: "m", max_tokens: 8000 })).status).toBe(200)
  expect(backend.asked.map(({ body }) => (body as { max_tokens: number }).max_tokens)).toEqual([9000, 4096, 4096])
  expect(proxy.lines.filter((line) => line.includes("refused"))).toEqual([
    expect.stringMatching(/ warn  refused by b: at most 4096 tokens are asked for from now on .*model=one$/),
  ])
})

test("a chat template that refuses with 500 teaches, too (llama.cpp#27367)", async () => {
  backend.play(error(500, "Jinja Exception: System message must be at the beginning."), answer)
  const messages = [{ role: "user", content: "a" }, { role: "assistant", content: "b" }, { role: "system", content: "c" }, { role: "user", content: "d" }]
  expect((await proxy.send({ model: "m", messages })).status).toBe(200)
  const sent = backend.asked.map(({ body }) => (body as { messages: { role: string }[] }).messages.map(({ role }) => role))
  expect(sent).toEqual([["user", "assistant", "system", "user"], ["user", "assistant", "user"]])
})

test("a refusal in the stream teaches as one ahead of it, as LM Studio's", async () => {
  const refused = raw('event: error\ndata: {"error":{"message":"Error rendering prompt with jinja template: Conversation roles must alternate user/assistant/user/assistant/..."}}\n\n')
  backend.play(refused, chunks([delta({ content: "hi" }, "stop")]))
  const messages = [{ role: "user", content: "a" }, { role: "user", content: "b" }]
  const response = await proxy.send({ model: "m", stream: true, messages })
  expect(await response.text()).toContain("message_stop")
  expect(backend.asked.map(({ body }) => (body as { messages: unknown[] }).messages.length)).toEqual([2, 1])
})

describe("what was learned", () => {
  const target = { model: "a/b:c?d", backend: { name: "x" } } as Target
  const lesson = { kind: "drop", field: "top_p" } as const

  test("outlives the process where the storage does", async () => {
    const storage = createStorage()
    createLessons(storage, SILENT).learn(target, lesson)
    await expect.poll(() => createLessons(storage, SILENT).of(target)).toEqual([lesson])
  })

  test("is bounded: the oldest goes first", async () => {
    const lessons = createLessons(createStorage(), SILENT)
    for (let most = 1; most <= 51; most++) lessons.learn(target, { kind: "cap", most })
    const kept = await lessons.of(target)
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([50, { kind: "cap", most: 2 }, { kind: "cap", most: 51 }])
  })

  test("is kept in memory when the storage fails, and costs no request", async () => {
    const storage = createStorage()
    const failing = { ...storage, getItem: () => Promise.reject(new Error("down")), setItem: () => Promise.reject(new Error("down")) }
    const lessons = createLessons(failing as typeof storage, SILENT)
    expect(await lessons.of(target)).toEqual([])
    lessons.learn(target, lesson)
    expect(await lessons.of(target)).toEqual([lesson])
  })
})
