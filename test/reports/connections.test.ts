/** What users of other proxies reported about connections: who packs what, who waits, and who leaves. */
import { expect, test } from "vitest"
import { controlled, type Script } from "../_backend.ts"
import { delta, eventsIn } from "../_proxy.ts"
import { answer, useLine } from "./_line.ts"
import { told } from "./_told.ts"

const line = useLine()

test("envoy#1927, CLIProxyAPI fa6bc77f2, deepclaude#19: nobody packs what is streamed, nor says so", async () => {
  const script: Script = {
    answer(response) {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "identity" })
      response.end(`data: ${JSON.stringify(delta({ content: "Hello" }, "stop"))}\n\ndata: [DONE]\n\n`)
    },
  }
  line.backend.play(script)
  const response = await line.proxy.send({ model: "chat", stream: true })
  expect(eventsIn(await response.text()).at(-1)).toEqual({ type: "message_stop" })
  expect(line.backend.asked.at(-1)?.headers["accept-encoding"]).toBe("identity")
  expect([response.headers.get("content-encoding"), response.headers.get("content-length")]).toEqual([null, null])
})

test("opencodex#4561: whoever leaves in mid-stream leaves the proxy as it was", async () => {
  const faults: unknown[] = []
  const hear = (fault: unknown): void => void faults.push(fault)
  process.on("unhandledRejection", hear)
  for (const stream of [true, false]) {
    const script = controlled()
    line.backend.play(script)
    const leave = new AbortController()
    const answering = line.proxy.send({ model: "chat", stream }, undefined, leave.signal)
    await script.opened
    script.push(delta({ content: "one" }))
    if (stream) await answering
    leave.abort()
    if (!stream) await expect(answering).rejects.toThrow(/abort/)
    expect(await script.closed).toBe(true)
  }
  expect((await line.proxy.ask("/health/ready")).status).toBe(200)
  expect(await line.stream(answer("stop", { content: "Hello" }))).toEqual(told({ stop: "end_turn" }, ["text", "Hello"]))
  process.off("unhandledRejection", hear)
  expect(faults).toEqual([])
})

test("PostHog/posthog#72287, litellm#13373: streams that run at once share nothing", async () => {
  const scripts = [controlled(), controlled()]
  line.backend.play(...scripts)
  const thinking = { type: "adaptive" }
  const answers = scripts.map(() => line.proxy.send({ model: "chat", stream: true, thinking }))
  await Promise.all(scripts.map(({ opened }) => opened))
  const push = (chunk: object): void => scripts.forEach((script) => script.push(chunk))
  scripts[0]?.push(delta({ reasoning_content: "Hm." }))
  push(delta({ content: "a" }))
  scripts[1]?.push(delta({ reasoning_content: "Hm." }))
  push(delta({ content: "b" }, "stop"))
  push({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } })
  for (const script of scripts) {
    script.push("data: [DONE]\n\n")
    script.end()
  }
  const kinds = await Promise.all(answers.map(async (it) => kindsIn(await (await it).text())))
  expect(kinds.toSorted()).toEqual(["text,thinking,text", "thinking,text"])
})

function kindsIn(text: string): string {
  const events = eventsIn(text)
  return events.flatMap((event) => (event.type === "content_block_start" ? [event.content_block.type] : [])).join()
}
