/** The same client with a backend that speaks the Messages API itself: what it says passes through. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { lacksClaude } from "./_installed.ts"
import { requestOf, streams, text, thinking, toolUse } from "./_messages.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { shown } from "./_shown.ts"

const SETTINGS = { backend: "api: anthropic, api_key: sk-backend" }

describe.skipIf(lacksClaude() !== undefined)("Claude Code over the Messages API", () => {
  test("runs a tool, and its thinking goes back signed as it came", async () => {
    const { claude, backend, asked } = await createScene([], SETTINGS)
    const path = join(claude.folder, "animal.txt")
    await writeFile(path, "walrus")
    const read = { id: "toolu_1", name: "Read", input: { file_path: path } }
    const signature = "EqQBCkYIBxgCKkD+/signed=="
    backend.play(
      streams("tool_use", thinking("I must read it.", signature), toolUse(read)),
      streams("end_turn", text("It is a walrus.")),
    )
    const ran = await claude.run("which animal?")
    const paths = backend.asked.map(({ path }) => path)
    expect({ code: ran.code, said: ran.said, shown: shown(ran), asked: asked(), paths }).toEqual({
      code: 0,
      said: "It is a walrus.",
      shown: ["thinking: I must read it.", "tool_use: Read", "text: It is a walrus."],
      asked: [MESSAGES, MESSAGES],
      paths: ["/v1/messages", "/v1/messages"],
    })
    expect(requestOf(backend.asked[1]).messages.at(-2)).toEqual({
      role: "assistant",
      content: [
        { type: "thinking", thinking: "I must read it.", signature },
        { type: "tool_use", ...read },
      ],
    })
  })

  test.each([
    ["what speaks Anthropic's API gets", "no", "api: anthropic", { authorization: "Bearer sk-backend" }],
    ["Anthropic itself gets", "a", "profile: anthropic", { "x-api-key": "sk-backend" }],
  ])("%s betas, cache marks and deferred tools, and %s billing header", async (_, billing, settings, key) => {
    const answer = streams("end_turn", text("Hi there!"))
    const { claude, backend } = await createScene([answer], { backend: `${settings}, api_key: sk-backend` })
    const { said } = await claude.run("say hi")
    const [only] = backend.asked
    const { model, system, tools } = requestOf(only)
    const deferred = tools?.filter((tool) => "defer_loading" in tool).map(({ name }) => name)
    expect({ said, model, deferred }).toEqual({ said: "Hi there!", model: "m", deferred: ["DeferredToolPlaceholder"] })
    expect(only?.headers).toMatchObject({
      ...key,
      "anthropic-beta": expect.stringContaining("claude-code-20250219"),
      "anthropic-version": "2023-06-01",
    })
    const prompt = JSON.stringify(system)
    expect(prompt).toContain('"cache_control":')
    expect(prompt.includes("x-anthropic-billing-header: ") ? "a" : "no").toBe(billing)
  })
})
