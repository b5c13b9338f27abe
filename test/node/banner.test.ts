import { expect, test } from "vitest"
import { resolveConfig } from "../../src/config/config.ts"
import { toAddress, toBanner } from "../../src/node/banner.ts"

const HEADERS = '-H "x-api-key: $PROXY_API_KEY" -H "content-type: application/json"'
const BODY = '{"model":"demo","max_tokens":256,"messages":[{"role":"user","content":"Hello!"}]}'

test("the banner shows where each model goes, what is missing, and two lines to paste", () => {
  const settings = resolveConfig(
    {
      models: {
        "claude-opus-*": { backend: "openai", model: "gpt-5.1" },
        "it's": { backend: "dbx", model: "a\u001b[31m\nb" },
        demo: { backend: "demo", model: "demo" },
      },
      backends: {
        openai: { base_url: "https://api.openai.com/v1" },
        dbx: { base_url: "https://x.test" },
        demo: { base_url: "demo:" },
      },
    },
    new Map([["openai", ["OPENAI_API_KEY"]], ["dbx", ["DATABRICKS_HOST", "DATABRICKS_TOKEN"]]]),
  )
  expect(toBanner(settings, { version: "1.2.3", url: "http://127.0.0.1:8081", plugins: ["log", "rewrite"] })).toBe(
    String.raw`LLM Proxy 1.2.3 on http://127.0.0.1:8081

  claude-opus-*  →  openai/gpt-5.1          OPENAI_API_KEY is not set
  it's           →  dbx/a\u001b[31m\u000ab  DATABRICKS_HOST, DATABRICKS_TOKEN are not set
  demo           →  demo/demo               ready

  plugins: log → rewrite

Try it, and run Claude Code on it:
  curl http://127.0.0.1:8081/v1/messages ${HEADERS} -d '${BODY}'
  ANTHROPIC_BASE_URL=http://127.0.0.1:8081 ANTHROPIC_AUTH_TOKEN=$PROXY_API_KEY claude

`,
  )
})

test("a model's name cannot leave the quotes of the line to paste", () => {
  const settings = resolveConfig({
    models: { "x';reboot;'": { backend: "demo", model: "demo" } },
    backends: { demo: { base_url: "demo:" } },
  })
  const banner = toBanner(settings, { version: "1", url: "http://h", plugins: [] })
  expect(banner).toContain(String.raw`-d '{"model":"x'\'';reboot;'\''",`)
})

test.each([
  ["127.0.0.1", "http://127.0.0.1:80"],
  ["0.0.0.0", "http://127.0.0.1:80"],
  ["::", "http://[::1]:80"],
  ["::1", "http://[::1]:80"],
  ["localhost", "http://localhost:80"],
  ["192.168.0.2", "http://192.168.0.2:80"],
])("listening on %s can be opened at %s", (host, wanted) => {
  expect(toAddress(host, 80)).toBe(wanted)
})
