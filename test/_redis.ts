/** A real Redis on loopback, where `redis-server` is installed; tests that need it skip where not. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0
if (!hasRedis) console.warn("redis-server is not installed: tests on a real Redis are skipped")

export interface TestRedis {
  readonly url: string
  /** From here on it keeps its connections and says nothing. */
  hang(): void
  close(): Promise<void>
}

export async function startRedis(): Promise<TestRedis> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), "llm-proxy-redis-"))
  const server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder])
  const ended = once(server, "exit")
  let output = ""
  await new Promise<void>((resolve, reject) => {
    server.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString()
      if (output.includes("Ready to accept connections")) resolve()
    })
    void ended.then(() => reject(new Error(`redis-server ended: ${output}`)))
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    hang: () => void server.kill("SIGSTOP"),
    async close() {
      server.kill("SIGCONT")
      server.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const address = probe.address()
  probe.close()
  await once(probe, "close")
  return typeof address === "object" && address ? address.port : 0
}
