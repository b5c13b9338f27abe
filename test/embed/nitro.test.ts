/** docs/examples/nitro, built for Node and for Cloudflare's workers. */
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { describeEmbedded } from "./_laws.ts"
import { run } from "./_folders.ts"
import { installExample, pack } from "./_package.ts"
import { startExample, type Embedded } from "./_server.ts"
import { findTool } from "./_tools.ts"

const miniflare = findTool("miniflare/package.json")

let cwd = ""
beforeAll(async () => {
  cwd = await installExample("nitro", await pack())
})

const build = (preset: string): Promise<string> =>
  run(cwd, process.execPath, "node_modules/nitro/dist/cli/index.mjs", "build", "--preset", preset)

describe("Nitro on Node", () => {
  let embedded: Embedded
  beforeAll(async () => {
    await build("node_server")
    embedded = await startExample({ command: process.execPath, args: [".output/server/index.mjs"], cwd }, "/llm")
  })

  describeEmbedded(() => embedded)

  test("its plugins run, and log to the console", async () => {
    await embedded.child.until(/answered plugin=log .*client=app model=claude-sonnet-4-5 backend=openai as=gpt-5.1/)
    expect(embedded.child.output.out).not.toContain("sk-proxy-embedded")
  })
})

describe.skipIf(!miniflare)("Nitro on workerd", () => {
  let embedded: Embedded
  beforeAll(async () => {
    await build("cloudflare_module")
    const args = [join(import.meta.dirname, "_miniflare.ts"), join(cwd, ".output/server")]
    embedded = await startExample({ command: process.execPath, args, cwd }, "/llm")
  })

  // workerd 1.20260730 notices by itself when it writes the next ping, with and without enable_request_signal.
  describeEmbedded(() => embedded, false)
})
