/** Child processes of the live tests: what they print is kept, and they are ended, each by its own id, at the end. */
import { spawn, type ChildProcess } from "node:child_process"
import { afterAll } from "vitest"

export interface Child {
  /** All that was printed so far, standard output and standard error apart. */
  readonly output: { out: string; err: string }
  /** Settles with the match once it has been printed; rejects when the process ends without it. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
}

export interface ChildOptions {
  /** @default the folder of these tests' process */
  readonly cwd?: string
  /** All variables it gets, beside `PATH` and `HOME`. */
  readonly env?: Readonly<Record<string, string>>
}

const running = new Set<ChildProcess>()
afterAll(async () => {
  await Promise.all([...running].map(end))
})

/** Starts a program. It lives until the tests of the file are over. */
export function startChild(command: string, args: readonly string[], { cwd, env }: ChildOptions = {}): Child {
  const { PATH, HOME } = process.env
  const child = spawn(command, args, { cwd, env: { PATH, HOME, ...env }, stdio: ["ignore", "pipe", "pipe"] })
  running.add(child)
  const output = { out: "", err: "" }
  const looks = new Set<() => void>()
  const keep = (stream: keyof typeof output) => (text: string) => {
    output[stream] += text
    for (const look of looks) look()
  }
  child.stdout.setEncoding("utf8").on("data", keep("out"))
  child.stderr.setEncoding("utf8").on("data", keep("err"))
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", (error) => keep("err")(`${error.message}\n`))
    child.on("close", (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(output.out + output.err)
        if (!match) return
        looks.delete(look)
        resolve(match)
      }
      looks.add(look)
      look()
      void ended.then(() => reject(new Error(`${command} ended without ${pattern}:\n${output.out}${output.err}`)))
    })
  return { output, until, ended }
}

/** Asks first; who has not gone after five seconds is made to. */
async function end(child: ChildProcess): Promise<void> {
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()))
  child.kill("SIGTERM")
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000)
  await closed
  clearTimeout(timer)
}
