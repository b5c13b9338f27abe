import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { fold } from "../../src/anthropic/fold.ts"
import { chunks, controlled, json, startBackend, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, startProxy, type TestProxy } from "../_proxy.ts"

let proxy: TestProxy
let backend: ScriptedBackend

beforeAll(async () => {
  backend = await startBackend()
  proxy = await startProxy({
    models: { m: { backend: "b", model: "backend-model" }, quick: { backend: "quick", model: "x" } },
    backends: {
      b: { base_url: backend.url },
      quick: { base_url: backend.url, timeout: { first_byte: 0.2, idle: 0.2 } },
    },
    server: { ping: 0.1 },
  })
})
afterAll(async () => {
  await proxy.close()
  await backend.close()
})

/** Reads a response piece by piece. */
function reading(response: Response): { until(pattern: RegExp): Promise<string>; rest(): Promise<string> } {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  const more = async (): Promise<boolean> => {
    const piece = await reader?.read()
    text += piece?.value ?? ""
    return piece?.done === false
  }
  return {
    async until(pattern) {
      while (!pattern.test(text)) if (!(await more())) throw new Error(`ended without ${pattern}: ${text}`)
      return text
    },
    async rest() {
      while (await more());
      return text
    },
  }
}

test("each event reaches the client as soon as it has reached the proxy", async () => {
  const script = controlled()
  backend.play(script)
  const answering = proxy.send({ model: "m", stream: true })
  await script.opened
  script.push(delta({ role: "assistant", content: "one" }))
  const response = await answering
  const stream = reading(response)
  await stream.until(/"text":"one"/)
  script.push(delta({ content: "two" }))
  await stream.until(/"text":"two"/)
  script.push(delta({}, "stop"))
  script.push("data: [DONE]\n\n")
  expect(eventsIn(await stream.rest()).at(-1)).toEqual({ type: "message_stop" })
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  expect(response.headers.get("cache-control")).toBe("no-cache")
  expect(response.headers.get("x-accel-buffering")).toBe("no")
  script.end()
})

test("a client is answered when its stream is over, though the backend keeps its connection", async () => {
  const script = controlled()
  backend.play(script)
  const answering = proxy.send({ model: "m", stream: true })
  await script.opened
  script.push(delta({ content: "all" }, "stop"))
  script.push("data: [DONE]\n\n")
  expect(eventsIn(await (await answering).text()).at(-1)).toEqual({ type: "message_stop" })
  script.end()
})

describe("silence", () => {
  test("before the first word: 200 and pings, nothing else before message_start (litellm#36024, tale#3396)", async () => {
    const script = controlled()
    backend.play(script)
    const answering = proxy.send({ model: "m", stream: true })
    await script.opened
    script.push(delta({ role: "assistant", content: "" })) // no content yet
    const response = await answering
    expect(response.status).toBe(200)
    const stream = reading(response)
    await stream.until(/(event: ping\n.*\n\n){3}/)
    script.push(delta({ content: "late" }, "stop"))
    script.end()
    const types = eventsIn(await stream.rest()).map(({ type }) => type)
    expect(types.slice(0, 3)).toEqual(["ping", "ping", "ping"])
    expect(types.filter((type) => type !== "ping")).toEqual([
      "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
    ])
  })

  test("between words: pings (envoy#2549, agent-maestro#227, sub2api#770)", async () => {
    const script = controlled()
    backend.play(script)
    const answering = proxy.send({ model: "m", stream: true })
    await script.opened
    script.push(delta({ content: "one" }))
    const stream = reading(await answering)
    await stream.until(/one[^]*(event: ping\n.*\n\n){2}/)
    script.push(delta({ content: "two" }, "stop"))
    script.end()
    expect(await stream.rest()).toMatch(/ping[^]*two[^]*message_stop/)
  })

  test("and then a failure: an error event after the pings", async () => {
    const script = controlled()
    backend.play(script)
    const answering = proxy.send({ model: "m", stream: true })
    await script.opened
    const stream = reading(await answering)
    await stream.until(/ping/)
    script.push('data: {"error":{"message":"gave up","code":500}}\n\n')
    script.end()
    const events = eventsIn(await stream.rest()).filter(({ type }) => type !== "ping")
    expect(events).toEqual([
      { type: "error", error: { type: "api_error", message: 'backend "b": gave up' }, request_id: expect.stringMatching(/^req_/) },
    ])
  })

  test("for ever, before the first word: a timeout the client sees as such", async () => {
    const script = controlled()
    backend.play({ answer: () => {} }, script)
    const response = await proxy.send({ model: "quick" })
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({
      error: { type: "timeout_error", message: 'backend "quick" did not begin to answer within 0.2 s' },
    })
    const answering = proxy.send({ model: "quick", stream: true })
    await script.opened
    script.push(delta({ content: "one" }))
    const events = eventsIn(await (await answering).text()).filter(({ type }) => type !== "ping")
    expect(events.at(-1)).toMatchObject({ type: "error", error: { type: "timeout_error", message: 'backend "quick" was silent for 0.2 s' } })
    expect(await script.closed).toBe(true)
  })
})

