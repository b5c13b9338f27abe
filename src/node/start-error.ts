/** A start that cannot go on, in words fit for a terminal: one line a mistake, no stack, no value of a key. */

/** How many mistakes are shown; more of them are rarely read, and often follow from the first. */
const SHOWN = 3

export class StartError extends Error {
  override readonly name = "StartError"

  /** @param lines What is wrong, a line each; beyond three, the rest is counted. */
  constructor(lines: string | readonly string[], options?: ErrorOptions) {
    const all = typeof lines === "string" ? [lines] : lines
    const rest = all.length - SHOWN
    super([...all.slice(0, SHOWN), ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n"), options)
  }
}

/** What a failure of the system says in a few words: `no such file`, or Node's code. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  return (code && REASONS[code]) ?? code ?? firstLine(error.message)
}

/** Node's `error.code`, where there is one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
}

export function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ""
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of this path is not a folder",
  EISDIR: "is a folder, not a file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
}
