/** The docs, held to the program: commands and examples run, configs load, tables and links are as the code has it. */
import { execFile } from "node:child_process"
import { existsSync, globSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { dirname, join, relative, resolve } from "node:path"
import { isDeepStrictEqual, promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import balance from "../plugins/balance.ts"
import budget from "../plugins/budget.ts"
import cache from "../plugins/cache.ts"
import dedupe from "../plugins/dedupe.ts"
import fallback from "../plugins/fallback.ts"
import limit from "../plugins/limit.ts"
import log from "../plugins/log.ts"
import metrics from "../plugins/metrics.ts"
import otel from "../plugins/otel.ts"
import redact from "../plugins/redact.ts"
import retry from "../plugins/retry.ts"
import rewrite from "../plugins/rewrite.ts"
import scenario from "../plugins/scenario.ts"
import webSearch from "../plugins/web-search.ts"
import type { AssistantMessage } from "../src/anthropic/events.ts"
import { fold } from "../src/anthropic/fold.ts"
import { PROFILES, profileFor } from "../src/backends/index.ts"
import { GENERAL } from "../src/backends/profile.ts"
import { parseConfig } from "../src/node/config-file.ts"
import { validateOptions, type Plugin } from "../src/plugin/plugin.ts"
import { createProxy } from "../src/proxy.ts"
import { anchorsOf, blocks, codeOf, flagsOf, links, read, root, tableUnder } from "./_docs.ts"
import { eventsIn } from "./_proxy.ts"
import { DEMO, folderOf, start } from "./node/_start.ts"

const run = promisify(execFile)
const KEY = "sk-proxy-docs"
const HOME = "http://127.0.0.1:8081"
const DEMO_SAYS = "This is the demo backend of LLM Proxy, not a language model."
const env = { PATH: process.env["PATH"], PROXY_API_KEY: KEY }

const examples = blocks.filter(({ language, code }) => language === "ts" && /from "(llm-proxy|@anthropic)/.test(code))

/** Inside the tests' own folder, where `llm-proxy` is this package. Dot folders are nobody's sources. */
let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(root, "test", ".docs-"))
  for (const { at, code } of examples) await writeFile(join(folder, `${at}.ts`), code)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const question = (content: string): RequestInit => ({
  method: "POST",
  headers: { "x-api-key": KEY },
  body: JSON.stringify({ model: "demo", max_tokens: 99, messages: [{ role: "user", content }] }),
})

/** The address of the real server, started in a folder with these files. */
async function serverIn(files: Readonly<Record<string, string>>): Promise<string> {
  const { until, output } = start(await folderOf(files), { PROXY_API_KEY: KEY })
  await until("listening url=")
  return /listening url=(\S+)/.exec(output.err)?.[1] ?? ""
}

async function outputOf(code: string, name: string): Promise<string> {
  await writeFile(join(folder, name), code)
  return (await run(process.execPath, ["--conditions=llm-proxy", join(folder, name)], { env })).stdout
}

describe("what README shows runs", () => {
  let url = ""
  beforeAll(async () => {
    url = await serverIn({ "config.yaml": read("config.yaml") })
  })

  test("its curl commands are answered by the demo", async () => {
    const shown = blocks.filter(({ page, language }) => page === "README.md" && language === "sh")
    const said = shown.filter(({ code }) => code.startsWith("curl ")).map(async ({ code }) => {
      const { stdout } = await run("sh", ["-c", code.replaceAll(HOME, url)], { env })
      const streamed = stdout.startsWith("event:")
      const message = streamed ? fold(eventsIn(stdout)) : (JSON.parse(stdout) as AssistantMessage)
      return { streamed, said: message?.content.map((block) => ("text" in block ? block.text : block.type)) }
    })
    expect(await Promise.all(said)).toEqual([
      { streamed: true, said: [`${DEMO_SAYS} You said: Hello!`] },
      { streamed: false, said: [`${DEMO_SAYS} It calls get_weather with made-up input.`, "tool_use"] },
      { streamed: false, said: [`${DEMO_SAYS} You said: What is in this picture? (with it: 1 image)`] },
    ])
  })

  test("its SDK program streams and calls a tool", async () => {
    const code = codeOf("README.md", "ts", "@anthropic-ai/sdk")
    const program = code.replaceAll(HOME, url).replaceAll(/claude-[\w-]+/g, "demo")
    const said = `${DEMO_SAYS} You said: Tell me a story.`
    expect(await outputOf(program, "sdk.mts")).toBe(`${said}get_weather { location: 'demo' }\n`)
  })

  test("its plugin works as a file of its name that the config lists", async () => {
    const code = codeOf("README.md", "ts", "// plugins/")
    const [, path = ""] = /^\/\/ (\S+)\n/.exec(code) ?? []
    const own = await serverIn({ "config.yaml": DEMO + codeOf("README.md", "yaml", "- served-by"), [path]: code })
    const answer = await fetch(`${own}/v1/messages`, question("Hi"))
    expect([answer.status, answer.headers.get("x-served-by")]).toEqual([200, "demo/demo"])
  })
})

describe("examples", () => {
  test("pass the type check", async () => {
    const compilerOptions = { noEmit: true }
    const options = { extends: "../../tsconfig.json", include: ["*.ts"], exclude: [], compilerOptions }
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(options))
    const checking = run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder])
    const { stdout } = await checking.catch(({ stdout }: { stdout: string }) => ({ stdout }))
    expect(stdout.split("\n").filter((line) => line.includes(".docs-"))).toEqual([])
    expect(examples.length).toBeGreaterThan(8)
  })

  const plugins = examples.filter(({ code }) => code.includes("export default definePlugin"))
  test.each(plugins)("the plugin at $at lets requests through", async ({ at }) => {
    const { default: plugin } = (await import(/* @vite-ignore */ join(folder, `${at}.ts`))) as { default: Plugin }
    const checked = await validateOptions(plugin, undefined)
    const { config } = parseConfig(`${DEMO}keys: [{ name: docs, key: ${KEY} }]`, "docs", {})
    const options = "options" in checked ? checked.options : undefined
    const proxy = await createProxy(config, { plugins: [{ plugin, options }] })
    const ask = async () => (await proxy.app.request("/v1/messages", question("Hi — you"))).json()
    const [first, second] = [await ask(), await ask()]
    const dash = plugin.name === "no-dashes" ? "-" : "—"
    expect(first.content[0].text).toBe(`${DEMO_SAYS} You said: Hi ${dash} you`)
    expect(second.id === first.id).toBe(plugin.name === "remember")
    await proxy.close()
  })

  test("the guide's test of a plugin runs", async () => {
    const code = codeOf("docs/1.guide/4.plugins.md", "ts", "x-thanks")
    expect(await outputOf(code, "tested.mts")).toBe("200 for asking\n")
  })
})

