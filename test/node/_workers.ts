/** Servers of several processes, and plugins by which tests see who answers. */
import { request } from "node:http"
import { rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DEMO, folderOf, start, type Started } from "./_start.ts"

export const KEY = "sk-workers"

/** A plugin whose answers tell the process, and a number that is counted for all. */
export const WHO = `import { definePlugin, defineStage } from "llm-proxy"
export default definePlugin({
  name: "who",
  setup: (_, { counters, storage }) => defineStage({ name: "who", before: "auth", async run(context, next) {
    context.head.set("x-pid", String(process.pid))
    context.head.set("x-count", String(await counters.add("n", 1, 3600)))
    context.head.set("x-kept", String(await storage.getItem("kept")))
    await storage.setItem("kept", "by " + process.pid)
    return next(context)
  } }),
})
`

export interface Workers extends Started {
  readonly url: string
  readonly folder: string
  /** At once: nobody reads the half of it. */
  edit(name: string, text: string): Promise<void>
  /** Lines of the log so far with these words in them. */
  lines(words: string): readonly string[]
  /** Processes that answer, as the plugin `who` tells them. */
  pids(): Promise<readonly number[]>
}

/** @param rest Of the config, beside the demo's. */
export async function startWorkers(
  rest = "plugins: [who]\n",
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = { PROXY_API_KEY: KEY },
): Promise<Workers> {
  const config = `${DEMO}server: { workers: 2, drain: 20 }\n${rest}`
  const folder = await folderOf({ "config.yaml": config, "plugins/who.ts": WHO, ...files })
  const started = start(folder, env)
  await started.until("listening url=")
  const url = /listening url=(\S+)/.exec(started.output.err)?.[1] ?? ""
  return {
    ...started,
    url,
    folder,
    async edit(name, text) {
      await writeFile(join(folder, "edited"), text)
      await rename(join(folder, "edited"), join(folder, name))
    },
    lines: (words) => started.output.err.split("\n").filter((line) => line.includes(words)),
    async pids() {
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask(url)))
      return [...new Set(answers.map(({ headers }) => Number(headers["x-pid"])))]
    },
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

const MESSAGE = JSON.stringify({ model: "demo", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] })

/** Over a connection of its own: connections are what workers get in turn. */
export function ask(url: string, path = "/v1/messages", key = KEY): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = path === "/v1/messages" ? MESSAGE : undefined
    const headers = { "x-api-key": key, "content-type": "application/json" }
    const asking = request(`${url}${path}`, { method: body ? "POST" : "GET", agent: false, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (data: string) => (text += data))
      response.on("error", reject).on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers as Record<string, string>, text })
      })
    })
    asking.on("error", reject).end(body)
  })
}

/** Whether there is such a process. */
export function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
