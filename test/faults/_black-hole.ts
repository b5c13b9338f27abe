/**
 * An address at which no connection ever comes about: a process that listens and never accepts, with its queue full.
 * The kernel then drops what comes, as a firewall does.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"

export interface BlackHole {
  readonly url: string
  close(): Promise<void>
}

/** Listens, says where, and sleeps for ever. */
const LISTEN = `
const server = require("node:net").createServer()
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  require("node:fs").writeSync(1, String(server.address().port))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

export async function startBlackHole(): Promise<BlackHole> {
  const child = spawn(process.execPath, ["--eval", LISTEN], { stdio: ["ignore", "pipe", "inherit"] })
  const [bytes] = (await once(child.stdout, "data")) as [Buffer]
  const port = Number(bytes.toString())
  // More than the queue takes; those beyond it hang as the proxy's will.
  const waiting = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => {}))
  await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    url: `http://127.0.0.1:${port}/v1`,
    async close() {
      for (const socket of waiting) socket.destroy()
      const ended = once(child, "exit")
      child.kill("SIGKILL")
      await ended
    },
  }
}
