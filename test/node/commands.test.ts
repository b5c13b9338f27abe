import { execFile } from "node:child_process"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, describe, expect, test } from "vitest"
import { root } from "../_docs.ts"
import { DEMO, folderOf, start } from "./_start.ts"

const KEY = { PROXY_API_KEY: "sk-commands-test" }

/** What a command says in a folder with these files. */
async function said(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const { code, out, err } = await start(await folderOf(files), KEY, args).ended
  return { code, out, err }
}

describe("plugins", () => {
  test("prints the line with every stage in its place", async () => {
    const files = { "config.yaml": `${DEMO}plugins:\n  - log\n  - rewrite: { rules: [{ drop: [thinking] }] }\n` }
    expect(await said(files, "plugins")).toEqual({
      code: 0,
      out: "  log (before auth)\nauth\n  log (before parse)\nparse\n  log (before route)\n  rewrite (before route)\nroute\n  log (before toOpenAI)\ntoOpenAI\nupstream\nfromOpenAI\nencode\n",
      err: "",
    })
  })

  test("says what is wrong with the config", async () => {
    const { code, out, err } = await said({ "config.yaml": `${DEMO}plugins: [nope]\n` }, "plugins")
    expect([code, out, err]).toEqual([1, "", expect.stringMatching(/^config\.yaml:5:11 plugins\.0: there is no plugin "nope"/)])
  })
})

test("a command leaves the key of a running proxy alone, and makes none", async () => {
  const cwd = await folderOf({ "config.yaml": DEMO, ".llm-proxy/key": "sk-of-the-run\n" })
  for (const command of ["plugins", "check", "models"]) await start(cwd, {}, [command]).ended
  expect(await readFile(join(cwd, ".llm-proxy/key"), "utf8")).toBe("sk-of-the-run\n")
})

describe("explain", () => {
  test("prints what would become of a request", async () => {
    const request = JSON.stringify({ model: "demo", max_tokens: 9, top_k: 4, messages: [{ role: "user", content: "Hi" }] })
    const { code, out, err } = await said({ "config.yaml": DEMO, "request.json": request }, "explain", "request.json")
    const { target, notes, body } = JSON.parse(out)
    expect([code, err, target.backend, target.path]).toEqual([0, "", "demo", "/chat/completions"])
    expect(body).toEqual({ model: "demo", messages: [{ role: "user", content: "Hi" }], max_tokens: 9 })
    expect(notes).toContainEqual(expect.stringContaining("top_k was dropped"))
  })

  test("a request that would be refused is shown refused", async () => {
    const { code, out } = await said({ "config.yaml": DEMO, "request.json": "{}" }, "explain", "request.json")
    expect([code, JSON.parse(out).error.message]).toEqual([1, "model: Field required"])
  })

  test("a file that is not there is one line", async () => {
    expect(await said({ "config.yaml": DEMO }, "explain", "none.json")).toEqual({ code: 1, out: "", err: "none.json: no such file or folder\n" })
  })
})

describe("plugin new", () => {
  // Inside the repository, where `llm-proxy` is this package.
  const folder = join(root, "test", ".commands")
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test("writes a plugin that works, and a test that passes", async () => {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, "config.yaml"), `${DEMO}plugins:\n  - tea: { suffix: "END" }\n`)
    const made = await start(folder, KEY, ["plugin", "new", "tea"]).ended
    expect([made.code, made.err, await readdir(join(folder, "plugins"))]).toEqual([0, "", ["tea.mts", "tea.test.mts"]])
    expect((await start(folder, KEY, ["plugins"]).ended).out).toContain("  tea (before route)\n")
    const run = promisify(execFile)(process.execPath, ["--conditions=llm-proxy", "--test", "plugins/tea.test.mts"], { cwd: folder })
    expect((await run).stdout).toMatch(/^# fail 0$|ℹ fail 0/m)
  })

  test("overwrites nothing, and takes no name that no file could have", async () => {
    const files = { "config.yaml": DEMO, "plugins/own.mts": "// mine" }
    expect(await said(files, "plugin", "new", "own")).toEqual({
      code: 1,
      out: "",
      err: "plugins/own.mts: is there already, and was left as it is\n",
    })
    const shipped = await said(files, "plugin", "new", "log")
    expect([shipped.code, shipped.err]).toEqual([1, `${join(root, "plugins", "log.ts")}: is there already, and was left as it is\n`])
    expect((await said(files, "plugin", "new", "../x")).err).toBe(
      '"../x" is not a plugin\'s name: lower-case letters, digits, - and _\n',
    )
  })

  test("other words are told how it goes", async () => {
    expect(await said({ "config.yaml": DEMO }, "plugin", "old")).toEqual({
      code: 2,
      out: "",
      err: "llm-proxy: usage: llm-proxy plugin new NAME\n",
    })
  })
})
