import { execFileSync } from "node:child_process"
import { chmod, lstat, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { DEMO, folderOf, start } from "./_start.ts"
import { serveJson } from "./_server.ts"

const KEY = "sk-code-test"

/** Stands in for Claude Code: tells what it was given, asks the proxy for its models, and ends with 7. */
const CLAUDE = `#!${process.execPath}
const own = Object.entries(process.env).filter(([name]) => /^(ANTHROPIC|CLAUDE)_/.test(name))
const { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: key } = process.env
const response = await fetch(url + "/v1/models", { headers: { authorization: "Bearer " + key } })
console.log(JSON.stringify({ args: process.argv.slice(2), env: Object.fromEntries(own.sort()), status: response.status, models: (await response.json()).data.map(({ id }) => id) }))
process.exitCode = 7
`

/** A folder with a config and a `claude` in bin. */
async function folderWith(config: string, claude = CLAUDE, files: Readonly<Record<string, string>> = {}) {
  const cwd = await folderOf({ "config.yaml": config, "bin/claude.mjs": claude, ...files })
  await writeFile(join(cwd, "bin/claude"), `#!/bin/sh\nexec ${process.execPath} ${join(cwd, "bin/claude.mjs")} "$@"\n`)
  await chmod(join(cwd, "bin/claude"), 0o755)
  return { cwd, env: { PATH: `${join(cwd, "bin")}:${process.env["PATH"]}` } }
}

const COMFORT = {
  CLAUDE_CODE_ATTRIBUTION_HEADER: "0",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: "1",
}

describe("code", () => {
  test("starts a proxy of its own, whose key nobody sees, and ends as Claude Code ends", async () => {
    const { cwd, env } = await folderWith(DEMO)
    const { code, out, err } = await start(cwd, { ...env, ANTHROPIC_API_KEY: "sk-other" }, ["code", "-p", "say hi", "--context", "9"]).ended
    const { args, env: given, status, models } = JSON.parse(out)
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: key, ...rest } = given
    expect([code, err, args, status, models]).toEqual([7, "", ["-p", "say hi", "--context", "9"], 200, ["demo"]])
    const slots = Object.fromEntries(["OPUS", "SONNET", "HAIKU"].map((name) => [`ANTHROPIC_DEFAULT_${name}_MODEL`, "demo"]))
    expect(rest).toEqual({ ANTHROPIC_MODEL: "demo", ...slots, ...COMFORT })
    await expect(fetch(url)).rejects.toThrow("fetch failed")
    const log = join(cwd, ".llm-proxy/code.log")
    expect([(await lstat(log)).mode & 0o777, (await readFile(log, "utf8")).includes(key)]).toEqual([0o600, false])
    await expect(readFile(join(cwd, ".llm-proxy/key"))).rejects.toThrow("ENOENT")
  })

  test("uses the proxy that runs, with the key from .env", async () => {
    const config = `models: { claude-*: { backend: demo, model: demo } }\nbackends: { demo: { base_url: "demo:" } }\n`
    const { cwd, env } = await folderWith(config, CLAUDE, { ".env": `PROXY_API_KEY=${KEY}\n` })
    const running = start(cwd, { PORT: "0" })
    await running.until("listening")
    const [url = "", port = ""] = /http:\S+:(\d+)/.exec(running.output.out) ?? []
    const { code, out } = await start(cwd, { ...env, PORT: port }, ["code"]).ended
    expect([code, JSON.parse(out).env]).toEqual([7, { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: KEY, ...COMFORT }])
    running.child.kill("SIGTERM")
  })

  test("uses the key that a running proxy has made for itself", async () => {
    const { cwd, env } = await folderWith(DEMO)
    const running = start(cwd, { PORT: "0" })
    await running.until("listening")
    const [, port = ""] = /http:\S+:(\d+)/.exec(running.output.out) ?? []
    const { out } = await start(cwd, { ...env, PORT: port }, ["code"]).ended
    expect(JSON.parse(out).env.ANTHROPIC_AUTH_TOKEN).toBe((await readFile(join(cwd, ".llm-proxy/key"), "utf8")).trim())
    running.child.kill("SIGTERM")
  })

  test("a proxy with another key, and something that is no proxy, are told in a line", async () => {
    const { cwd, env } = await folderWith(DEMO)
    const running = start(cwd, { PORT: "0", PROXY_API_KEY: "sk-of-somebody" })
    await running.until("listening")
    const [url = "", port = ""] = /http:\S+:(\d+)/.exec(running.output.out) ?? []
    const refused = await start(cwd, { ...env, PORT: port, PROXY_API_KEY: KEY }, ["code"]).ended
    expect(refused).toEqual({ code: 1, out: "", err: `${url}: a proxy runs there, but it has another key: set PROXY_API_KEY to that, or stop it\n` })
    running.child.kill("SIGTERM")
    const other = await serveJson({ "GET /": [200, { name: "another" }] })
    const { port: otherPort } = new URL(other.url)
    const { err } = await start(cwd, { ...env, PORT: otherPort }, ["code"]).ended
    expect(err).toBe(`${other.url}: something else listens there; set PORT, or server.port in the config\n`)
  })

  test("the window that the model's server tells makes Claude Code compact in time", async () => {
    const gpu = await serveJson({ "GET /v1/models": [200, { data: [{ id: "qwen3", owned_by: "vllm", max_model_len: 131_072 }] }] })
    const config = `models:
  claude-*: { backend: gpu, model: qwen3 }
  qwen3: { backend: gpu, model: qwen3 }
backends:
  gpu: { base_url: "${gpu.url}/v1", flags: { max_tokens_most: 8192 } }
`
    const { cwd, env } = await folderWith(config)
    const { out } = await start(cwd, { ...env, PROXY_API_KEY: KEY, ANTHROPIC_MODEL: "mine" }, ["code"]).ended
    const { ANTHROPIC_BASE_URL: _, ...rest } = JSON.parse(out).env
    const slots = Object.fromEntries(["OPUS", "SONNET", "HAIKU"].map((name) => [`ANTHROPIC_DEFAULT_${name}_MODEL`, "qwen3"]))
    expect(rest).toEqual({
      ANTHROPIC_AUTH_TOKEN: KEY,
      ANTHROPIC_MODEL: "mine", // what is set already stays
      ...slots,
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: "131072",
      CLAUDE_CODE_AUTO_COMPACT_WINDOW: "131072",
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: "8192",
      ...COMFORT,
    })
  })

  test("a signal goes on to Claude Code, and its end is the command's", async () => {
    const waits = "process.on('SIGTERM', () => { console.log('told'); process.exit(3) }); console.log('up'); setInterval(() => {}, 1000)"
    const { cwd, env } = await folderWith(DEMO, waits)
    const { child, until, ended } = start(cwd, env, ["code"])
    await until("up")
    child.kill("SIGTERM")
    expect(await ended).toEqual({ code: 3, out: "up\ntold\n", err: "" })
  })

  test("without Claude Code it says how to get it", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const { code, err } = await start(cwd, { PATH: "/nonexistent" }, ["code"]).ended
    expect([code, err]).toEqual([1, "claude is not on PATH: npm install -g @anthropic-ai/claude-code, or say where it is with --claude\n"])
  })

  test("a window that is none is a wrong argument", async () => {
    const { cwd, env } = await folderWith(DEMO)
    const { code, err } = await start(cwd, env, ["code", "--context", "much"]).ended
    expect([code, err]).toEqual([2, 'llm-proxy: --context must be a number of tokens, 1024 or more, not "much"\n'])
  })
})

