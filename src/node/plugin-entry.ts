/** An entry of `plugins:` in the config: a name, its options, and beside them what holds for every plugin. */
import type { Config } from "../config/config.ts"
import { shorten } from "../config/mistakes.ts"
import type { Guard } from "../plugin/guard.ts"
import type { OptionsIssue } from "../plugin/plugin.ts"

export interface PluginEntry {
  readonly name: string
  /** Undefined for none. */
  readonly options: Readonly<Record<string, unknown>> | undefined
  readonly guard: Partial<Guard>
  /** What is wrong with the guard, by its path from the options on. */
  readonly issues: readonly OptionsIssue[]
}

type Entry = NonNullable<Config["plugins"]>[number]

export function readEntry(entry: Entry): PluginEntry {
  const [name = "", given] = typeof entry === "string" ? [entry] : (Object.entries(entry)[0] ?? [])
  const { onError, timeLimit, ...rest } = given ?? {}
  const options = Object.keys(rest).length > 0 ? rest : undefined
  const issues: OptionsIssue[] = []
  const guard: { onError?: Guard["onError"]; timeLimit?: number } = {}
  if (onError === "fail" || onError === "skip") guard.onError = onError
  else if (onError !== undefined) issues.push({ path: ["onError"], message: `must be one of fail, skip, not ${shorten(onError)}` })
  if (typeof timeLimit === "number" && timeLimit > 0 && timeLimit <= 86_400) guard.timeLimit = timeLimit
  else if (timeLimit !== undefined) {
    issues.push({ path: ["timeLimit"], message: `must be a number of seconds up to 86400, not ${shorten(timeLimit)}` })
  }
  return { name, options, guard, issues }
}
