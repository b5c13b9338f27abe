/** docs/examples/node: the proxy in a server of Node's own. */
import { beforeAll } from "vitest"
import { describeEmbedded } from "./_laws.ts"
import { installExample, pack } from "./_package.ts"
import { startExample, type Embedded } from "./_server.ts"

let embedded: Embedded
beforeAll(async () => {
  const cwd = await installExample("node", await pack())
  embedded = await startExample({ command: process.execPath, args: ["server.ts"], cwd }, "/llm")
})

describeEmbedded(() => embedded)
