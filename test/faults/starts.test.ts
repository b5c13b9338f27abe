/**
 * Starts that cannot be: one clear line on standard error, nothing on standard output, and exit code 1. What is wrong in
 * a config is in `hostile-config.test.ts` and `node/config-file.test.ts`, further starts in `node/start.test.ts`.
 */
import { chmod } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { DEMO, folderOf, start } from "../node/_start.ts"
import { KEY } from "./_wire.ts"

const env = { PROXY_API_KEY: KEY }

describe.concurrent("the program ends with code 1 and one line", () => {
  test("when its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => other.once("listening", resolve))
    const { port } = other.address() as AddressInfo
    const { code, out, err } = await start(await folderOf({ "config.yaml": DEMO }), { ...env, PORT: `${port}` }).ended
    other.close()
    const line = `llm-proxy: 127.0.0.1:${port} is in use already; set PORT, or server.port in the config\n`
    expect({ code, out, err }).toEqual({ code: 1, out: "", err: line })
  })

  test("when its log file cannot be written", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const err = `LOG_FILE: ${join(cwd, "none/a.log")}: no such file or folder\n`
    expect(await start(cwd, { ...env, LOG_FILE: "none/a.log" }).ended).toEqual({ code: 1, out: "", err })
  })

  test("when its log file is a folder", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO, "logs/a": "" })
    const err = `LOG_FILE: ${join(cwd, "logs")}: is a folder, not a file\n`
    expect(await start(cwd, { ...env, LOG_FILE: "logs" }).ended).toEqual({ code: 1, out: "", err })
  })

  test("when its config is a folder", async () => {
    const cwd = await folderOf({ "conf/x": "" })
    const err = "conf: is a folder, not a file\n"
    expect(await start(cwd, { ...env, LLM_PROXY_CONFIG: "conf" }).ended).toEqual({ code: 1, out: "", err })
  })

  test("when its config is no config but something large", async () => {
    const cwd = await folderOf({})
    const err = "/dev/zero: is larger than 1048576 bytes, and no config is\n"
    expect(await start(cwd, { ...env, LLM_PROXY_CONFIG: "/dev/zero" }).ended).toEqual({ code: 1, out: "", err })
  })

  test.skipIf(process.getuid?.() === 0)("when it may not read its config", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    await chmod(join(cwd, "config.yaml"), 0)
    expect(await start(cwd, env).ended).toEqual({ code: 1, out: "", err: "config.yaml: permission denied\n" })
  })

  test("when two of its plugins want the same path, which names both", async () => {
    const plugin = (name: string, path: string): string =>
      `import { definePlugin } from "llm-proxy"\nexport default definePlugin({ name: "${name}", setup: () => ({ routes: { "${path}": () => new Response() } }) })\n`
    const files = { "plugins/one.ts": plugin("one", "/own"), "plugins/two.ts": plugin("two", "/own"), "plugins/bad.ts": plugin("bad", "/health") }
    const both = start(await folderOf({ "config.yaml": `${DEMO}plugins: [one, two]\n`, ...files }), env).ended
    const own = start(await folderOf({ "config.yaml": `${DEMO}plugins: [bad]\n`, ...files }), env).ended
    expect([await both, await own]).toEqual([
      { code: 1, out: "", err: "llm-proxy: plugin two: it answers /own, which the plugin one answers already\n" },
      { code: 1, out: "", err: "llm-proxy: plugin bad: it answers /health, which the proxy answers itself\n" },
    ])
  })
})