describe("a client that leaves", () => {
  test("in the middle of a stream: the backend is let go (clodex#170, #183, bifrost#6143)", async () => {
    const script = controlled()
    backend.play(script)
    const leave = new AbortController()
    const answering = proxy.send({ model: "m", stream: true }, undefined, leave.signal)
    await script.opened
    script.push(delta({ content: "one" }))
    await reading(await answering).until(/one/)
    leave.abort()
    expect(await script.closed).toBe(true)
  })

  test.each([true, false])("before the first word (stream: %s): likewise (better-ccflare#348, #360, ClawRouter#279)", async (stream) => {
    const script = controlled()
    backend.play(script)
    const leave = new AbortController()
    const answering = proxy.send({ model: "m", stream }, undefined, leave.signal)
    await script.opened
    leave.abort()
    await expect(answering).rejects.toThrow(/abort/)
    expect(await script.closed).toBe(true)
  })
})

test("a backend that does not stream though it was asked to is streamed all the same", async () => {
  backend.play(json(200, { choices: [{ message: { role: "assistant", content: "whole" }, finish_reason: "stop" }], usage: { prompt_tokens: 3, completion_tokens: 1 } }))
  const response = await proxy.send({ model: "m", stream: true })
  expect(eventsIn(await response.text()).map(({ type }) => type)).toEqual([
    "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
  ])
})

test("a backend that streams though it was not asked to is folded all the same", async () => {
  backend.play(chunks([delta({ content: "in " }), delta({ content: "pieces" }, "stop")]))
  expect(await (await proxy.send({ model: "m" })).json()).toMatchObject({ content: [{ type: "text", text: "in pieces" }], stop_reason: "end_turn" })
})

test("a stop sequence cuts the stream and lets the backend go", async () => {
  const script = controlled()
  backend.play(script)
  const answering = proxy.send({ model: "m", stream: true, stop_sequences: ["END"] })
  await script.opened
  script.push(delta({ content: "before E" }))
  script.push(delta({ content: "N" }))
  script.push(delta({ content: "D after" }))
  const events = eventsIn(await (await answering).text())
  expect(events.flatMap((event) => (event.type === "content_block_delta" && "text" in event.delta ? [event.delta.text] : [])).join("")).toBe("before ")
  expect(events.find(({ type }) => type === "message_delta")).toMatchObject({ delta: { stop_reason: "stop_sequence", stop_sequence: "END" } })
  expect(await script.closed).toBe(true)
})

test("streams that run at once keep their words apart", async () => {
  const scripts = [controlled(), controlled()]
  backend.play(...scripts)
  const answers = [proxy.send({ model: "m", stream: true }), proxy.send({ model: "m", stream: true })]
  await Promise.all(scripts.map(({ opened }) => opened))
  for (let n = 0; n < 5; n++) for (const [which, script] of scripts.entries()) script.push(delta({ content: `${which}` }))
  for (const script of scripts) {
    script.push(delta({}, "stop"))
    script.end()
  }
  const texts = await Promise.all(answers.map(async (answer) => (await answer).text()))
  const words = texts.map((text) => eventsIn(text).flatMap((event) => (event.type === "content_block_delta" && "text" in event.delta ? [event.delta.text] : [])).join(""))
  expect(words.toSorted()).toEqual(["00000", "11111"])
})

test.each([true, false])("max_tokens 0 asks nobody, and is answered with nothing (stream: %s)", async (stream) => {
  const asked = backend.asked.length
  const response = await proxy.send({ model: "m", stream, max_tokens: 0 })
  const text = await response.text()
  const message = stream ? fold(eventsIn(text)) : JSON.parse(text)
  expect(message).toMatchObject({ content: [], stop_reason: "max_tokens", usage: { output_tokens: 0 } })
  expect(backend.asked.length).toBe(asked)
})
