/** The real Claude Code with a real model: one whose window its first request fits in, and one whose it does not. */
import { describe, expect, test } from "vitest"
import { createClaude } from "../claude-code/_claude.ts"
import { lacksClaude } from "../claude-code/_installed.ts"
import { configFor, startLlama } from "./_llama.ts"
import { lacks } from "./_missing.ts"
import { startProxy } from "./_proxy.ts"
import { lacksModel } from "./_python.ts"

const SAY = ["Write one sentence about a cat.", "--model", "claude-small"]
/** What keeps its first request, 48 kB otherwise, to what two cores read in seconds. */
const SMALL = ["--system-prompt", "You are brief.", "--tools", "Read"]
/** Else it may go on until the window is full. */
const ONE_SENTENCE = ["--grammar", 'root ::= [A-Z] [A-Za-z ]{9,60} "."']
const ASKED = ["POST /v1/messages"]

describe.skipIf(lacks(import.meta.url, lacksClaude() ?? lacksModel()))("Claude Code with a real model", () => {
  test("prints what the model says", async () => {
    const { url, requests } = await startProxy(configFor(await startLlama({ context: 4096, args: ONE_SENTENCE })))
    const { code, out } = await (await createClaude(url)).print(...SAY, ...SMALL)
    const words = expect.stringMatching(/^[A-Z][A-Za-z ]{9,60}\.\n$/)
    expect({ code, out, asked: requests() }).toEqual({ code: 0, out: words, asked: ASKED })
  })

  test("understands that its prompt is too long, and does not ask again", async () => {
    const { url, requests } = await startProxy(configFor(await startLlama({ context: 512 })))
    const { code, out } = await (await createClaude(url)).print(...SAY)
    expect({ code, out, asked: requests() }).toEqual({
      code: 1,
      out: expect.stringMatching(/prompt is too long/i),
      asked: ASKED,
    })
  })
})
