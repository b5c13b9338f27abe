/** The client's WebSearch: a call within the call, for an answer with Anthropic's own search tool. */
import { describe, expect, onTestFinished, test } from "vitest"
import { json, startBackend } from "../_backend.ts"
import { conversations, toolsOf } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { calls, says } from "./_scripts.ts"

const LOAD = calls({ id: "call_1", name: "ToolSearch", input: { query: "select:WebSearch", max_results: 5 } })
const SEARCH = calls({ id: "call_2", name: "WebSearch", input: { query: "walrus news" } })
const LOADED = [
  "system",
  "user: any news?",
  "system",
  "assistant: calls ToolSearch call_1",
  "tool call_1: Tool WebSearch is now available.",
  "user: Tool loaded.",
]

describe.skipIf(lacksClaude() !== undefined)("Claude Code", () => {
  test("is told that nobody searches here, and the model can go on from there", async () => {
    const { claude, backend, asked } = await createScene([LOAD, SEARCH, says("I cannot search.")])
    const { code, said } = await claude.run("any news?")
    expect({ code, said, asked: asked(), last: conversations(backend).slice(2) }).toEqual({
      code: 0,
      said: "I cannot search.",
      // The refused call is asked twice, and answered by the proxy both times.
      asked: [MESSAGES, MESSAGES, MESSAGES, MESSAGES, MESSAGES],
      last: [
        [
          ...LOADED,
          "assistant: calls WebSearch call_2",
          expect.stringMatching(/^tool call_2: Error: .* web_search_20250305 runs on Anthropic's servers; /),
        ],
      ],
    })
  })

  test("searches with the web-search plugin, and the model reads what was found", async () => {
    const found = { url: "https://walrus.example/news", title: "Walrus found", content: "It sang all night." }
    const engine = await startBackend(json(200, { results: [found] }))
    onTestFinished(() => engine.close())
    const url = new URL(engine.url).origin
    const scripts = [
      LOAD,
      SEARCH,
      calls({ id: "call_3", name: "web_search", input: { query: "walrus news today" } }),
      says("A walrus sang."),
      says("A walrus sang all night."),
    ]
    const config = `plugins:\n  - web-search: { engine: searxng, url: "${url}" }\n`
    const { claude, backend, asked } = await createScene(scripts, { config })
    const { code, said } = await claude.run("any news?")
    const [, , first, second, last] = conversations(backend)
    const searched = engine.asked.map(({ path }) => path)
    expect({ code, said, asked: asked(), searched, sent: backend.asked.length }).toEqual({
      code: 0,
      said: "A walrus sang all night.",
      asked: [MESSAGES, MESSAGES, MESSAGES, MESSAGES],
      searched: [expect.stringMatching(/^\/search\?q=walrus(\+|%20)news(\+|%20)today&/)],
      sent: 5,
    })
    const query = ["system", "user: Perform a web search for the query: walrus news"]
    expect(backend.asked.slice(2, 4).map(toolsOf)).toEqual([["web_search"], ["web_search"]])
    expect([first, second]).toEqual([
      query,
      [
        ...query,
        "assistant: calls web_search call_3",
        expect.stringMatching(/^tool call_3: .*https:\/\/walrus\.example\/news\nIt sang all night\.$/s),
      ],
    ])
    expect(last).toEqual([
      ...LOADED,
      "assistant: calls WebSearch call_2",
      expect.stringMatching(/^tool call_2: .*https:\/\/walrus\.example\/news.*A walrus sang\./s),
    ])
  })
})