describe("env", () => {
  const env = { PORT: "4321", PROXY_API_KEY: "it's" }

  test("sets a shell up for a client", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const { code, out } = await start(cwd, env, ["env"]).ended
    const shown = execFileSync("sh", ["-c", `${out}\necho "$ANTHROPIC_BASE_URL $ANTHROPIC_AUTH_TOKEN \${ANTHROPIC_API_KEY-gone}"`], {
      encoding: "utf8",
      env: { ANTHROPIC_API_KEY: "k" },
    })
    expect([code, shown]).toEqual([0, "http://127.0.0.1:4321 it's gone\n"])
  })

  test("speaks fish, PowerShell and JSON", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const lineOf = async (option: string) => (await start(cwd, env, ["env", option]).ended).out.split("\n").filter((line) => /TOKEN|API_KEY/.test(line))
    expect([await lineOf("--fish"), await lineOf("--powershell"), await lineOf("--json")]).toEqual([
      [String.raw`set -gx ANTHROPIC_AUTH_TOKEN 'it\'s'`, "set -e ANTHROPIC_API_KEY"],
      ["$env:ANTHROPIC_AUTH_TOKEN = 'it''s'", "$env:ANTHROPIC_API_KEY = $null"],
      [`  "ANTHROPIC_AUTH_TOKEN": "it's",`, '  "ANTHROPIC_API_KEY": null,'],
    ])
  })

  test("without a key, and without a port, there is nothing to set", async () => {
    const cwd = await folderOf({ "config.yaml": DEMO })
    const keyless = await start(cwd, { PORT: "4321" }, ["env"]).ended
    expect([keyless.code, keyless.err]).toEqual([1, "there is no key yet: set PROXY_API_KEY, or start the proxy first\n"])
    const portless = await start(cwd, { ...env, PORT: "0" }, ["env"]).ended
    expect([portless.code, portless.out]).toEqual([1, ""])
  })
})
