/** The plain cases: one request, one answer, whatever the key, the model and the wire. */
import { describe, expect, test } from "vitest"
import { KEY } from "../live/_proxy.ts"
import { bodyOf, conversations } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { says } from "./_scripts.ts"

const HI = ["system", "user: say hi", "system"]

describe.skipIf(lacksClaude() !== undefined)("Claude Code", () => {
  const KEYS = ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"]
  test.each(KEYS)("prints the answer after one request, with its key in %s", async (variable) => {
    const { claude, backend, asked } = await createScene([says("Hi there!")], { env: { [variable]: KEY } })
    const printed = await claude.print("say hi")
    expect({ ...printed, asked: asked(), sent: conversations(backend) }).toEqual({
      code: 0,
      out: "Hi there!\n",
      err: "",
      asked: [MESSAGES],
      sent: [HI],
    })
  })

  const models = { "claude-opus-*": "big", "claude-sonnet-*": "middle", "claude-haiku-*": "small", "my-own": "own" }
  test.each([
    ["opus", "big"],
    ["sonnet", "middle"],
    ["haiku", "small"],
    ["claude-sonnet-4-5-20250929", "middle"],
    ["my-own", "own"],
  ])("asks for --model %s in one request, and it goes to %s", async (model, name) => {
    const { claude, backend, asked } = await createScene([says("Hi there!")], { models })
    const { code, said, turns } = await claude.run("say hi", "--model", model)
    const sent = backend.asked.map((one) => bodyOf(one).model)
    expect({ code, said, turns, asked: asked(), sent }).toEqual({
      code: 0,
      said: "Hi there!",
      turns: 1,
      asked: [MESSAGES],
      sent: [name],
    })
  })

  test("is told the usage of the backend, so that its context meter works", async () => {
    const { claude } = await createScene([says("Hi there!")])
    const { lines } = await claude.run("say hi")
    expect(lines.at(-1)).toMatchObject({ type: "result", usage: { input_tokens: 1200, output_tokens: 20 } })
  })

  test("goes on with a conversation, and the backend sees all of it", async () => {
    const { claude, backend, asked } = await createScene([says("One."), says("Two.")])
    await claude.run("count")
    const { code, said } = await claude.run("-c", "and on")
    expect({ code, said, asked: asked(), sent: conversations(backend) }).toEqual({
      code: 0,
      said: "Two.",
      asked: [MESSAGES, MESSAGES],
      sent: [
        ["system", "user: count", "system"],
        ["system", "user: count", "system", "assistant: One.", "user: and on"],
      ],
    })
  })
})
