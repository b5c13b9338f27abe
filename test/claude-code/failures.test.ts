/** What fails at the backend or in the config: told once, tried again only where that helps. */
import { describe, expect, test } from "vitest"
import { error, raw, type Script } from "../_backend.ts"
import { conversations } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { beginning, says } from "./_scripts.ts"
import { shown, told } from "./_shown.ts"

const HI = ["system", "user: say hi", "system"]

/** Breaks the connection off in the middle of a text. */
const cutOff: Script = {
  answer(response) {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(beginning("Hi, I am abou"), () => response.destroy())
  },
}

describe.skipIf(lacksClaude() !== undefined)("Claude Code", () => {
  test("waits as long as a busy backend asks for, and then gets the answer", async () => {
    const busy = error(429, "Rate limit reached for requests", { "retry-after": "1" })
    const { claude, backend, asked } = await createScene([busy, says("Hi there!")])
    const ran = await claude.run("say hi")
    const waits = told(ran, "api_retry")
    expect({ code: ran.code, said: ran.said, waits, asked: asked(), sent: conversations(backend) }).toEqual({
      code: 0,
      said: "Hi there!",
      waits: [expect.objectContaining({ attempt: 1, error_status: 429, error: "rate_limit" })],
      asked: [MESSAGES, MESSAGES],
      sent: [HI, HI],
    })
    // Without the header its first wait is half a second.
    expect(Number(waits.map((wait) => "retry_delay_ms" in wait && wait.retry_delay_ms))).toBeGreaterThanOrEqual(1000)
  })

  test.each([
    ["is broken off", cutOff],
    ["just ends", raw(beginning("Hi, I am abou"))],
  ])("asks again when a stream %s in the middle, and shows nothing of the half answer", async (_, broken) => {
    const { claude, backend, asked } = await createScene([broken, says("Hi there!")])
    const ran = await claude.run("say hi")
    expect({ code: ran.code, shown: shown(ran), asked: asked(), sent: conversations(backend) }).toEqual({
      code: 0,
      shown: ["text: Hi there!"],
      asked: [MESSAGES, MESSAGES],
      sent: [HI, HI],
    })
  })

  test("stops at once when the backend refuses the proxy's key", async () => {
    const { claude, backend, asked } = await createScene([error(401, "Incorrect API key provided: sk-wrong.")])
    const { code, said } = await claude.run("say hi")
    expect({ code, said, asked: asked(), sent: conversations(backend) }).toEqual({
      code: 1,
      said: expect.stringContaining(`refused the proxy's credentials (HTTP 401); check its api_key`),
      asked: [MESSAGES],
      sent: [HI],
    })
  })

  test("a hopeless request reaches the backend at most twice, however often it is repeated", async () => {
    const refusals = Array.from({ length: 10 }, () => error(400, "This conversation is not to my taste."))
    const { claude, backend } = await createScene(refusals)
    const { code, said } = await claude.run("say hi")
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining("This conversation is not to my taste.") })
    expect(backend.asked.length).toBeLessThanOrEqual(2)
  })

  test("a backend that is not set up is told at once, without a retry", async () => {
    const { claude, asked } = await createScene([], { backend: 'api_key: "${LLM_PROXY_NOT_SET}"' })
    const { code, said } = await claude.run("say hi")
    expect({ code, said, asked: asked() }).toEqual({
      code: 1,
      said: expect.stringContaining('backend "scripted" is not ready: LLM_PROXY_NOT_SET is not set'),
      asked: [MESSAGES],
    })
  })

  test("a model that nobody routes is told, after the one retry Claude Code gives a 404", async () => {
    const { claude, asked } = await createScene([], { models: { "claude-*": "m" } })
    const { code, said } = await claude.run("say hi", "--model", "nobody-routes-this")
    expect({ code, said, asked: asked() }).toEqual({
      code: 1,
      said: expect.stringContaining("nobody-routes-this"),
      asked: [MESSAGES, MESSAGES],
    })
  })
})
