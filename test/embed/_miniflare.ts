/** Runs a worker that Nitro has built in the runtime of Cloudflare's, with the process's variables as its bindings. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Miniflare } from "miniflare"

const [, , folder = ""] = process.argv
const wrangler = JSON.parse(readFileSync(join(folder, "wrangler.json"), "utf8"))
const { PORT, HOST, OPENAI_BASE_URL, OPENAI_API_KEY, PROXY_API_KEY } = process.env

const miniflare = new Miniflare({
  modules: true,
  rootPath: folder,
  modulesRoot: folder,
  scriptPath: "index.mjs",
  modulesRules: [{ type: "ESModule", include: ["**/*.mjs"] }],
  compatibilityDate: wrangler.compatibility_date,
  compatibilityFlags: wrangler.compatibility_flags,
  bindings: { OPENAI_BASE_URL, OPENAI_API_KEY, PROXY_API_KEY },
  host: HOST,
  port: Number(PORT),
})
await miniflare.ready
process.once("SIGTERM", () => void miniflare.dispose().then(() => process.exit(0)))
