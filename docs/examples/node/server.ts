// LLM Proxy in a server of Node's own, under /llm; everything else is the application's.
import { createServer } from "node:http"
import { createProxy } from "llm-proxy"
import { undiciFetch } from "llm-proxy/node"
import { toNodeHandler } from "srvx/node"

const { OPENAI_API_KEY = "", OPENAI_BASE_URL = "https://api.openai.com/v1", PROXY_API_KEY = "" } = process.env

const proxy = await createProxy(
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
  { fetch: undiciFetch },
)
const toProxy = toNodeHandler((request) => proxy.fetch(request))

const server = createServer((request, response) => {
  const { url = "/" } = request
  if (url.startsWith("/llm/")) {
    request.url = url.slice("/llm".length)
    return toProxy(request, response)
  }
  response.end("The application.\n")
})

server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? "127.0.0.1")

process.once("SIGTERM", () => server.close(() => void proxy.close()))
