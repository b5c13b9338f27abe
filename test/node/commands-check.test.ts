import { expect, test } from "vitest"
import { DEMO, folderOf, start } from "./_start.ts"
import { listOf, refuses, says, serveJson } from "./_server.ts"

const KEY = { PROXY_API_KEY: "sk-check-test" }
/** Nothing listens on this port. */
const NOBODY = "http://127.0.0.1:9/v1"

async function said(config: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, out, err } = await start(await folderOf({ "config.yaml": config }), { ...KEY, ...env }, args).ended
  return { code, out: out.replaceAll(/\(\d+ ms\)/g, "(ms)").replaceAll(/ +$/gm, ""), err }
}

const CONFIG = (url: string): string => `models:
  claude-*: { backend: here, model: qwen3 }
  gone: { backend: here, model: gone }
  far: { backend: far, model: m }
  unset: { backend: unset, model: m }
backends:
  here: { base_url: "${url}/v1", api_key: "\${HERE_KEY}" }
  far: { base_url: "${NOBODY}" }
  unset: { base_url: "https://x.test/v1", api_key: "\${NOT_SET}" }
  spare: { base_url: "${NOBODY}" }
`

test("each backend is reached, and has the models that are asked of it", async () => {
  const here = await serveJson({ "GET /v1/models": listOf("me", "qwen3:latest", "llama") })
  expect(await said(CONFIG(here.url), ["check"], { HERE_KEY: "sk-here" })).toEqual({
    code: 1,
    err: "",
    out: `✓  config          4 models, 4 backends
✓  key             1 key: default
✓  backend here    2 models (ms)
✓  model claude-*  qwen3
✗  model gone      gone is not among its models; there is qwen3:latest, llama
✗  backend far     cannot be reached: nothing listens there
✗  backend unset   NOT_SET not set
–  backend spare   cannot be reached: nothing listens there; no model leads there
`,
  })
  expect(here.asked).toEqual(["GET /v1/models Bearer sk-here"])
})

test("all is well is exit code 0, for scripts as JSON", async () => {
  const { code, out } = await said(DEMO, ["check", "--json"])
  expect([code, JSON.parse(out)]).toEqual([
    0,
    {
      ok: true,
      findings: [
        { about: "config", ok: true, told: "1 model, 1 backend" },
        { about: "key", ok: true, told: "1 key: default" },
        { about: "backend demo", ok: true, told: "1 model (ms)" },
        { about: "model demo", ok: true, told: "demo" },
      ],
    },
  ])
})

test("a mistake in the config has its place", async () => {
  const { code, out, err } = await said(`${DEMO}server: { prt: 1 }\n`, ["check"])
  expect([code, out, err.startsWith("config.yaml:5:11 server.prt: unknown option;")]).toEqual([1, "", true])
})

test("a key that a backend refuses, and a list it does not have", async () => {
  const closed = await serveJson({ "GET /v1/models": [401, {}] })
  const bare = await serveJson({})
  const config = `models:
  a: { backend: closed, model: m }
  b: { backend: bare, model: m }
backends:
  closed: { base_url: "${closed.url}/v1" }
  bare: { base_url: "${bare.url}/v1" }
`
  const { out } = await said(config, ["check"])
  expect(out.split("\n").slice(2)).toEqual([
    "✗  backend closed  refuses the key (401)",
    "–  backend bare    answers (ms), but lists no models",
    "",
  ])
})

test("--probe asks each model once for a word, and learns what its backend does not take", async () => {
  const taken = (body: unknown) => {
    const { temperature, stop } = body as { temperature?: number; stop?: unknown }
    if (temperature !== undefined) return refuses("Unsupported parameter: 'temperature' is not supported with this model.", "temperature")
    if (stop !== undefined) return refuses("Unsupported parameter: 'stop' is not supported with this model.", "stop")
    return says("Hi")
  }
  const backend = await serveJson({ "GET /v1/models": listOf("me"), "POST /v1/chat/completions": taken })
  const config = `models:
  a-*: { backend: it, model: m }
  a: { backend: it, model: m }
backends:
  it: { base_url: "${backend.url}/v1" }
`
  const { code, out } = await said(config, ["check", "--probe"])
  const learned = "learned: temperature is left out, stop is left out"
  expect([code, out.split("\n").slice(3)]).toEqual([
    0,
    [
      `✓  model a-*   m answers (ms); ${learned}`,
      `✓  model a     m answers (ms); ${learned}`,
      "–  storage     what was learned is in memory and ends with this command; with storage: for lessons it stays",
      "",
    ],
  ])
  expect(backend.bodies.length).toBe(3) // both models are one; the line itself asks once more after the first lesson
})

test("what a probe has learned stays where storage does", async () => {
  const taken = (body: unknown) => ("temperature" in (body as object) ? refuses("'temperature' is not supported", "temperature") : says("Hi"))
  const backend = await serveJson({ "GET /v1/models": listOf("me"), "POST /v1/chat/completions": taken })
  const config = `models:
  a: { backend: it, model: m }
backends:
  it: { base_url: "${backend.url}/v1" }
storage:
  lessons: { driver: fs, base: ./data }
`
  const cwd = await folderOf({ "config.yaml": config })
  const probe = async () => (await start(cwd, KEY, ["check", "--probe"]).ended).out.replaceAll(/\(\d+ ms\)/g, "(ms)").split("\n").slice(3)
  expect([await probe(), await probe()]).toEqual([["✓  model a     m answers (ms); learned: temperature is left out", ""], ["✓  model a     m answers (ms)", ""]])
})

test("a model that does not answer is told in its backend's words", async () => {
  const backend = await serveJson({ "POST /v1/chat/completions": [404, { error: { message: "The model m does not exist" } }] })
  const config = `models:
  a: { backend: it, model: m }
backends:
  it: { base_url: "${backend.url}/v1" }
`
  const { code, out } = await said(config, ["check", "--probe"])
  expect([code, out.split("\n").at(-2)]).toEqual([1, expect.stringMatching(/^✗ {2}model a {5}m: .*The model m does not exist/)])
})

test("models shows where names go, and what backends have", async () => {
  const here = await serveJson({ "GET /v1/models": listOf("me", "qwen3", "llama") })
  const config = `models:
  claude-*: { backend: here, model: qwen3 }
  other: { backend: unset, model: m }
backends:
  here: { base_url: "${here.url}/v1" }
  unset: { base_url: "https://api.openai.com/v1", api_key: "\${NOT_SET}" }
`
  expect(await said(config, ["models"])).toEqual({
    code: 0,
    err: "",
    out: "✓  claude-*  →  here/qwen3  chat\n✗  other     →  unset/m     chat  NOT_SET not set\n",
  })
  expect(await said(config, ["models", "--backends"])).toEqual({
    code: 1,
    err: "",
    out: "✓ here  2 models (ms)\n    qwen3\n    llama\n✗ unset  NOT_SET not set\n",
  })
})
