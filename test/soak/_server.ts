/** The real program in a process of its own, which tells what it holds. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { stringify } from "yaml"
import type { Config } from "../../src/config/config.ts"
import { objectsIn } from "./_snapshot.ts"

export const KEY = "sk-measured-server-key"

/** What a process holds. */
export interface Held {
  /** Bytes that hang on JavaScript's heap outside of it. */
  readonly external: number
  readonly rss: number
  /** The most memory it has ever had, in bytes; 0 where the system does not tell. */
  readonly peak: number
  /** Microseconds of CPU it has used. */
  readonly cpu: number
  /** Timers, sockets and the like, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Listeners of the process, by event. */
  readonly listeners: Readonly<Record<string, number>>
  /** Open files and sockets; 0 where the system does not tell. */
  readonly descriptors: number
}

/** What a process is asked to do before it tells. */
export interface Asked {
  /** Collect garbage. */
  readonly settle: boolean
  /** A file to write a snapshot of its heap to. */
  readonly snapshot?: string
}

export interface Measured {
  readonly url: string
  readonly pid: number
  /** @param settle Whether to collect garbage before. */
  measure(settle?: boolean): Promise<Held>
  /** Bytes that its objects, functions and texts take. Takes seconds. */
  objects(): Promise<number>
  /** All it has printed. */
  readonly printed: () => string
  close(): Promise<void>
}

const MAIN = fileURLToPath(new URL("../../src/node/main.ts", import.meta.url))
const PROBE = new URL("./_probe.ts", import.meta.url).href

/** Starts it in a folder of its own, with this config and no variables of ours. */
export async function startMeasured(config: Config): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "llm-proxy-"))
  await writeFile(join(folder, "config.yaml"), stringify(config))
  const child = spawn(process.execPath, ["--expose-gc", "--conditions=llm-proxy", "--import", PROBE, MAIN], {
    cwd: folder,
    env: { PATH: process.env["PATH"], PORT: "0", PROXY_API_KEY: KEY },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  })
  let printed = ""
  const url = new Promise<string>((resolve, reject) => {
    const hear = (piece: string): void => {
      if (printed.length < 100_000) printed += piece
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? []
      if (found && printed.includes("listening")) resolve(found)
    }
    for (const output of [child.stdout, child.stderr]) output?.setEncoding("utf8").on("data", hear)
    child.once("close", (code) => reject(new Error(`the server ended with ${code}:\n${printed}`)))
  })
  const tell = async (asked: Asked): Promise<Held> => {
    child.send(asked)
    const [held] = (await once(child, "message")) as [Held]
    return held
  }
  return {
    url: await url,
    pid: child.pid ?? 0,
    printed: () => printed,
    measure: (settle = true) => tell({ settle }),
    async objects() {
      const snapshot = join(folder, "objects.heapsnapshot")
      await tell({ settle: true, snapshot })
      const bytes = objectsIn(await readFile(snapshot, "utf8"))
      await rm(snapshot)
      return bytes
    },
    async close() {
      const closed = once(child, "close")
      child.kill("SIGTERM")
      const late = setTimeout(() => child.kill("SIGKILL"), 5000)
      await closed
      clearTimeout(late)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
