/** Limits of a model that the client does not know: its window, and the longest answer it takes an order for. */
import { describe, expect, test } from "vitest"
import { json, type Script } from "../_backend.ts"
import { bodyOf, conversations } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { says } from "./_scripts.ts"
import { told } from "./_shown.ts"

describe.skipIf(lacksClaude() !== undefined)("Claude Code", () => {
  test.each([
    [
      "OpenAI's",
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9124 tokens. " +
        "Please reduce the length of the messages.",
      "context_length_exceeded",
    ],
    [
      "LM Studio's", // which Claude Code itself does not know
      "The number of tokens to keep from the initial prompt is greater than the context length. " +
        "Try to load the model with a larger context length, or provide a shorter input",
      "",
    ],
  ])("sums its conversation up when it no longer fits, in %s words, and goes on", async (_, message, code) => {
    const { claude, backend, asked } = await createScene([says("One."), says("Two.")])
    await claude.run("first question")
    await claude.run("-c", "second question")
    asked()
    backend.play(
      refusal(message, "messages", code),
      says("<analysis>Two answers.</analysis>\n<summary>We have counted to two.</summary>"),
      says("Three."),
    )
    const ran = await claude.run("-c", "third question")
    const compacted = told(ran, "compact_boundary").length
    const sent = conversations(backend).slice(2)
    const before = ["system", "user: first question", "system", "assistant: One."]
    expect({ code: ran.code, said: ran.said, compacted, asked: asked(), sent }).toEqual({
      code: 0,
      said: "Three.",
      compacted: 1,
      asked: [MESSAGES, MESSAGES, MESSAGES],
      sent: [
        [...before, "user: second question", "assistant: Two.", "user: third question"],
        [...before, expect.stringMatching(/^user: second question\n.*create a detailed summary of the conversation/s)],
        [
          "system",
          expect.stringMatching(/^user: This session is being continued .*\nWe have counted to two\.\n/s),
          "system",
          "assistant: Two.",
          "user: third question",
          "system",
        ],
      ],
    })
  })

  test.each([
    [
      "may not be that long",
      "max_tokens is too large: 128000. This model supports at most 16384 completion tokens, " +
        "whereas you provided 128000.",
      16_384,
    ],
    [
      "does not fit behind its question",
      "'max_tokens' or 'max_completion_tokens' is too large: 128000. This model's maximum context length is 32768 " +
        "tokens and your request has 12000 input tokens (128000 > 32768 - 12000).",
      20_768,
    ],
  ])("asks for a shorter answer when its answer %s", async (_, message, most) => {
    const { claude, backend } = await createScene([refusal(message, "max_tokens", "invalid_value"), says("Hi there!")])
    const { code, said } = await claude.run("say hi")
    expect({ code, said, sent: conversations(backend) }).toEqual({
      code: 0,
      said: "Hi there!",
      sent: [
        ["system", "user: say hi", "system"],
        ["system", "user: say hi", "system"],
      ],
    })
    const [first = 0, second = 0] = backend.asked.map((one) => bodyOf(one).max_tokens)
    expect(first).toBe(128_000)
    expect(second).toBeGreaterThan(most / 2)
    expect(second).toBeLessThanOrEqual(most)
  })
})

/** In OpenAI's words. */
function refusal(message: string, param: string, code: string): Script {
  return json(400, { error: { message, type: "invalid_request_error", param, code } })
}
