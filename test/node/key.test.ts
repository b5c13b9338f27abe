import { lstat, readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { isLoopback, makeKey, writeKey } from "../../src/node/key.ts"
import { openProxy } from "../../src/node/open.ts"
import { DEMO, folderOf, recorder } from "./_start.ts"

test.each([
  ["127.0.0.1", true],
  ["127.8.9.10", true],
  ["::1", true],
  ["localhost", true],
  ["LOCALHOST", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.0.2", false],
  ["127.0.0.1.example.com", false],
  ["localhost.example.com", false],
  ["", false],
])("%s is reached by this machine only: %s", (host, only) => {
  expect(isLoopback(host)).toBe(only)
})

test("a key is 32 characters that fit into a URL, and another one each time", () => {
  const keys = Array.from({ length: 100 }, makeKey)
  expect(keys.filter((key) => !/^sk-proxy-[\w-]{32}$/.test(key))).toEqual([])
  expect(new Set(keys).size).toBe(100)
})

test("the key's file is for its owner only, and for git it is not there", async () => {
  const folder = await folderOf({})
  const path = await writeKey("sk-proxy-a", folder)
  expect(path).toBe(join(folder, ".llm-proxy", "key"))
  expect(await readFile(path, "utf8")).toBe("sk-proxy-a\n")
  expect(await readFile(join(folder, ".llm-proxy", ".gitignore"), "utf8")).toBe("*\n")
  expect(await modesOf(folder)).toEqual({ folder: 0o700, key: 0o600 })
})

test("an older file of another mode, or a link, is replaced and not written through", async () => {
  const folder = await folderOf({ "elsewhere": "mine", ".llm-proxy/other": "" })
  await symlink(join(folder, "elsewhere"), join(folder, ".llm-proxy", "key"))
  await writeKey("sk-proxy-a", folder)
  expect(await readFile(join(folder, "elsewhere"), "utf8")).toBe("mine")
  expect(await modesOf(folder)).toEqual({ folder: 0o700, key: 0o600 })
})

test("a key that cannot be written is a line that says what to do", async () => {
  const folder = await folderOf({})
  await writeFile(join(folder, ".llm-proxy"), "")
  const path = join(folder, ".llm-proxy", "key")
  await expect(writeKey("sk-proxy-a", folder)).rejects.toThrow(
    `${path}: the key for this run cannot be written (EEXIST); set PROXY_API_KEY`,
  )
})

test("a key made for the run is shown once to who has a terminal, and written nowhere", async () => {
  const cwd = await folderOf({ "config.yaml": DEMO })
  const terminal = recorder(true)
  const env = { LOG_FILE: "proxy.log", LOG_LEVEL: "trace" }
  const { settings, announce, close } = await openProxy({ cwd, env, terminal })
  announce("http://127.0.0.1:1")
  const key = settings.clients[0]?.key ?? ""
  expect(key).toMatch(/^sk-proxy-/)
  expect(terminal.text.err).toBe(
    `PROXY_API_KEY is not set, so a key was made for this run:\n  export PROXY_API_KEY=${key}\n`,
  )
  expect(terminal.text.out).not.toContain(key)
  expect(await readFile(join(cwd, "proxy.log"), "utf8")).not.toContain(key)
  await expect(lstat(join(cwd, ".llm-proxy"))).rejects.toThrow("ENOENT")
  await close()
})

test("PROXY_API_KEY and keys of the config are all known, and no key is made", async () => {
  const keys = 'keys:\n  - { name: team, key: "${TEAM_KEY}", models: ["d*"] }\n'
  const cwd = await folderOf({ "config.yaml": `${DEMO}${keys}` })
  const terminal = recorder()
  const { settings, announce } = await openProxy({ cwd, env: { PROXY_API_KEY: "k-1", TEAM_KEY: "k-2" }, terminal })
  announce("http://127.0.0.1:1")
  const clients = settings.clients.map(({ key, client: { name, may } }) => [key, name, may("demo"), may("other")])
  expect(clients).toEqual([
    ["k-2", "team", true, false],
    ["k-1", "default", true, true],
  ])
  expect(terminal.text.err).toBe("")
})

test.each([
  ["name: default, key: k-2", "k-1"],
  ["name: team, key: k-1", "k-1"],
])("a key {%s} beside PROXY_API_KEY is a contradiction", async (entry, key) => {
  const cwd = await folderOf({ "config.yaml": `${DEMO}keys:\n  - { ${entry} }\n` })
  await expect(openProxy({ cwd, env: { PROXY_API_KEY: key }, terminal: recorder() })).rejects.toThrow(
    "config.yaml:6:5 keys.0: is PROXY_API_KEY again, whose name is default; change one of them",
  )
})

async function modesOf(folder: string): Promise<{ folder: number; key: number }> {
  const [own, key] = await Promise.all([lstat(join(folder, ".llm-proxy")), lstat(join(folder, ".llm-proxy", "key"))])
  return { folder: own.mode & 0o777, key: key.mode & 0o777 }
}
