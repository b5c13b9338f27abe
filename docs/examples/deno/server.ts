// LLM Proxy on Deno: a client's base URL is where it listens.
import { createProxy } from "llm-proxy"

const proxy = await createProxy({
  models: {
    "claude-*": { backend: "openai", model: "gpt-5.1" },
    demo: { backend: "demo", model: "demo" },
  },
  backends: {
    openai: {
      base_url: Deno.env.get("OPENAI_BASE_URL") ?? "https://api.openai.com/v1",
      api_key: Deno.env.get("OPENAI_API_KEY") ?? "",
    },
    demo: { base_url: "demo:" },
  },
  keys: [{ name: "app", key: Deno.env.get("PROXY_API_KEY") ?? "" }],
})

Deno.serve(
  { port: Number(Deno.env.get("PORT") ?? 3000), hostname: Deno.env.get("HOST") ?? "127.0.0.1" },
  (request) => proxy.fetch(request),
)
