/**
 * A worker: one of the processes of `server.workers`. It does what it is asked to by the process that started it, and
 * ends as that one would: when it is gone, and at a signal, once running answers have ended. An interrupt at a terminal
 * goes to all processes at once, so it is no second signal here.
 */
import cluster from "node:cluster"
import { toWords } from "../exit.ts"
import { openGenerations, type Generations } from "../generations.ts"
import { TERMINAL } from "../open.ts"
import { listen, type Listening } from "../server.ts"
import { survive } from "../survive.ts"
import type { PrimaryCalls, WorkerCalls } from "./calls.ts"
import { connectPeer } from "./peer.ts"
import { sharedStorage } from "./shared-storage.ts"
import { joinWorkers } from "./together.ts"

let generations: Generations | undefined // once it starts
let listening: Listening | undefined // once it listens
let ending: Promise<void> | undefined // once it was asked to

const calls: Omit<WorkerCalls, "tell" | "takeOver"> = {
  async start({ number, key, host, port, ...options }) {
    try {
      const worker = { number, host, port, storage: sharedStorage(primary), workers: together }
      const terminal = { ...TERMINAL, out: () => {} } // what a start shows is shown once, and not here
      generations = await openGenerations({ ...options, terminal, worker, ...(key && { spareKey: key }) })
      const { log, plugins } = generations.first
      survive(log)
      listening = await listen(generations)
      return { url: listening.url, plugins }
    } catch (error) {
      throw new Error(toWords(error), { cause: error })
    }
  },
  async reload(key) {
    if (!generations) throw new Error("it has not started yet")
    return generations.renew(key)
  },
  close: (leisurely) => end(leisurely),
}

const primary = connectPeer<PrimaryCalls>(
  { on: (event: string, listener: (message: unknown) => void) => process.on(event, listener), send },
  {
    ...calls,
    tell: (name: string) => together.calls.tell(name),
    takeOver: (name: string, left: unknown) => together.calls.takeOver(name, left),
  },
)
const together = joinWorkers(primary)

process.stderr.on("error", () => {}) // whoever reads may stop reading
process.on("SIGTERM", () => end(false))
process.on("SIGINT", () => end(false))
process.on("SIGHUP", () => {})
process.on("SIGUSR2", () => {})
cluster.worker?.once("disconnect", () => {
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true // else Node ends a worker here, with its answers
  end(false)
})

function end(leisurely: boolean): void {
  if (!listening) process.exit(0)
  const closed = listening.close(leisurely)
  ending ??= closed.then(leave, leave)
}

async function leave(): Promise<void> {
  await primary.ask("leave", [together.left()], 1).catch(() => {}) // it may be gone
  process.exit(0)
}

function send(message: object, sent: (error: Error | null) => void): void {
  if (!process.send) throw new Error("nobody has started this process")
  process.send(message, undefined, undefined, sent)
}
