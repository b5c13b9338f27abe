/** Runs once before the suite: what it lacks is said in one line, not in one a file. */
import { lacks } from "../live/_missing.ts"
import { lacksClaude } from "./_installed.ts"

export default function setup(): void {
  lacks("claude-code", lacksClaude())
}
