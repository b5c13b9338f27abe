/** `llm-proxy start`, or `llm-proxy` alone: serves until a signal ends it. */
import { PORT } from "../../config/rules.ts"
import { defineCommand, UsageError } from "../command.ts"
import { serve } from "../serve.ts"
import { CONFIG } from "./options.ts"

export const start = defineCommand({
  usage: "start",
  args: {
    config: CONFIG,
    host: { type: "string", valueHint: "ADDRESS", description: "where to listen, instead of HOST and server.host" },
    port: { type: "string", valueHint: "PORT", description: "instead of PORT and server.port; 0 takes a free one" },
    watch: { type: "boolean", default: true, description: "edits wait for SIGHUP, instead of taking effect at once" },
  },
  examples: [
    ["llm-proxy", "serve by config.yaml of this folder"],
    ["llm-proxy --port 9000 --config team.yaml", "by another config, on another port"],
    ["llm-proxy --no-watch", "read edits when told to: kill -HUP"],
  ],
  async run({ config, host, port, watch }) {
    if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
      throw new UsageError(`--port must be ${PORT}, not ${JSON.stringify(port)}`)
    }
    const env = { ...process.env, ...(host !== undefined && { HOST: host }), ...(port !== undefined && { PORT: port }) }
    await serve({ env, watch, ...(config !== undefined && { config }) })
    return 0
  },
})
