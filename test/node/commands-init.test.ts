import { lstat, readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { parseConfig } from "../../src/node/config-file.ts"
import { folderOf, start } from "./_start.ts"
import { listOf, serveJson } from "./_server.ts"

const NOWHERE = "http://127.0.0.1:9/v1"

/** Runs init in a folder and reads what it has written. */
async function init(args: readonly string[], env: Readonly<Record<string, string>> = {}, files: Readonly<Record<string, string>> = {}) {
  const cwd = await folderOf(files)
  const ended = await start(cwd, env, ["init", ...args]).ended
  const text = await readFile(join(cwd, "config.yaml"), "utf8").catch(() => "")
  const dotEnv = await readFile(join(cwd, ".env"), "utf8").catch(() => "")
  const config = text === "" || text === "# mine\n" ? undefined : parseConfig(text, "config.yaml", { OPENAI_API_KEY: "k", ...env }).config
  return { cwd, text, dotEnv, config, ...ended }
}

test("a server that is found gets its profile and its models, the largest for Claude's", async () => {
  const gpu = await serveJson({ "GET /v1/models": listOf("vllm", "qwen3-8b", "qwen3-coder-30b", "bge-embed-1b", "cost${5}") })
  const { code, config, out } = await init(["--servers", `${gpu.url}/v1,${NOWHERE}`])
  const vllm = (model: string) => ({ backend: "vllm", model })
  expect([code, config]).toEqual([
    0,
    {
      models: {
        "claude-*": vllm("qwen3-coder-30b"),
        "claude-haiku-*": vllm("qwen3-coder-30b"),
        "qwen3-8b": vllm("qwen3-8b"),
        "qwen3-coder-30b": vllm("qwen3-coder-30b"),
        "cost${5}": vllm("cost${5}"),
        demo: { backend: "demo", model: "demo" },
      },
      backends: { vllm: { base_url: `${gpu.url}/v1`, profile: "vllm" }, demo: { base_url: "demo:" } },
    },
  ])
  expect(out.replaceAll(gpu.url, "URL")).toBe(`✓ vLLM at URL/v1: 3 models
– nothing found at ${NOWHERE}

wrote config.yaml
wrote .env with a new PROXY_API_KEY

Next:
  llm-proxy check
  llm-proxy
  llm-proxy code
`)
})

test("a key in the environment is named and never written", async () => {
  const openai = await serveJson({ "GET /v1/models": listOf("openai", "text-embedding-3", "gpt-5", "gpt-5-mini") })
  const env = { OPENAI_API_KEY: "sk-secret-of-mine", OPENAI_BASE_URL: `${openai.url}/v1` }
  const { text, dotEnv, config, out, err } = await init(["--servers", NOWHERE], env)
  expect(config?.models["claude-*"]).toEqual({ backend: "openai", model: "gpt-5" })
  expect(config?.models["claude-haiku-*"]).toEqual({ backend: "openai", model: "gpt-5-mini" })
  expect(text).toContain("api_key: ${OPENAI_API_KEY}\n")
  expect(`${text}${dotEnv}${out}${err}`).not.toContain("sk-secret")
  expect(openai.asked).toEqual(["GET /v1/models Bearer sk-secret-of-mine"])
})

test("which model answers can be said without a terminal", async () => {
  const local = await serveJson({ "GET /v1/models": listOf("library", "a:7b", "b:70b") })
  const { config } = await init(["--servers", `${local.url}/v1`, "--model", "ollama/a:7b", "--small-model", "ollama/b:70b"])
  expect([config?.models["claude-*"]?.model, config?.models["claude-haiku-*"]?.model]).toEqual(["a:7b", "b:70b"])
  const wrong = await init(["--servers", `${local.url}/v1`, "--model", "c"])
  expect([wrong.code, wrong.text, wrong.err]).toEqual([2, "", 'llm-proxy: --model must be one of ollama/a:7b, ollama/b:70b, not "c"\n'])
})

test("with nothing found there is the demo, and it serves", async () => {
  const { cwd, code, config, text } = await init(["--servers", NOWHERE])
  const demo = { backend: "demo", model: "demo" }
  expect([code, config]).toEqual([0, { models: { "claude-*": demo, demo }, backends: { demo: { base_url: "demo:" } } }])
  // What stands in comments loads too, once they are taken off.
  const whole = text.replaceAll(/^# ((?: {2})?\S.*:.*|\s+.*|plugins:|keys:|server:)$/gm, (line) => (/ {2}|^# (plugins|keys|server):$/.test(line) ? line.slice(2) : line))
  expect(() => parseConfig(whole, "config.yaml", { TEAM_A_KEY: "k", OPENAI_API_KEY: "k" })).not.toThrow()
  const { child, until, ended } = start(cwd)
  await until("listening")
  child.kill("SIGTERM")
  expect((await ended).err).not.toContain("a key was made")
})

test("the new key is its owner's alone, and fresh each time", async () => {
  const [one, other] = await Promise.all([init(["--servers", NOWHERE]), init(["--servers", NOWHERE])])
  const mode = (await lstat(join(one.cwd, ".env"))).mode & 0o777
  expect([mode, /^PROXY_API_KEY=sk-proxy-[\w-]{32}$/m.test(one.dotEnv), one.dotEnv === other.dotEnv]).toEqual([0o600, true, false])
  expect(one.out + one.err).not.toContain("sk-proxy-")
})

test("nothing is overwritten, and .env not even with --force", async () => {
  const files = { "config.yaml": "# mine\n", ".env": "OTHER=1\n" }
  const refused = await init(["--servers", NOWHERE], {}, files)
  const words = "config.yaml: is there already, and was left as it is; --force replaces it\n"
  expect([refused.code, refused.err, refused.text]).toEqual([1, words, "# mine\n"])
  const forced = await init(["--servers", NOWHERE, "--force"], {}, files)
  expect([forced.code, forced.text === "# mine\n", forced.dotEnv]).toEqual([0, false, "OTHER=1\n"])
  expect(forced.out).toContain(".env is there, without a PROXY_API_KEY")
})
