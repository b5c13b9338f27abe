/** Tools of the client, called by the backend, and what they gave on its way back. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { conversations, toolsOf } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { calls, says } from "./_scripts.ts"

/** One white pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
/** One empty page. */
const PDF = btoa(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/MediaBox[0 0 9 9]/Parent 2 0 R>>endobj
trailer<</Root 1 0 R>>
%%EOF
`)

describe.skipIf(lacksClaude() !== undefined)("Claude Code", () => {
  test("runs two tools in turn, and ends with the third answer", async () => {
    const { claude, backend, asked } = await createScene([])
    const [source, target] = [join(claude.folder, "animal.txt"), join(claude.folder, "loud.txt")]
    await writeFile(source, "walrus")
    backend.play(
      calls({ id: "call_1", name: "Read", input: { file_path: source } }),
      calls({ id: "call_2", name: "Write", input: { file_path: target, content: 'WALRUS "é"\n' } }),
      says("It is written."),
    )
    const { code, said, turns } = await claude.run("say it loudly")
    const asks = ["system", "user: say it loudly", "system"]
    const read = ["assistant: calls Read call_1", "tool call_1: 1\twalrus"]
    const created = expect.stringMatching(/^tool call_2: File created successfully at: .*loud\.txt/)
    const wrote = ["assistant: calls Write call_2", created]
    expect({ code, said, turns, asked: asked(), sent: conversations(backend) }).toEqual({
      code: 0,
      said: "It is written.",
      turns: 3,
      asked: [MESSAGES, MESSAGES, MESSAGES],
      sent: [asks, [...asks, ...read], [...asks, ...read, ...wrote]],
    })
    expect(await readFile(target, "utf8")).toBe('WALRUS "é"\n')
  })

  test("runs what is called in one answer, and each result follows its call", async () => {
    const { claude, backend, asked } = await createScene([])
    const paths = ["a", "b", "c"].map((name) => join(claude.folder, name))
    for (const path of paths) await writeFile(path, `this is ${path.at(-1)}`)
    backend.play(
      calls(...paths.map((path) => ({ id: `call_${path.at(-1)}`, name: "Read", input: { file_path: path } }))),
      says("I have read all three."),
    )
    const { code, said } = await claude.run("read them")
    expect({ code, said, asked: asked(), last: conversations(backend).at(-1) }).toEqual({
      code: 0,
      said: "I have read all three.",
      asked: [MESSAGES, MESSAGES],
      last: [
        "system",
        "user: read them",
        "system",
        "assistant: calls Read call_a, calls Read call_b, calls Read call_c",
        "tool call_a: 1\tthis is a",
        "tool call_b: 1\tthis is b",
        "tool call_c: 1\tthis is c",
      ],
    })
  })

  test.each([
    ["an image", "dot.png", PNG, `image data:image/png;base64,${PNG}`],
    ["a PDF", "page.pdf", PDF, `file document.pdf data:application/pdf;base64,${PDF}`],
  ])("reads %s, and the backend gets it as such", async (_, name, data, part) => {
    const { claude, backend, asked } = await createScene([])
    const path = join(claude.folder, name)
    await writeFile(path, data, "base64")
    backend.play(calls({ id: "call_1", name: "Read", input: { file_path: path } }), says("I see."))
    const { code, said } = await claude.run("look at it")
    expect({ code, said, asked: asked(), last: conversations(backend).at(-1) }).toEqual({
      code: 0,
      said: "I see.",
      asked: [MESSAGES, MESSAGES],
      last: [
        "system",
        "user: look at it",
        "system",
        "assistant: calls Read call_1",
        expect.stringMatching(/^tool call_1: .*1 of this tool result follows in the next user message\]$/s),
        `user: From the result of tool call call_1:, ${part}`,
      ],
    })
  })

  test("lets a sub agent work in a conversation of its own, and gets its report", async () => {
    // In the background, which is the default, it asks at the same time: who comes first is anybody's guess.
    const input = { description: "count", prompt: "count to three", run_in_background: false }
    const { claude, backend, asked } = await createScene([
      calls({ id: "call_1", name: "Agent", input }),
      says("one two three"),
      says("The agent has counted."),
    ])
    const { code, said, turns } = await claude.run("let an agent count")
    const asks = ["system", "user: let an agent count", "system"]
    expect({ code, said, turns, asked: asked(), sent: conversations(backend) }).toEqual({
      code: 0,
      said: "The agent has counted.",
      turns: 2,
      asked: [MESSAGES, MESSAGES, MESSAGES],
      sent: [
        asks,
        ["system", "user: count to three", "system"],
        [...asks, "assistant: calls Agent call_1", expect.stringMatching(/^tool call_1: .*\n {2}one two three\n/s)],
      ],
    })
  })

  test("searches for a tool, gets its name, and offers it from then on", async () => {
    const { claude, backend, asked } = await createScene([
      calls({ id: "call_1", name: "ToolSearch", input: { query: "select:WebFetch", max_results: 5 } }),
      says("I could fetch now."),
    ])
    const { code, said } = await claude.run("find a tool")
    const [before = [], after = []] = backend.asked.map(toolsOf)
    const added = after.filter((name) => !before.includes(name))
    expect({ code, said, asked: asked(), added, last: conversations(backend).at(-1) }).toEqual({
      code: 0,
      said: "I could fetch now.",
      asked: [MESSAGES, MESSAGES],
      added: ["WebFetch"],
      last: [
        "system",
        "user: find a tool",
        "system",
        "assistant: calls ToolSearch call_1",
        "tool call_1: Tool WebFetch is now available.",
        "user: Tool loaded.",
      ],
    })
  })
})
