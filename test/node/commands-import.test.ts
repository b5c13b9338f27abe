import { lstat, readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parseConfig } from "../../src/node/config-file.ts"
import { folderOf, start } from "./_start.ts"

const fixture = (name: string): Promise<string> => readFile(new URL(`../fixtures/import/${name}`, import.meta.url), "utf8")

/** Imports a text as a file of this name, and reads what was written. */
async function imported(name: string, text: string, { env = {}, args = [], files = {} }: Partial<{ env: Record<string, string>; args: string[]; files: Record<string, string> }> = {}) {
  const cwd = await folderOf({ [name]: text, ...files })
  const { code, out, err } = await start(cwd, env, ["import", name, ...args]).ended
  const written = await readFile(join(cwd, "config.yaml"), "utf8").catch(() => "")
  const dotEnv = await readFile(join(cwd, ".env"), "utf8").catch(() => "")
  return { cwd, code, out, err, written, dotEnv }
}

/** A text as a config whose variables hold their own names. */
function load(text: string) {
  const named = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => [name, name.endsWith("BASE") ? "https://base.test/v1" : name])
  return parseConfig(text, "config.yaml", Object.fromEntries(named)).config
}

describe("a config of claude-code-router", () => {
  test("leads every provider, model and route to the same place", async () => {
    const { code, err, written } = await imported("ccr.json", await fixture("claude-code-router.json"))
    const { models, backends, server, plugins } = load(written)
    const target = (backend: string, model: string) => ({ backend, model })
    expect({ code, err, models, server }).toEqual({
      code: 0,
      err: "",
      models: {
        "openrouter,google/gemini-2.5-pro-preview": target("openrouter", "google/gemini-2.5-pro-preview"),
        "openrouter,anthropic/claude-sonnet-4": target("openrouter", "anthropic/claude-sonnet-4"),
        "deepseek,deepseek-chat": target("deepseek", "deepseek-chat"),
        "deepseek,deepseek-reasoner": target("deepseek", "deepseek-reasoner"),
        "ollama,qwen2.5-coder:latest": target("ollama", "qwen2.5-coder:latest"),
        "gemini,gemini-2.5-flash": target("gemini", "gemini-2.5-flash"),
        "modelscope,Qwen/Qwen3-Coder-480B-A35B-Instruct": target("modelscope", "Qwen/Qwen3-Coder-480B-A35B-Instruct"),
        "gateway,claude-sonnet-4": target("gateway", "claude-sonnet-4"),
        "*": target("deepseek", "deepseek-chat"),
      },
      server: { host: "127.0.0.1", port: 3456 },
    })
    const timeout = { first_byte: 600 }
    expect(backends).toEqual({
      openrouter: { base_url: "https://openrouter.ai/api/v1", api_key: "OPENROUTER_API_KEY", timeout },
      deepseek: { base_url: "https://api.deepseek.com", api_key: "DEEPSEEK_API_KEY", timeout },
      ollama: { base_url: "http://localhost:11434/v1", timeout },
      gemini: { base_url: "https://generativelanguage.googleapis.com/v1beta/openai", api_key: "GEMINI_API_KEY", timeout },
      modelscope: {
        base_url: "https://api-inference.modelscope.cn/v1",
        api_key: "MODELSCOPE_API_KEY",
        flags: { max_tokens_most: 65_536 },
        timeout,
      },
      gateway: { base_url: "https://gateway.example/anthropic-like/v1", api: "anthropic", api_key: "GATEWAY_API_KEY", timeout },
    })
    expect(plugins).toEqual([
      {
        scenario: {
          rules: [
            { name: "longContext", when: { model: "claude*", tokens_over: 60_000 }, model: "openrouter,google/gemini-2.5-pro-preview" },
            { name: "background", when: { model: "*claude*haiku*" }, model: "ollama,qwen2.5-coder:latest" },
            { name: "webSearch", when: { model: "claude*", web_search: true }, model: "gemini,gemini-2.5-flash" },
            { name: "think", when: { model: "claude*", thinking: true }, model: "deepseek,deepseek-reasoner" },
          ],
        },
      },
    ])
  })

  test("every thing without an equal is a line, and keys are in .env alone", async () => {
    const { cwd, out, written, dotEnv } = await imported("ccr.json", await fixture("claude-code-router.json"))
    expect(out).toBe(`– Providers.1.transformer.deepseek-chat: customparams for one model alone has no equal here
– Providers.4.transformer.use.2: my-own has no equal here: a plugin can do it (llm-proxy plugin new NAME)
– Router.image: gone,away is no model of a provider above, and was left out
– LOG: the log goes to standard error; LOG_FILE names a file, and the plugin log tells each request
– NON_INTERACTIVE_MODE: is not needed here
– CUSTOM_ROUTER_PATH: has no equal here: a plugin does what a router did (llm-proxy plugin new NAME)
wrote config.yaml: 9 models, 6 backends
wrote .env: DEEPSEEK_API_KEY, MODELSCOPE_API_KEY, GATEWAY_API_KEY, PROXY_API_KEY
✗ not set yet, in the environment or .env: OPENROUTER_API_KEY, GEMINI_API_KEY

Next: llm-proxy check
`)
    expect([`${out}${written}`.includes("sk-"), (await lstat(join(cwd, ".env"))).mode & 0o777]).toEqual([false, 0o600])
    expect(dotEnv).toBe(`# From ccr.json
DEEPSEEK_API_KEY=sk-deepseek-of-the-tests
MODELSCOPE_API_KEY=sk-deepseek-of-the-tests
GATEWAY_API_KEY=sk-gateway
PROXY_API_KEY=sk-router-of-the-tests
`)
  })

  test("what was made of it serves, with its plugins", async () => {
    const { cwd } = await imported("ccr.json", await fixture("claude-code-router.json"))
    const { code, out } = await start(cwd, {}, ["plugins"]).ended
    expect([code, out]).toEqual([0, "auth\nparse\n  scenario (before route)\nroute\ntoOpenAI\nupstream\nfromOpenAI\nencode\n"])
  })
})

