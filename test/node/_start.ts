/** Real folders and real processes for the tests of what a start does. */
import { execFile, spawn, type ChildProcess } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll } from "vitest"
import type { Terminal } from "../../src/node/open.ts"

const MAIN = fileURLToPath(new URL("../../src/node/main.ts", import.meta.url))

/** A config that needs nothing but the demo backend. */
export const DEMO = `models:
  demo: { backend: demo, model: demo }
backends:
  demo: { base_url: "demo:" }
`

const made: string[] = []
const started: ChildProcess[] = []
afterAll(async () => {
  for (const child of started) child.kill("SIGKILL")
  for (const path of made) await rm(path, { recursive: true, force: true })
})

/** A folder with these files in it, gone after the tests. */
export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "llm-proxy-"))
  made.push(folder)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

export interface Started {
  readonly child: ChildProcess
  readonly output: { out: string; err: string }
  /** Settles when this text has been printed, rejects when the process ends without it. */
  until(text: string): Promise<void>
  /** The exit code and all that was printed. */
  readonly ended: Promise<{ code: number | null; out: string; err: string }>
}

/** Runs the command in a folder with these variables and no others of this program. */
export function start(cwd: string, env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Started {
  const variables = { PATH: process.env["PATH"], PORT: "0", ...env }
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: variables })
  started.push(child)
  const output = { out: "", err: "" }
  const looks = new Set<() => void>()
  child.stdout.on("data", (data: Buffer) => {
    output.out += data.toString()
    for (const look of looks) look()
  })
  child.stderr.on("data", (data: Buffer) => {
    output.err += data.toString()
    for (const look of looks) look()
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }))
  })
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if ((output.out + output.err).includes(text)) resolve()
      }
      looks.add(look)
      look()
      void ended.then(() => reject(new Error(`ended without "${text}":\n${output.out}${output.err}`)))
    })
  return { child, output, until, ended }
}

/**
 * What `openProxy` says of each folder, all in one process that is not the tests': imports there are Node's own.
 * A start that goes well says `ready`.
 */
export async function openAll(folders: readonly string[], env: Readonly<Record<string, string>>): Promise<string[]> {
  const code = `
    const { openProxy } = await import(${JSON.stringify(new URL("../../src/node/open.ts", import.meta.url).href)})
    const answers = []
    for (const cwd of ${JSON.stringify(folders)}) {
      process.chdir(cwd)
      const words = { err: () => {}, out: () => {}, tty: false }
      const opening = openProxy({ cwd, env: ${JSON.stringify(env)}, terminal: words })
      answers.push(await opening.then(() => "ready", (error) => error.message))
    }
    console.log(JSON.stringify(answers))`
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code])
  return JSON.parse(stdout) as string[]
}

/** A terminal that keeps what it is told. */
export function recorder(tty = false): Terminal & { readonly text: { out: string; err: string } } {
  const text = { out: "", err: "" }
  return { text, tty, out: (more) => void (text.out += more), err: (more) => void (text.err += more) }
}
