/**
 * The real Claude Code, isolated: an environment of its own, in which no account and no setting is found, a HOME of its
 * own, and a folder of its own to work in. It needs no account.
 */
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { startChild } from "../live/_child.ts"
import { KEY } from "../live/_proxy.ts"

/** `LLM_PROXY_CLAUDE_CODE`: the folder that docs/7.live-tests.md tells how to make. */
const installed = process.env["LLM_PROXY_CLAUDE_CODE"] ?? ""
const PROGRAM = join(installed, "node_modules/.bin/claude")

/** What to do for Claude Code to be there, if anything. */
export function lacksClaude(): string | undefined {
  if (installed === "") return "set LLM_PROXY_CLAUDE_CODE to a folder with Claude Code in it (docs/7.live-tests.md)"
  return existsSync(PROGRAM) ? undefined : `there is no Claude Code in ${installed} (docs/7.live-tests.md)`
}

export interface Claude {
  readonly home: string
  /** Where it works: files for its tools go here. */
  readonly folder: string
  /** Runs `claude -p` with these arguments until it ends. */
  print(...args: readonly string[]): Promise<Printed>
  /** The same, and what happened on the way is read from its stream of JSON lines. */
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
  readonly failed: boolean
  /** How often it says that it asked a model. */
  readonly turns: number
  /** Each line it printed. */
  readonly lines: readonly Line[]
}

/** A line of `--output-format stream-json`; what else is in it depends on its type. */
export interface Line {
  readonly type: string
  readonly subtype?: string
  readonly message?: { readonly content: string | readonly { readonly type: string; readonly [field: string]: unknown }[] }
  readonly [field: string]: unknown
}

const made: string[] = []
afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true })
})

/**
 * Prepares it to ask a proxy.
 *
 * @param variables Added to its environment. @default the proxy's key in `ANTHROPIC_AUTH_TOKEN`
 */
export async function createClaude(
  url: string,
  variables: Readonly<Record<string, string>> = { ANTHROPIC_AUTH_TOKEN: KEY },
): Promise<Claude> {
  // Without symbolic links, as the client tells paths.
  const place = await realpath(await mkdtemp(join(tmpdir(), "llm-proxy-claude-code-")))
  made.push(place)
  const [home, folder] = [join(place, "home"), join(place, "work")]
  await mkdir(home)
  await mkdir(folder)
  const env = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    TERM: "dumb",
    LANG: "C.UTF-8",
    ANTHROPIC_BASE_URL: url,
    DISABLE_AUTOUPDATER: "1",
    // As root it skips permissions only in a sandbox, which this claims.
    IS_SANDBOX: "1",
    ...variables,
  }
  const print: Claude["print"] = async (...args) => {
    const all = ["-p", ...args, "--dangerously-skip-permissions"]
    const { output, ended } = startChild(PROGRAM, all, { cwd: folder, env })
    return { code: await ended, ...output }
  }
  return {
    home,
    folder,
    print,
    async run(...args) {
      const { code, out, err } = await print(...args, "--output-format", "stream-json", "--verbose")
      const lines = out.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Line)
      const last = lines.findLast(({ type }) => type === "result")
      if (!last) throw new Error(`it ended with ${code} and no result:\n${out}${err}`)
      return { code, said: String(last["result"]), failed: last["is_error"] === true, turns: Number(last["num_turns"]), lines }
    },
  }
}
