/**
 * Environment variables in a text: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, and `$$` for a dollar sign. The
 * forms are those of Compose files; as there, `:` means that empty counts as unset. A `$` before anything else is
 * itself, and what a variable holds is not looked through again.
 */

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>

export interface Substituted {
  readonly source: string
  readonly text: string
  /** Plain `${VAR}`s that gave nothing. */
  readonly unset: readonly { readonly name: string; readonly empty: boolean }[]
  /** What `${VAR:?message}` refuses, and forms that are not one of the above. */
  readonly faults: readonly string[]
  /** What was put in from variables: it may be a secret. */
  readonly values: readonly string[]
  /** The whole text was one substitution. */
  readonly alone: boolean
}

const FORMS = "${VAR}, ${VAR:-default}, ${VAR:?message}, and $$ for a $"

export function substitute(text: string, env: Env): Substituted {
  const unset: { name: string; empty: boolean }[] = []
  const faults: string[] = []
  const values: string[] = []

  const expand = (form: string): string => {
    const [, name = "", sign, rest = ""] = /^([A-Za-z_]\w*)(?::([-?])([^]*))?$/.exec(form) ?? []
    if (!name) {
      faults.push(`\${${form}} is not a variable; allowed: ${FORMS}`)
      return ""
    }
    const value = env[name]
    if (value) {
      values.push(value)
      return value
    }
    if (sign === "-") return scan(rest)
    if (sign === "?") faults.push(rest ? `${name}: ${scan(rest)}` : `${name} is not set`)
    else unset.push({ name, empty: value === "" })
    return ""
  }

  const scan = (piece: string): string => {
    let out = ""
    let from = 0
    for (;;) {
      const dollar = piece.indexOf("$", from)
      if (dollar < 0) return out + piece.slice(from)
      out += piece.slice(from, dollar)
      from = dollar + 1
      if (piece[from] === "$") {
        out += "$"
        from++
      } else if (piece[from] !== "{") {
        out += "$"
      } else {
        const end = closing(piece, from)
        if (end < 0) {
          faults.push("a ${ is not closed; write $$ for a dollar sign")
          return out
        }
        out += expand(piece.slice(from + 1, end))
        from = end + 1
      }
    }
  }

  const done = scan(text)
  const alone = text.startsWith("${") && closing(text, 1) === text.length - 1
  return { source: text, text: done, unset, faults, values, alone }
}

/** Where the brace at `open` closes; `${` inside a default opens another. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{" && (at === open || text[at - 1] === "$")) depth++
    else if (text[at] === "}" && --depth === 0) return at
  }
  return -1
}
