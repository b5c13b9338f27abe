/** The models the proxy lists, as Claude Code finds them for its /model menu. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { KEY } from "../live/_proxy.ts"
import { bodyOf } from "./_conversation.ts"
import { lacksClaude } from "./_installed.ts"
import { createScene, MESSAGES } from "./_scene.ts"
import { says } from "./_scripts.ts"

const models = { "claude-opus-5-5": "big", "qwen3-coder": "coder", "claude-*": "middle" }
const env = { ANTHROPIC_AUTH_TOKEN: KEY, CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: "1" }

describe.skipIf(lacksClaude() !== undefined)("Claude Code", () => {
  test("finds every model that the config spells out, those of other makers under a name it keeps", async () => {
    const { claude, asked } = await createScene([says("Hi there!")], { models, env })
    const { said } = await claude.run("say hi")
    const cache = JSON.parse(await readFile(join(claude.home, ".claude/cache/gateway-models.json"), "utf8"))
    const found = cache.models.map(({ id, display_name }: { id: string; display_name: string }) => [id, display_name])
    expect({ said, asked: asked().toSorted(), found }).toEqual({
      said: "Hi there!",
      asked: ["GET /v1/models", MESSAGES],
      found: [
        ["claude-opus-5-5", "claude-opus-5-5"],
        ["anthropic/qwen3-coder", "qwen3-coder"],
      ],
    })
  })

  test("asks by the name it found, and the model behind it answers", async () => {
    const { claude, backend, asked } = await createScene([says("Hi there!")], { models })
    const { code, said } = await claude.run("say hi", "--model", "anthropic/qwen3-coder")
    const sent = backend.asked.map((one) => bodyOf(one).model)
    expect({ code, said, asked: asked(), sent }).toEqual({
      code: 0,
      said: "Hi there!",
      asked: [MESSAGES],
      sent: ["coder"],
    })
  })
})
