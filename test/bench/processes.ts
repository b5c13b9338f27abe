/** The processes of a run: started on the same Node with nothing of the user's environment, and ended by their pid. */
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { build, SOURCES, type Program } from "./build.ts"
import { KEY } from "./order.ts"
import type { ServerName } from "./servers.ts"

export interface Running {
  readonly url: string
  /** Also the id of its process group. */
  readonly pid: number
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
const folder = mkdtempSync(join(tmpdir(), "llm-proxy-bench-"))
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL")
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130))

/** @param core Where it runs, if anywhere in particular. */
export function startMock(core: string | undefined): Promise<Running> {
  return start([resolve(import.meta.dirname, "mock.ts")], {}, core)
}

/**
 * @param upstream The mock's address.
 * @param program What is started. @default the sources
 */
export function startServer(
  name: ServerName,
  upstream: string,
  core: string | undefined,
  { folder: code, extension }: Program = SOURCES,
): Promise<Running> {
  const plain = name !== "proxy" && name !== "plugins"
  if (plain) return start([join(code, `test/bench/${name}${extension}`)], { UPSTREAM: upstream }, core)
  const plugins = name === "plugins" ? ["log", "metrics"] : []
  const config = join(folder, `${name}.yaml`)
  const backends = { mock: { base_url: `${upstream}/v1` } }
  const models = { bench: { backend: "mock", model: "gpt-bench" } }
  writeFileSync(config, JSON.stringify({ models, backends, plugins }))
  const env = {
    LLM_PROXY_CONFIG: config,
    PROXY_API_KEY: KEY,
    LOG_LEVEL: name === "plugins" ? "info" : "silent",
    NODE_COMPILE_CACHE: join(folder, "compiled"), // instead of the one in node_modules, which is not the run's
  }
  const main = join(code, `src/node/main${extension}`)
  return start(extension === ".ts" ? ["--conditions=llm-proxy", main] : [main], env, core)
}

let built: Program | undefined

/**
 * The servers compiled, once for a run. The proxy has been started once: what Node compiles then is kept for the starts
 * after it.
 */
export async function buildServers(upstream: string, core: string | undefined): Promise<Program> {
  if (built) return built
  built = build(folder)
  const first = await startServer("proxy", upstream, core, built)
  await first.stop()
  return built
}

async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  core: string | undefined,
): Promise<Running> {
  const port = await freePort()
  const [command, ...before] = [...(core === undefined ? [] : ["taskset", "-c", core]), process.execPath]
  const words = join(folder, `${port}.err`)
  const child = spawn(command ?? "", [...before, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, PORT: String(port), ...env },
    stdio: ["ignore", "ignore", openSync(words, "w")],
    detached: true, // a process group of its own, whose CPU is what is measured
  })
  running.add(child)
  const exited = once(child, "exit").finally(() => running.delete(child))
  let ended = false
  void exited.then(() => (ended = true))
  for (const since = Date.now(); !(await accepts(port)); await sleep(20)) {
    if (!ended && Date.now() - since < 20_000) continue
    throw new Error(`${args.at(-1)} does not start: ${readFileSync(words, "utf8").slice(-2000)}`)
  }
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM")
    const patience = setTimeout(() => child.kill("SIGKILL"), 2000)
    await exited
    clearTimeout(patience)
  }
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1")
  return once(socket, "connect").then(() => true, () => false).finally(() => socket.destroy())
}
