// LLM Proxy on Bun: a client's base URL is where it listens.
import { createProxy } from "llm-proxy"

const { OPENAI_API_KEY = "", OPENAI_BASE_URL = "https://api.openai.com/v1", PROXY_API_KEY = "" } = process.env

const proxy = await createProxy({
  models: {
    "claude-*": { backend: "openai", model: "gpt-5.1" },
    demo: { backend: "demo", model: "demo" },
  },
  backends: {
    openai: { base_url: OPENAI_BASE_URL, api_key: OPENAI_API_KEY },
    demo: { base_url: "demo:" },
  },
  keys: [{ name: "app", key: PROXY_API_KEY }],
})

Bun.serve({
  port: Number(process.env.PORT ?? 3000),
  hostname: process.env.HOST ?? "127.0.0.1",
  idleTimeout: 255, // seconds, the most there are: after 10 Bun would cut an answer that is not streamed
  fetch: (request) => proxy.fetch(request),
})
