/**
 * The real Claude Code, isolated: `ccrun.sh` gives it an empty environment and a HOME of its own. It needs no account.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { startChild } from "./_child.ts"
import { KEY } from "./_proxy.ts"

/** `LLM_PROXY_CLAUDE_CODE`: the folder that docs/7.live-tests.md tells how to make. */
const folder = process.env["LLM_PROXY_CLAUDE_CODE"] ?? ""

/** What to do for Claude Code to be there, if anything. */
export function lacksClaude(): string | undefined {
  if (folder === "") return "set LLM_PROXY_CLAUDE_CODE to a folder with Claude Code in it (docs/7.live-tests.md)"
  if (!existsSync(join(folder, "ccrun.sh"))) return `there is no ccrun.sh in ${folder} (docs/7.live-tests.md)`
  return existsSync(join(folder, "node_modules/.bin/claude")) ? undefined : `run "npm install" in ${folder}`
}

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/**
 * Runs `claude -p` with these arguments on a proxy.
 *
 * @param auth The variable that holds the proxy's key.
 */
export async function runClaude(url: string, auth: string, ...args: readonly string[]): Promise<Ran> {
  // As root, Claude Code skips permissions only in a sandbox, which that variable claims.
  const all = [url, "-p", ...args, "--dangerously-skip-permissions"]
  const { output, ended } = startChild(join(folder, "ccrun.sh"), all, {
    env: { CC_DIR: folder, CC_AUTH: `${auth}=${KEY}`, CC_ENV: "IS_SANDBOX=1", CC_TIMEOUT: "120" },
  })
  return { code: await ended, ...output }
}
