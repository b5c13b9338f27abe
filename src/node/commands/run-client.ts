/** Runs a program in this one's place: its input and output are this one's, and so are signals and exit code. */
import { spawn } from "node:child_process"
import { reasonOf, StartError } from "../start-error.ts"
import type { Env } from "../substitute.ts"

const PASSED = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** @throws {StartError} when it cannot be run. */
export async function runClient(program: string, args: readonly string[], env: Env): Promise<Ended> {
  const child = spawn(program, args, { env: { ...env }, stdio: "inherit" })
  // A terminal gives Ctrl-C to both; twice would be one too many.
  const pass = (signal: NodeJS.Signals): void => {
    if (!(process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT"))) child.kill(signal)
  }
  const leave = (): void => void child.kill("SIGTERM")
  for (const signal of PASSED) process.on(signal, pass)
  process.on("exit", leave)
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (error) => reject(new StartError(`${program}: ${reasonOf(error)}`, { cause: error })))
      child.once("close", (code, signal) => resolve({ code, signal }))
    })
  } finally {
    process.off("exit", leave)
    for (const signal of PASSED) process.off(signal, pass)
  }
}
