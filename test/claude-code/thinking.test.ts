/** A backend's reasoning: shown as thinking, and given back to the backends that want it back. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { conversations } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { thinks } from "./_scripts.ts"
import { shown } from "./_shown.ts"

describe.skipIf(lacksClaude() !== undefined)("Claude Code", () => {
  test.each([
    ["back to a backend that wants it", "profile: deepseek", 'assistant: thinks "I must read it.", calls Read call_1'],
    ["not to one that does not", "", "assistant: calls Read call_1"],
  ])("shows the reasoning between tools, and it goes %s", async (_, settings, before) => {
    const { claude, backend, asked } = await createScene([], { backend: settings })
    const path = join(claude.folder, "animal.txt")
    await writeFile(path, "walrus")
    const read = { id: "call_1", name: "Read", input: { file_path: path } }
    backend.play(thinks("I must read it.", [read]), thinks("Now I know.", "It is a walrus."))
    const ran = await claude.run("which animal?")
    expect({ code: ran.code, shown: shown(ran), asked: asked(), last: conversations(backend).at(-1) }).toEqual({
      code: 0,
      shown: ["thinking: I must read it.", "tool_use: Read", "thinking: Now I know.", "text: It is a walrus."],
      asked: [MESSAGES, MESSAGES],
      last: ["system", "user: which animal?", "system", before, "tool call_1: 1\twalrus"],
    })
  })
})