describe("a config of LiteLLM", () => {
  test("leads every name to the same place", async () => {
    const { code, err, written } = await imported("litellm.yaml", await fixture("litellm.yaml"))
    const { models, backends, keys, plugins } = load(written)
    const target = (backend: string, model: string) => ({ backend, model })
    expect({ code, err, models, keys }).toEqual({
      code: 0,
      err: "",
      models: {
        "gpt-4o": target("azure", "gpt-4o-eu"),
        "gpt-4o@azure": target("azure", "gpt-4o-eu"),
        "gpt-4o@azure-2": target("azure-2", "gpt-4o-ca"),
        "claude-sonnet-4-5": target("anthropic", "claude-sonnet-4-5-20250929"),
        "claude-*": target("openrouter", "anthropic/claude-sonnet-4.5"),
        local: target("ollama_chat", "qwen3:8b"),
        coder: target("hosted_vllm", "Qwen/Qwen3-Coder"),
        codex: target("openai", "gpt-5-codex"),
        "gpt-4": target("azure", "gpt-4o-eu"),
      },
      keys: [{ name: "master", key: "LITELLM_MASTER_KEY" }],
    })
    const timeout = { first_byte: 120 }
    expect(backends).toEqual({
      azure: { base_url: "https://eu.openai.azure.com/openai/v1", api_key: "AZURE_API_KEY_EU", timeout },
      "azure-2": { base_url: "https://ca.openai.azure.com/openai/v1", api_key: "AZURE_API_KEY_CA", timeout },
      anthropic: { base_url: "https://api.anthropic.com", api: "anthropic", api_key: "ANTHROPIC_API_KEY", timeout },
      openrouter: { base_url: "https://openrouter.ai/api/v1", api_key: "OPENROUTER_API_KEY", headers: { "X-Title": "tests" }, timeout },
      ollama_chat: { base_url: "http://gpu:11434/v1", timeout },
      hosted_vllm: { base_url: "https://base.test/v1", profile: "vllm", timeout: { first_byte: 300 } },
      openai: { base_url: "https://api.openai.com/v1", api: "responses", api_key: "OPENAI_API_KEY", timeout },
    })
    const members = [{ model: "gpt-4o@azure", weight: 6 }, { model: "gpt-4o@azure-2", weight: 2 }]
    const on = ["overloaded", "rate_limit", "timeout", "unreachable", "failed", "denied", "too_long"]
    expect(plugins).toEqual([
      { fallback: { chains: { "gpt-4o": ["claude-sonnet-4-5", "local"], local: ["gpt-4o"] }, on } },
      { retry: { attempts: 3 } },
      { balance: { by: "least_busy", models: { "gpt-4o": members, "gpt-4": members } } },
    ])
  })

  test("what cannot be taken over is told with its place, and what is not set yet", async () => {
    const { out, dotEnv } = await imported("litellm.yaml", await fixture("litellm.yaml"))
    expect(out.split("\n")).toEqual([
      "– model_list.0.litellm_params.api_version: is not needed: Azure is asked at /openai/v1",
      "– model_list.6.litellm_params.temperature: has no equal here",
      "– model_list.7: bedrock is not reached from here (a gateway in front of it would be), and was left out",
      "– model_list.8: is for embedding, and was left out",
      "– model_list.9: openai/* is any model; here a name or pattern leads to one, and was left out",
      "– context_window_fallbacks: stands in one chain with the other fallbacks of a model",
      "– litellm_settings.drop_params: is not needed: what a backend refuses is left out, and that is remembered",
      "– litellm_settings.success_callback: the plugins log, metrics and otel",
      "– general_settings.database_url: has no equal here: there is no database, and keys stand in the config",
      "wrote config.yaml: 9 models, 7 backends",
      "wrote .env: ANTHROPIC_API_KEY",
      "✗ not set yet, in the environment or .env: AZURE_API_KEY_EU, AZURE_API_KEY_CA, OPENROUTER_API_KEY, VLLM_BASE, OPENAI_API_KEY, LITELLM_MASTER_KEY",
      "",
      "Next: llm-proxy check",
      "",
    ])
    expect(dotEnv).toBe("# From litellm.yaml\nANTHROPIC_API_KEY=sk-ant-of-the-tests\n")
  })

  test("what was made of it serves, with its plugins", async () => {
    const { cwd } = await imported("litellm.yaml", await fixture("litellm.yaml"))
    const { code, err } = await start(cwd, { LITELLM_MASTER_KEY: "k" }, ["plugins"]).ended
    expect([code, err]).toEqual([0, ""])
  })
})

