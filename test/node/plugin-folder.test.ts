import { symlink } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { beforeAll, describe, expect, test } from "vitest"
import { DEMO, folderOf, openAll, start } from "./_start.ts"

const ENV = { PROXY_API_KEY: "k-1", SECRET: "hunter2-hunter2" }
const SHIPPED = fileURLToPath(new URL("../../plugins/", import.meta.url))

/** A plugin that answers every request with an error of its own making. */
const TEA = `import { definePlugin, defineStage, ProxyError, v } from "llm-proxy"
type Options = { status: number }
export default definePlugin({
  name: "tea",
  options: v.strictObject({ status: v.optional(v.number(), 418) }),
  setup: ({ status }: Options) => defineStage({
    name: "tea",
    before: "parse",
    run: async () => { throw new ProxyError(status, "short and stout") },
  }),
})
`
const FAILS = `import { definePlugin } from "llm-proxy"
export default definePlugin({ name: "bad", setup() { throw new Error("no such cup: k-1") } })`

interface Case {
  readonly title: string
  readonly plugins: string
  readonly files?: Readonly<Record<string, string>>
  /** Links in the plugins folder to shipped plugins. */
  readonly links?: readonly string[]
  readonly says: RegExp | string
}

const at = (place: string, words: string) => `config.yaml:${place}: ${words}`
const notAName = (name: string) => `"${name}" is not a plugin's name: lower-case letters, digits, - and _`
const bad = (title: string, file: string, says: RegExp | string, name = "bad.ts"): Case => {
  return { title, plugins: "[bad]", files: { [`plugins/${name}`]: file }, says }
}
const NO_DEFAULT = "plugins/bad.ts: must have a default export: export default definePlugin({ name, setup })"

const CASES: readonly Case[] = [
  {
    title: "a plugin that is not listed does not run",
    plugins: "[]",
    files: { "plugins/loud.js": 'throw new Error("ran")' },
    says: "ready",
  },
  {
    title: "a plugin nobody knows is a line that names the known ones",
    plugins: "[nope]",
    files: { "plugins/tea.ts": TEA, "plugins/tea.d.ts": "", "plugins/_part.ts": "", "plugins/notes.md": "" },
    says: /^config\.yaml:5:11 plugins\.0: there is no plugin "nope"; there is [a-z, -]*log, [a-z, -]*rewrite, [a-z, -]*tea[a-z, -]*$/,
  },
  ...["../tea", "/etc/passwd", "tea.ts", "Tea", "__proto__", "a/b"].map((name) => ({
    title: `the name ${name} leads nowhere`,
    plugins: `["${name}"]`,
    files: { "tea.ts": TEA, "plugins/tea.ts": TEA },
    says: at("5:11 plugins.0", notAName(name)),
  })),
  {
    title: "a plugin of a shipped one's name is a line that names both files",
    plugins: "[log]",
    files: { "plugins/log.ts": TEA },
    says: at("5:11 plugins.0", `"log" is more than one file: plugins/log.ts and ${join(SHIPPED, "log.ts")}`),
  },
  {
    title: "a link to a shipped plugin is that one",
    plugins: "[log]",
    files: { "plugins/a.md": "" },
    links: ["log.ts"],
    says: "ready",
  },
  {
    title: "two files of one name are a line",
    plugins: "[tea]",
    files: { "plugins/tea.ts": TEA, "plugins/tea.js": "" },
    says: at("5:11 plugins.0", '"tea" is more than one file: plugins/tea.js and plugins/tea.ts'),
  },
  {
    title: "wrong options are lines with the option's place, and without what a variable held",
    plugins: '\n  - tea:\n      status: "${SECRET}"\n      cup: 1',
    files: { "plugins/tea.ts": TEA },
    says: [
      at("7:7 plugins.0.tea.status", 'Invalid type: Expected number but received "[key]"'),
      at("8:7 plugins.0.tea.cup", 'Invalid key: Expected never but received "cup"'),
    ].join("\n"),
  },
  {
    title: "what holds for every plugin stands beside its options, and is checked too",
    plugins: "\n  - tea:\n      onError: skip\n      timeLimit: 5",
    files: { "plugins/tea.ts": TEA },
    says: "ready",
  },
  {
    title: "a wrong onError and a wrong time limit are lines",
    plugins: "\n  - tea:\n      onError: ignore\n      timeLimit: 0",
    files: { "plugins/tea.ts": TEA },
    says: [
      at("7:7 plugins.0.tea.onError", 'must be one of fail, skip, not "ignore"'),
      at("8:7 plugins.0.tea.timeLimit", "must be a number of seconds up to 86400, not 0"),
    ].join("\n"),
  },
  bad(
    "TypeScript that Node cannot strip is a line that names the file",
    "enum Cup { Full }\nexport default 1",
    /^plugins\/bad\.ts:1: needs more than its types stripped, which is all that Node does: TypeScript enum [^\n]*$/,
  ),
  bad("a default export that is no plugin is a line that names the file", "export default 1", NO_DEFAULT),
  {
    title: "a plugin of another name than its file is a line that says both",
    plugins: "[cup]",
    files: { "plugins/cup.ts": TEA },
    says: 'plugins/cup.ts: its name is "tea"; it must be "cup", as the file\'s',
  },
  {
    title: "a plugin that is listed twice is a line at the second place",
    plugins: "[tea, log, tea: {}]",
    files: { "plugins/tea.ts": TEA },
    says: at("5:21 plugins.2", '"tea" is listed at plugins.0 already; both would count and keep things as one'),
  },
  bad("no default export is a line that names the file", "export const a = 1", NO_DEFAULT),
  bad(
    "an error on import is a line that names the file",
    'throw new Error("at import\\nmore")',
    "plugins/bad.ts: at import",
  ),
  bad("whatever is thrown on import is a line that names the file", 'throw "words"', "plugins/bad.ts: threw words"),
  bad(
    "an import of a file that is not there is a line that names the file",
    'import "./nowhere.ts"\nexport default 1',
    /^plugins\/bad\.ts: Cannot find module '[^\n]*nowhere\.ts' imported from [^\n]*bad\.ts$/,
  ),
  bad("a syntax error is a line with its line", "const a = 1\nconst b = }\n", "plugins/bad.ts:2: Expression expected"),
  bad("a syntax error of a .mjs is a line too", "const b = }", "plugins/bad.mjs: Unexpected token '}'", "bad.mjs"),
  bad(
    "a setup that fails is a line without the configured keys",
    FAILS,
    "llm-proxy: plugin bad: no such cup: [key]",
    "bad.js",
  ),
]

