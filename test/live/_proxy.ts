/** The proxy as a user runs it: the command in a process of its own, set up by a config file and variables. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import { startChild } from "./_child.ts"

const MAIN = fileURLToPath(new URL("../../src/node/main.ts", import.meta.url))

/** The key clients use. */
export const KEY = "sk-proxy-of-the-live-tests"

export interface LiveProxy {
  /** Where it listens, without a slash at the end. */
  readonly url: string
  /** `METHOD path` of each request since the last call. */
  readonly requests: () => readonly string[]
  /** All it has logged so far. */
  readonly log: () => string
}

const made: string[] = []
afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true })
})

/** Starts it with a config.yaml of this text. It ends after the tests of the file. */
export async function startProxy(config: string): Promise<LiveProxy> {
  const folder = await mkdtemp(join(tmpdir(), "llm-proxy-live-"))
  made.push(folder)
  await writeFile(join(folder, "config.yaml"), config)
  const { output, until } = startChild(process.execPath, ["--conditions=llm-proxy", MAIN], {
    cwd: folder,
    env: { LLM_PROXY_CONFIG: "config.yaml", PROXY_API_KEY: KEY, PORT: "0", LOG_LEVEL: "debug" },
  })
  const [, url = ""] = await until(/ listening url=(\S+)\n/)
  let told = 0
  return {
    url,
    log: () => output.err,
    requests() {
      const found = [...output.err.matchAll(/ received .*?method=(\S+) path=(\S+)/g)]
      const fresh = found.slice(told).map(([, method, path]) => `${method} ${path}`)
      told = found.length
      return fresh
    },
  }
}
