/**
 * The real Claude Code, isolated: an environment of its own, in which no account and no setting is found, a HOME of
 * its own, and a folder of its own to work in. It needs no account.
 */
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { startChild } from "../live/_child.ts"
import { KEY } from "../live/_proxy.ts"
import { CLAUDE } from "./_installed.ts"

export interface Claude {
  readonly home: string
  /** Where it works: files for its tools go here. */
  readonly folder: string
  /** Runs `claude -p` with these arguments until it ends. */
  print(...args: readonly string[]): Promise<Printed>
  /** The same; what happened on the way is read from its stream of JSON lines. */
  run(...args: readonly string[]): Promise<Ran>
}

export interface Printed {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Ran {
  readonly code: number | null
  /** Its last words: the answer, or what went wrong. */
  readonly said: string
  /** How many turns it counts. */
  readonly turns: number
  /** Each line it printed. */
  readonly lines: readonly Line[]
}

/** A line of `--output-format stream-json`; what else is in it depends on its type. */
export interface Line {
  readonly type: string
  readonly [field: string]: unknown
}

const made: string[] = []
afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true })
})

/**
 * Prepares it to ask a proxy.
 *
 * @param variables Of its environment, beside the usual ones.
 */
export async function createClaude(
  url: string,
  variables: Readonly<Record<string, string>> = { ANTHROPIC_AUTH_TOKEN: KEY },
): Promise<Claude> {
  // Without symbolic links, as the client tells paths.
  const place = await realpath(await mkdtemp(join(tmpdir(), "llm-proxy-claude-code-")))
  made.push(place)
  const [home, folder, temporary] = [join(place, "home"), join(place, "work"), join(place, "tmp")]
  for (const path of [home, folder, temporary]) await mkdir(path)
  const env = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    CLAUDE_CODE_TMPDIR: temporary,
    TERM: "dumb",
    LANG: "C.UTF-8",
    ANTHROPIC_BASE_URL: url,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", // it asks the proxy and nobody else
    CLAUDE_CODE_MAX_RETRIES: "2", // by then it shows that it tries again; its usual ten take three minutes
    IS_SANDBOX: "1", // as root it skips permissions only in a sandbox, which this claims
    ...variables,
  }
  const print: Claude["print"] = async (...args) => {
    const all = ["-p", ...args, "--dangerously-skip-permissions"]
    const { output, ended } = startChild(CLAUDE, all, { cwd: folder, env })
    return { code: await ended, ...output }
  }
  const run: Claude["run"] = async (...args) => {
    const { code, out, err } = await print(...args, "--output-format", "stream-json", "--verbose")
    const lines = out.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Line)
    const last = lines.findLast(({ type }) => type === "result")
    if (!last) throw new Error(`Claude Code ended with ${code} and without a result:\n${out}${err}`)
    return { code, said: String(last["result"]), turns: Number(last["num_turns"]), lines }
  }
  return { home, folder, print, run }
}