const VARIABLES = {
  BRAVE_API_KEY: "k",
  DATABRICKS_HOST: "https://x.databricks.com",
  DATABRICKS_TOKEN: "k",
  OPENAI_API_KEY: "k",
  TEAM_A_KEY: "k",
}
const SHIPPED = [
  balance, budget, cache, dedupe, fallback, limit, log, metrics, otel, redact, retry, rewrite, scenario, webSearch,
]
const configs = blocks.filter(({ language }) => language === "yaml")
test.each(configs)("the config at $at loads", async ({ code }) => {
  const rest = /^models:/m.test(code) ? "" : /^backends:/m.test(code) ? "models: {}" : DEMO
  const { config } = parseConfig(code + rest, "docs", VARIABLES)
  for (const entry of config.plugins ?? []) {
    const [name = "", options] = typeof entry === "string" ? [entry] : (Object.entries(entry)[0] ?? [])
    const shipped = SHIPPED.find((plugin) => plugin.name === name) as Plugin | undefined
    const example = examples.some((block) => block.code.startsWith(`// plugins/${name}.ts`))
    expect(shipped ? await validateOptions(shipped, options) : { options: example || "no such plugin" }).toEqual({
      options: shipped ? expect.anything() : true,
    })
  }
})

test("relative links lead somewhere, and their anchors too", () => {
  const broken = links.filter(({ name, link }) => {
    const [path = "", anchor] = link.split("#")
    const target = path === "" ? name : relative(root, resolve(root, dirname(name), path))
    return !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(read(target)).includes(anchor))
  })
  expect(broken).toEqual([])
  expect(links.length).toBeGreaterThan(20)
})

describe("tables", () => {
  const usual = new Map(flagsOf(GENERAL))

  test("flags are those of a profile, with the general values", () => {
    const told = tableUnder("docs/2.backends.md", "## Flags").map(([flag, value]) => [flag, value])
    expect(told).toEqual([...usual])
  })

  test("profiles differ from the general one as the code has them, and are told by the URLs shown", () => {
    const rows = Object.entries(PROFILES).map(([name, profile]) => {
      const own = flagsOf(profile).filter(([flag, value]) => usual.get(flag) !== value)
      return [name, own.map(([flag, value]) => `${flag}: ${value}`).join(", ")]
    })
    const table = tableUnder("docs/2.backends.md", "## Profiles")
    expect(table.map(([name, , own]) => [name, own])).toEqual(rows)
    const urls = table.flatMap(([name = "", told = ""]) => told.split(", ").map((url) => ({ name, url })))
    const wrong = urls.filter(({ name, url }) => url && !isDeepStrictEqual(profileFor(url), PROFILES[name]))
    expect(wrong).toEqual([])
  })

  test.each(["README.md", "docs/3.api.md"])("endpoints and methods in %s are those of the app", async (page) => {
    const { app } = await createProxy(parseConfig(DEMO, "docs", {}).config)
    const paths = app["~routes"].map(({ route = "" }) => route).filter((route) => !/^\/v1\/v1|^\/\*\*/.test(route))
    const routes = paths.map(async (path) => {
      const { headers } = await app.request(path, { method: "PATCH" })
      return [path.replace("**:id", "{id}"), headers.get("allow")]
    })
    const told = tableUnder(page, "## Endpoints").map(([path, methods]) => [path, methods])
    expect(told.toSorted()).toEqual((await Promise.all(routes)).toSorted())
  })

  test("variables are those that the program and its config read", () => {
    const sources = globSync("src/**/*.ts", { cwd: root }).map(read).join("\n")
    const shipped = read("config.yaml").replaceAll(/^\s*#.*$/gm, "")
    const named = [...sources.matchAll(/(?<!methods)\["([A-Z_]{3,})"\]/g), ...shipped.matchAll(/\$\{(\w+)/g)]
    const told = tableUnder("README.md", "## Environment variables").map(([name]) => name)
    expect(told.toSorted()).toEqual([...new Set(named.map(([, name]) => name))].toSorted())
  })
})
