/**
 * Every line to type that README and docs show. Those of `llm-proxy` are run by the real command, in a folder that has
 * what they ask for; every other kind of block stands in one table, with who runs it or why nobody does.
 */
import { execFile } from "node:child_process"
import { chmod, mkdir } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { blocks, read, root } from "./_docs.ts"
import { DEMO, folderOf } from "./node/_start.ts"

const run = promisify(execFile)
const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> }

/** A line of a block, or several that a `\` or a quote joins; comments are gone. */
const lines = blocks
  .filter(({ language }) => language === "sh")
  .flatMap(({ at, code }) =>
    [...code.matchAll(/^(?:[^\n'\\]|\\\n|'[^']*')+/gm)].map(([line]) => ({ at, line: line.replace(/\s+# .*$/, "") })),
  )

/** How a line begins that is no `llm-proxy`: who runs it, or why nobody does. */
const OTHERS: Readonly<Record<string, string>> = {
  "npm ci && npm start": "test/docs.test.ts starts the same program; what is installed is the lock file's",
  "npm start -- code": "the same as llm-proxy code, which is run below",
  "node --conditions=llm-proxy src/node/main.ts": "test/node/_start.ts starts all servers so",
  "curl ": "test/docs.test.ts runs them",
  "ANTHROPIC_BASE_URL=": "needs Claude Code: npm run test:claude-code",
  "export PROXY_API_KEY=": "test/node/key.test.ts reads the file that it reads",
  "export LLM_PROXY_": "names what the live tests need",
  "npm run bench": "takes minutes; its words are those of test/bench",
  "npm run test:": "takes minutes, or needs what is not installed; the script is looked for below",
  "cp -r test/claude-code/client": "npm run test:claude-code runs what it sets up",
  "(cd ~/claude-code-run": "asks a registry",
  "python3 -m venv": "asks a registry",
  "CMAKE_ARGS=": "asks a registry, and compiles for a quarter of an hour",
  "~/live-venv/bin/pip": "asks a registry",
  "npm install": "asks a registry; npm run test:embed does it",
  "echo \"PROXY_API_KEY=": "npm run test:embed gives the examples a key",
  "npm run build": "npm run test:embed builds the examples",
  "npm start": "npm run test:embed starts the examples",
  "NODE_OPTIONS=": "needs OpenTelemetry's SDK: test/plugins/otel.test.ts has a stand-in",
  "docker ": "needs Docker: test/deploy.test.ts holds the files to the program",
  "cp .env.example": "test/deploy.test.ts looks whether it is there",
  "kubectl ": "needs a cluster: test/deploy.test.ts",
  "npm ci && npm pack": "npm run test:embed packs and installs",
  "sudo ": "changes the machine: test/deploy.test.ts",
}

/** A block that is neither `ts`, `yaml` nor `sh`, by its language. */
const LANGUAGES: Readonly<Record<string, string>> = {
  python: "needs Anthropic's Python SDK: test/live/python.test.ts asks the same",
  js: "needs OpenTelemetry's SDK",
  json: "an answer: it is JSON",
  yml: "another program's config: it is YAML",
}

const isOwn = (line: string): boolean => /(?:^|\$\()llm-proxy /.test(line)
const own = lines.filter(({ line }) => isOwn(line))
const others = lines.filter(({ line }) => !isOwn(line))
/** The longest beginning that fits. */
const entryOf = (line: string): string | undefined =>
  Object.keys(OTHERS).toSorted((one, other) => other.length - one.length).find((begin) => line.startsWith(begin))

test("every line has somebody who runs it, or a reason why nobody does, and no reason is left over", () => {
  expect(others.filter(({ line }) => entryOf(line) === undefined)).toEqual([])
  expect([...new Set(others.map(({ line }) => entryOf(line)))].toSorted()).toEqual(Object.keys(OTHERS).toSorted())
})

test("the same of blocks that are no lines to type", () => {
  const tried = new Set(["ts", "yaml", "sh"]) // by docs.test.ts, and here
  const rest = blocks.filter(({ language }) => !tried.has(language))
  expect([...new Set(rest.map(({ language }) => language))].toSorted()).toEqual(Object.keys(LANGUAGES).toSorted())
  for (const { language, code } of rest) {
    if (language === "json") expect(JSON.parse(code)).toBeTypeOf("object")
    if (language === "yml") expect(parse(code)).toBeTypeOf("object")
  }
  const types = blocks.filter(({ language, code }) => language === "ts" && !/from "(llm-proxy|@anthropic)/.test(code))
  expect(types.map(({ at }) => at)).toEqual([])
})

test("npm scripts that pages name are those of package.json", () => {
  const examples = /^docs-examples-/ // which have scripts of their own
  const named = lines.filter(({ at }) => !examples.test(at)).flatMap(({ line }) => [...line.matchAll(/npm run ([\w:-]+)/g)])
  expect(named.map(([, name = ""]) => name).filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  expect(named.length).toBeGreaterThan(5)
})

const ROUTER = { Providers: [{ name: "local", api_base_url: "http://127.0.0.1:9/v1/chat/completions", api_key: "k", models: ["m"] }] }
const LITELLM = `model_list:
  - model_name: m
    litellm_params: { model: openai/m, api_base: "http://127.0.0.1:9/v1" }
`
const PROGRAM = `#!/bin/sh
exec '${process.execPath}' --conditions=llm-proxy '${join(root, "src/node/main.ts")}' "$@"
`

/** A home with all that the lines name: a config where it is read, the configs of others where one is written. */
async function home(line: string): Promise<string> {
  const folder = await folderOf({
    ...(line.includes(" import ") ? {} : { "config.yaml": DEMO }),
    "request.json": JSON.stringify({ model: "demo", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] }),
    ".claude-code-router/config.json": JSON.stringify(ROUTER),
    "litellm.yaml": LITELLM,
    "bin/llm-proxy": PROGRAM,
    "bin/claude": "#!/bin/sh\nexit 0\n",
  })
  await mkdir(join(folder, ".config/fish/completions"), { recursive: true })
  for (const name of ["llm-proxy", "claude"]) await chmod(join(folder, "bin", name), 0o755)
  return folder
}

/** What only the shell it is meant for can do with the output is left out. */
const plain = (line: string): string => line.replace(/^eval "\$\((.*)\)"$/, "$1").replace(/ \| source$/, "")

test.each(own)("$at: $line", async ({ line }) => {
  const folder = await home(line)
  const env = { HOME: folder, PATH: [join(folder, "bin"), process.env["PATH"]].join(delimiter), PROXY_API_KEY: "sk-proxy-typed" }
  const { error } = await run("sh", ["-c", plain(line)], { cwd: folder, env }).then(
    () => ({ error: undefined }),
    ({ message }: Error) => ({ error: message }),
  )
  expect(error).toBeUndefined()
})

test("these commands are shown, and so tried", () => {
  const words = new Set(own.map(({ line }) => /llm-proxy (\w+)/.exec(line)?.[1]))
  expect([...words].toSorted()).toEqual(["check", "code", "completion", "env", "explain", "import", "plugin", "plugins"])
})
