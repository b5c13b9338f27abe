/** Variables as each shell sets them. */
import type { ClientVariables } from "./client-variables.ts"

export const SHELLS = {
  sh: (name, value) => (value === undefined ? `unset ${name}` : `export ${name}=${quoted(value, String.raw`'\''`)}`),
  fish: (name, value) => {
    if (value === undefined) return `set -e ${name}`
    return `set -gx ${name} ${quoted(value.split("\\").join(String.raw`\\`), String.raw`\'`)}`
  },
  powershell: (name, value) => (value === undefined ? `$env:${name} = $null` : `$env:${name} = ${quoted(value, "''")}`),
} as const satisfies Readonly<Record<string, (name: string, value: string | undefined) => string>>

export type Shell = keyof typeof SHELLS

export function toLines(variables: ClientVariables, shell: Shell): string {
  return Object.entries(variables).map(([name, value]) => `${SHELLS[shell](name, value)}\n`).join("")
}

function quoted(value: string, quote: string): string {
  return `'${value.split("'").join(quote)}'`
}
