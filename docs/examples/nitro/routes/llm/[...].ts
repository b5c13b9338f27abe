// LLM Proxy at /llm: a client's base URL is http://…/llm.
import { createLog, createMask, createProxy, usePlugin } from "llm-proxy"
import { defineProxyHandler } from "llm-proxy/nitro"
import limit from "llm-proxy/plugins/limit"
import log from "llm-proxy/plugins/log"
import { useStorage } from "nitro/storage"

export default defineProxyHandler("/llm", async () => {
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
      plugins: [await usePlugin(log), await usePlugin(limit, { default: { requests: 60 } })],
      log: createLog({ write: console.log, mask: createMask([OPENAI_API_KEY, PROXY_API_KEY]) }),
      storage: useStorage("llm"),
    },
  )
})
