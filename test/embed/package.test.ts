/** The tarball: what checkers say of it, and whether the command in it works where it is installed. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { startChild } from "../live/_child.ts"
import { makeFolder, root, run } from "./_folders.ts"
import { pack } from "./_package.ts"
import { findTool } from "./_tools.ts"

/** How TypeScript finds types for what is no ES module; the package is nothing else. */
const OLD = new Set(["node10", "node16-cjs"])

let tarball = ""
/** Where the tarball is installed, with what it needs and nothing else. */
let installed = ""
beforeAll(async () => {
  tarball = await pack()
  installed = await makeFolder()
  await run(installed, "npm", "install", tarball)
})

describe("what is published", () => {
  const publint = findTool("publint/src/cli.js")
  test.skipIf(!publint)("publint finds nothing", async () => {
    expect(await run(installed, process.execPath, publint ?? "", tarball, "--strict")).toContain("All good!")
  })

  const attw = findTool("@arethetypeswrong/cli/dist/index.js")
  test.skipIf(!attw)("types are where attw looks for them", async () => {
    const told = await run(installed, process.execPath, attw ?? "", "--format", "json", "--profile", "esm-only", tarball)
    const { problems } = JSON.parse(told) as { problems: Record<string, readonly { resolutionKind: string }[]> }
    const found = Object.values(problems).flat().filter(({ resolutionKind }) => !OLD.has(resolutionKind))
    expect(found).toEqual([])
  })

  test("every entry has types, and needs nobody else's", async () => {
    const folder = await makeFolder()
    await cp(installed, folder, { recursive: true })
    const code = `
      import { createProxy, usePlugin, type Plugin, type Proxy, type StorageShape } from "llm-proxy"
      import { startServer } from "llm-proxy/node"
      import { defineProxyHandler as forNitro } from "llm-proxy/nitro"
      import { defineProxyHandler as forNuxt } from "llm-proxy/nuxt"
      import log from "llm-proxy/plugins/log"
      import { testPlugin } from "llm-proxy/testing"

      export const plugin: Plugin = log
      export const storage: StorageShape = new (class extends Map<string, string> {
        getItem = (key: string) => this.get(key)
        setItem = (key: string, value: string) => this.set(key, value)
        removeItem = (key: string) => this.delete(key)
        getKeys = () => [...this.keys()]
      })()
      const open = (): Promise<Proxy> => createProxy({ models: {}, backends: {} }, { storage })
      export const routes: ((event: { req: Request }) => Promise<Response>)[] = [forNitro("/llm", open)]
      export const uses = [usePlugin(log), testPlugin(plugin), startServer, forNuxt("/llm", open)]
      // @ts-expect-error what is no storage is told
      void createProxy({ models: {}, backends: {} }, { storage: {} })
    `
    const modules = { target: "es2024", module: "nodenext", types: [] }
    const compilerOptions = { ...modules, noEmit: true, strict: true, skipLibCheck: true }
    await writeFile(join(folder, "entries.mts"), code)
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["entries.mts"] }))
    expect(await run(folder, process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", folder)).toBe("")
  })
})

/** By the version's name: those of the package.json beside, and the one these tests run on. */
const NODES: readonly (readonly [string, string | undefined])[] = [
  ["22", findTool("node-22/bin/node")],
  [`${process.versions.node.split(".")[0]}`, process.execPath],
  ["26", findTool("node-26/bin/node")],
]

describe.each(NODES.filter(([, path]) => path))("on Node %s", (_, node = "") => {
  /** `npx` and the command look for `node` there. */
  const PATH = [dirname(node), process.env["PATH"]].join(delimiter)

  const folderWith = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const folder = await makeFolder()
    await cp(installed, folder, { recursive: true })
    await mkdir(join(folder, "plugins"))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return folder
  }
  /** The address where the command listens, and how it says that it runs. */
  const start = async (folder: string, variables: Readonly<Record<string, string>> = {}) => {
    const command = join(folder, "node_modules/.bin/llm-proxy")
    const { until } = startChild(command, [], { cwd: folder, env: { PATH, PORT: "0", ...variables } })
    const [, url = ""] = await until(/ listening url=(\S+)\n/)
    return (key: string) =>
      fetch(`${url}/v1/messages`, {
        method: "POST",
        headers: { "x-api-key": key },
        body: JSON.stringify({ model: "demo", max_tokens: 99, messages: [{ role: "user", content: "Hi" }] }),
      })
  }

  test("npx llm-proxy init --yes, and it serves", async () => {
    const folder = await folderWith({})
    const { ended } = startChild("npx", ["llm-proxy", "init", "--yes"], { cwd: folder, env: { PATH } })
    expect(await ended).toBe(0)
    const [, key = ""] = /^PROXY_API_KEY=(.+)$/m.exec(await readFile(join(folder, ".env"), "utf8")) ?? []
    const ask = await start(folder)
    const answers = [await ask(key), await ask("sk-wrong")]
    expect(answers.map(({ status }) => status)).toEqual([200, 401])
  })

  test("plugins that come along work beside a user's own", async () => {
    const config = `
      models: { demo: { backend: demo, model: demo } }
      backends: { demo: { base_url: "demo:" } }
      plugins: [log, mine]
    `
    const mine = `
      import { definePlugin, defineStage, type Plugin } from "llm-proxy"
      const plugin: Plugin = definePlugin({
        name: "mine",
        setup: () =>
          defineStage({
            name: "mine",
            before: "auth",
            run(context, next) {
              context.head.set("x-mine", "yes")
              return next(context)
            },
          }),
      })
      export default plugin
    `
    const folder = await folderWith({ "config.yaml": config, "plugins/mine.ts": mine })
    const ask = await start(folder, { PROXY_API_KEY: "sk-mine", LOG_FILE: "proxy.log" })
    const answer = await ask("sk-mine")
    await answer.text()
    expect([answer.status, answer.headers.get("x-mine")]).toEqual([200, "yes"])
    await expect.poll(() => readFile(join(folder, "proxy.log"), "utf8")).toMatch(/answered plugin=log .* model=demo/)
  })
})
