/** A config and a request for proxies that are tried in somebody else's server. */
import type { Config } from "../src/config/config.ts"

export const KEY = "sk-proxy-mounted"

export const DEMO_CONFIG: Config = {
  models: { demo: { backend: "demo", model: "demo" } },
  backends: { demo: { base_url: "demo:" } },
  keys: [{ name: "test", key: KEY }],
}

/** The body of a message request, as JSON. */
export const HELLO = JSON.stringify({ model: "demo", max_tokens: 99, messages: [{ role: "user", content: "Hello" }] })
