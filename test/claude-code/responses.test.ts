/** The same client with a backend that speaks the Responses API. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { lacksClaude } from "./_installed.ts"
import { call, itemsIn, outputs, reasoning, text } from "./_responses.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { shown } from "./_shown.ts"

const SETTINGS = { backend: "api: responses" }

describe.skipIf(lacksClaude() !== undefined)("Claude Code over the Responses API", () => {
  test("prints the answer after one request", async () => {
    const { claude, backend, asked } = await createScene([outputs(text("Hi there!"))], SETTINGS)
    const printed = await claude.print("say hi")
    expect({ ...printed, asked: asked(), sent: itemsIn(backend) }).toEqual({
      code: 0,
      out: "Hi there!\n",
      err: "",
      asked: [MESSAGES],
      sent: [["user: say hi", "system"]],
    })
  })

  test("runs two tools in turn, and the reasoning before each call goes back with it", async () => {
    const { claude, backend, asked } = await createScene([], SETTINGS)
    const path = join(claude.folder, "animal.txt")
    await writeFile(path, "walrus")
    const read = { id: "call_1", name: "Read", input: { file_path: path } }
    const shout = { id: "call_2", name: "Bash", input: { command: "echo WALRUS" } }
    backend.play(
      outputs(reasoning("I must read it.", "sealed-1"), call(read)),
      outputs(reasoning("It has to be louder.", "sealed-2"), call(shout)),
      outputs(text("It said WALRUS.")),
    )
    const ran = await claude.run("say it loudly")
    expect({ code: ran.code, said: ran.said, shown: shown(ran), asked: asked() }).toEqual({
      code: 0,
      said: "It said WALRUS.",
      shown: [
        "thinking: I must read it.",
        "tool_use: Read",
        "thinking: It has to be louder.",
        "tool_use: Bash",
        "text: It said WALRUS.",
      ],
      asked: [MESSAGES, MESSAGES, MESSAGES],
    })
    const first = ["user: say it loudly", "system"]
    const second = [...first, "reasoning sealed-1", "calls Read call_1", "call_1 gave: 1\twalrus"]
    const third = [...second, "reasoning sealed-2", "calls Bash call_2", "call_2 gave: WALRUS"]
    expect(itemsIn(backend)).toEqual([first, second, third])
  })
})
