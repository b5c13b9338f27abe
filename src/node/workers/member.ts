/** A worker, as the process that started it has it. */
import cluster from "node:cluster"
import { fileURLToPath } from "node:url"
import { COMPILED } from "../own-package.ts"
import type { PrimaryCalls, WorkerCalls } from "./calls.ts"
import { connectPeer, type Peer } from "./peer.ts"

export interface Member {
  /** How the log calls it: none before it had this number. */
  readonly number: number
  readonly pid: number | undefined
  readonly peer: Peer<WorkerCalls>
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Now. */
  kill(): void
}

/** Once for the process. */
export function setUpCluster(): void {
  // In turn, and a connection that a worker no longer takes goes to the next. Windows has it otherwise.
  cluster.schedulingPolicy = cluster.SCHED_RR
  const exec = fileURLToPath(new URL(COMPILED ? "./main.js" : "./main.ts", import.meta.url))
  // `advanced` is structured clone: bytes in storage stay bytes.
  cluster.setupPrimary({ exec, args: [], serialization: "advanced" })
}

/** @param calls What it can ask. */
export function startMember(calls: PrimaryCalls): Member {
  const worker = cluster.fork()
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    worker.once("exit", (code: number | null, signal: string | null) => resolve({ code, signal }))
  })
  worker.on("error", () => {}) // a message that could not be sent; whoever sent it is told
  const peer = connectPeer<WorkerCalls>(worker, calls)
  return { number: worker.id, pid: worker.process.pid, peer, ended, kill: () => void worker.process.kill("SIGKILL") }
}
