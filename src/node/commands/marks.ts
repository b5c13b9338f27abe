/** How lines of a result begin: what is well, what is not, and what is only told. Colours show on a terminal alone. */
import { styleText } from "node:util"

/** Undefined for what is neither well nor wrong. */
export type State = boolean | undefined

export function toMark(state: State): string {
  if (state === undefined) return styleText("yellow", "–")
  return state ? styleText("green", "✓") : styleText("red", "✗")
}

/** Rows as columns, without blanks at the end of a line. */
export function toColumns(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = []
  for (const row of rows) for (const [n, cell] of row.entries()) widths[n] = Math.max(widths[n] ?? 0, cell.length)
  const lines = rows.map((row) => indent + row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join("  ").trimEnd())
  return lines.map((line) => `${line}\n`).join("")
}
