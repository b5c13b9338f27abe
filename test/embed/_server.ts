/** An example as a process of its own, on a free port of this machine, with a scripted backend behind it. */
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { once } from "node:events"
import { setTimeout as wait } from "node:timers/promises"
import { startBackend, type ScriptedBackend } from "../_backend.ts"
import { startChild, type Child } from "../live/_child.ts"

/** The key clients use. */
export const KEY = "sk-proxy-embedded"

export interface Embedded {
  /** What a client has as its base URL. */
  readonly url: string
  readonly backend: ScriptedBackend
  readonly child: Child
}

/** It is told by variables where to listen and whom to ask. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
}

/** @param base The path under which it has the proxy. */
export async function startExample({ command, args, cwd }: Program, base: string): Promise<Embedded> {
  const backend = await startBackend()
  const port = String(await freePort())
  const keys = { OPENAI_API_KEY: "sk-backend", PROXY_API_KEY: KEY }
  const env = { PORT: port, HOST: "127.0.0.1", OPENAI_BASE_URL: backend.url, ...keys }
  const child = startChild(command, args, { cwd, env })
  const home = `http://127.0.0.1:${port}`
  let over = false
  void child.ended.then(() => (over = true))
  while (!(await answers(home))) {
    if (over) throw new Error(`${command} ended:\n${child.output.out}${child.output.err}`)
    await wait(50)
  }
  return { url: home + base, backend, child }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then((response) => response.text().then(() => true)).catch(() => false)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}