const SMALL = "model_list:\n  - { model_name: a, litellm_params: { model: groq/llama, api_key: gsk-mine } }\n"

test("a variable that is set to something else is left alone, and one that says the same is used", async () => {
  const other = await imported("l.yaml", SMALL, { files: { ".env": "GROQ_API_KEY=another" } })
  expect([other.written.includes("${GROQ_API_KEY_2}"), other.dotEnv]).toEqual([true, "GROQ_API_KEY=another\n\n# From l.yaml\nGROQ_API_KEY_2=gsk-mine\n"])
  const same = await imported("l.yaml", SMALL, { env: { GROQ_API_KEY: "gsk-mine" } })
  expect([same.written.includes("${GROQ_API_KEY}"), same.dotEnv]).toEqual([true, ""])
})

test("nothing is overwritten without --force", async () => {
  const files = { "config.yaml": "# mine\n" }
  const refused = await imported("l.yaml", SMALL, { files })
  const err = "config.yaml: is there already, and was left as it is; --force replaces it\n"
  expect([refused.code, refused.err, refused.written, refused.dotEnv]).toEqual([1, err, "# mine\n", ""])
  expect((await imported("l.yaml", SMALL, { files, args: ["--force"] })).written).toContain("backend: groq")
})

test.each<[string, string, string]>([
  ["neither of the two", "models: {}\n", "x.yaml: is neither claude-code-router's (Providers) nor LiteLLM's (model_list)\n"],
  ["no config at all", "hello", "x.yaml: holds no options\n"],
  ["broken, without what stands there", '{ "Providers": [ { "api_key": "sk-1" "x": 1 } ] }', "x.yaml:1:38: is neither YAML nor JSON\n"],
])("a file that is %s is a line", async (_, text, words) => {
  const { code, err, written } = await imported("x.yaml", text)
  expect([code, err, written]).toEqual([1, words, ""])
})
