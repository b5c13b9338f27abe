/** Folders that are gone after the tests, and programs that run in them to their end. */
import { execFile } from "node:child_process"
import { mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { afterAll } from "vitest"

export const root = resolve(import.meta.dirname, "../..")

const made: string[] = []
afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true })
})

export async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "llm-proxy-embed-")))
  made.push(folder)
  return folder
}

/**
 * Runs a program in a folder until it ends.
 *
 * @returns What it printed.
 * @throws {Error} with all it printed, when its exit code is not 0.
 */
export async function run(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, NODE_ENV: "production", CI: "1" }
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: folder, env, maxBuffer: 1 << 26 })
    return stdout + stderr
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
