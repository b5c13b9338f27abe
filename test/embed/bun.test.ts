/** docs/examples/bun, on the Bun of npm. */
import { beforeAll, describe } from "vitest"
import { describeEmbedded } from "./_laws.ts"
import { installExample, pack } from "./_package.ts"
import { startExample, type Embedded } from "./_server.ts"
import { findTool } from "./_tools.ts"

const bun = findTool("bun/bin/bun.exe")

describe.skipIf(!bun)("docs/examples/bun", () => {
  let embedded: Embedded
  beforeAll(async () => {
    const cwd = await installExample("bun", await pack())
    embedded = await startExample({ command: bun ?? "", args: ["server.ts"], cwd }, "")
  })

  describeEmbedded(() => embedded)
})