describe("by name", () => {
  const said = new Map<Case, string>()
  beforeAll(async () => {
    const folders: string[] = []
    for (const { plugins, files, links = [] } of CASES) {
      const folder = await folderOf({ "config.yaml": `${DEMO}plugins: ${plugins}\n`, ...files })
      for (const link of links) await symlink(join(SHIPPED, link), join(folder, "plugins", link))
      folders.push(folder)
    }
    for (const [n, words] of (await openAll(folders, ENV)).entries()) {
      const found = CASES[n]
      if (found) said.set(found, words)
    }
  })

  test.each(CASES.map((one) => [one.title, one] as const))("%s", (_, one) => {
    if (typeof one.says === "string") expect(said.get(one)).toBe(one.says)
    else expect(said.get(one)).toMatch(one.says)
  })
})

test("a plugin in any folder imports llm-proxy and is part of the running program", async () => {
  const config = `${DEMO}plugins:\n  - tea: { status: 402 }\n  - log\n`
  const { child, until, output, ended } = start(await folderOf({ "config.yaml": config, "plugins/tea.ts": TEA }), ENV)
  await until("listening")
  expect(output.out).toContain("plugins: tea → log\n")
  const url = /on (http:\S+)/.exec(output.out)?.[1]
  const answer = await fetch(`${url}/v1/messages`, { method: "POST", headers: { "x-api-key": "k-1" }, body: "{}" })
  // A second copy's ProxyError would be a stranger's error: a 500 without its words.
  expect([answer.status, (await answer.json()).error]).toEqual([
    402,
    { type: "billing_error", message: "short and stout" },
  ])
  child.kill("SIGTERM")
  expect((await ended).code).toBe(0)
})

test("who asks for the stack of a failed setup gets it, without the configured keys", async () => {
  const cwd = await folderOf({ "config.yaml": `${DEMO}plugins: [bad]\n`, "plugins/bad.js": FAILS })
  const { code, out, err } = await start(cwd, { ...ENV, LOG_LEVEL: "debug" }).ended
  const [line, cause, at] = err.split("\n")
  expect([code, out, line, cause]).toEqual([
    1,
    "",
    "llm-proxy: plugin bad: no such cup: [key]",
    "Error: no such cup: [key]",
  ])
  expect(at).toContain("bad.js:2")
})
