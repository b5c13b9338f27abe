// LLM Proxy at /api/llm: a client's base URL is http://…/api/llm.
import { createProxy, usePlugin } from "llm-proxy"
import { defineProxyHandler } from "llm-proxy/nuxt"
import limit from "llm-proxy/plugins/limit"

export default defineProxyHandler("/api/llm", async () => {
  const { OPENAI_API_KEY = "", OPENAI_BASE_URL = "https://api.openai.com/v1", PROXY_API_KEY = "" } = process.env
  return createProxy(
    {
      models: {
        "claude-*": { backend: "openai", model: "gpt-5.1" },
        demo: { backend: "demo", model: "demo" },
      },
      backends: {
        openai: { base_url: OPENAI_BASE_URL, api_key: OPENAI_API_KEY },
        demo: { base_url: "demo:" },
      },
      keys: [{ name: "app", key: PROXY_API_KEY }],
    },
    {
      plugins: [await usePlugin(limit, { default: { requests: 60 } })],
      storage: useStorage("llm"),
    },
  )
})
