/** What reaches the backend of a request, beside its words, and what does not. */
import { describe, expect, test } from "vitest"
import { KEY } from "../live/_proxy.ts"
import { bodyOf, conversations } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene } from "./_scene.ts"
import { says } from "./_scripts.ts"

/** What interactive sessions send of the machine, and print mode does not; here it is added by hand. */
const SAFEGUARDS = { safeguards: { cwd: "/home/somebody/secret-plans", git: "main" } }

describe.skipIf(lacksClaude() !== undefined)("of Claude Code's request", () => {
  test("its messages with the role system stay in their place", async () => {
    const { claude, backend } = await createScene([says("Hi there!")])
    await claude.run("say hi", "--append-system-prompt", "Speak like a walrus.")
    const [first, , third] = bodyOf(backend.asked[0]).messages
    expect(conversations(backend)).toEqual([["system", "user: say hi", "system"]])
    expect(third?.content).toContain(`Primary working directory: ${claude.folder}`)
    expect([first?.content, third?.content].join()).toContain("Speak like a walrus.")
  })

  test("where a backend takes no such message, they are told in the user's", async () => {
    const { claude, backend } = await createScene([says("Hi there!")], { backend: "flags: { mid_system: user }" })
    const { said } = await claude.run("say hi")
    const messages = bodyOf(backend.asked[0]).messages
    expect([said, ...messages.map(({ role }) => role)]).toEqual(["Hi there!", "system", "user"])
    expect(messages[1]?.content).toMatch(/say hi.*Primary working directory: /s)
  })

  test("the billing header and the safeguards never reach a backend, nor the log", async () => {
    const env = { ANTHROPIC_AUTH_TOKEN: KEY, CLAUDE_CODE_EXTRA_BODY: JSON.stringify(SAFEGUARDS) }
    const { claude, backend, log } = await createScene([says("Hi there!")], { env })
    const { said } = await claude.run("say hi")
    const sent = JSON.stringify(backend.asked)
    const seen = /billing-header|safeguards|secret-plans/.exec(sent + log())
    expect({ said, seen }).toEqual({ said: "Hi there!", seen: null })
    expect(sent).toContain("You are a Claude agent")
  })

  test("nothing but Chat Completions' own fields reaches the backend", async () => {
    const { claude, backend } = await createScene([says("Hi there!")])
    await claude.run("say hi")
    const { messages, tools, user, ...rest } = bodyOf(backend.asked[0])
    expect(rest).toEqual({
      model: "m",
      max_tokens: 128_000,
      reasoning_effort: "medium",
      stream: true,
      stream_options: { include_usage: true },
    })
    expect([user?.length, messages.length, tools?.length]).toEqual([expect.any(Number), 3, expect.any(Number)])
    expect(JSON.stringify({ messages, tools })).not.toMatch(/"(cache_control|defer_loading|input_schema)":/)
  })
})
