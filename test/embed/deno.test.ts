/** docs/examples/deno, on the Deno of npm. */
import { beforeAll, describe } from "vitest"
import { describeEmbedded } from "./_laws.ts"
import { installExample, pack } from "./_package.ts"
import { startExample, type Embedded } from "./_server.ts"
import { findTool } from "./_tools.ts"

const deno = findTool("deno/deno")

describe.skipIf(!deno)("docs/examples/deno", () => {
  let embedded: Embedded
  beforeAll(async () => {
    const cwd = await installExample("deno", await pack())
    const args = ["run", "--allow-net", "--allow-env", "server.ts"]
    embedded = await startExample({ command: deno ?? "", args, cwd }, "")
  })

  describeEmbedded(() => embedded)
})
