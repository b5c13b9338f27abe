/** Where Claude Code is, if it is here at all. */
import { existsSync } from "node:fs"
import { join } from "node:path"

/** `LLM_PROXY_CLAUDE_CODE`: the folder that docs/7.live-tests.md tells how to make. */
const folder = process.env["LLM_PROXY_CLAUDE_CODE"] ?? ""

/** The client's program. */
export const CLAUDE = join(folder, "node_modules/.bin/claude")

/** What to do for Claude Code to be there, if anything. */
export function lacksClaude(): string | undefined {
  if (folder === "") return "set LLM_PROXY_CLAUDE_CODE to a folder with Claude Code in it (docs/7.live-tests.md)"
  return existsSync(CLAUDE) ? undefined : `there is no Claude Code in ${folder} (docs/7.live-tests.md)`
}
