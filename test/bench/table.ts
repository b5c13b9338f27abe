/** Rows as a table one can read in a terminal and in Markdown, and its place in the docs. */
import { readFileSync, writeFileSync } from "node:fs"
import { ratiosOf, valueOf, verdictOf, type Row } from "./rows.ts"
import { COLUMNS } from "./servers.ts"
import { median, quantile } from "./stats.ts"

const HEAD = ["scenario", "metric", ...COLUMNS, "proxy/floor [q1–q3]", "target (line)", ""]

const PAGE = new URL("../../docs/5.performance.md", import.meta.url)

export function toTable(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map((row, n) => toCells(row, rows[n - 1]?.title === row.title))]
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const rule = widths.map((width, column) => (isFigure(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)))
  const [head = [], ...body] = cells.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)))
  return [head, rule, ...body].map((row) => `| ${row.join(" | ")} |`).join("\n")
}

/** Puts a text between the markers of the docs page. */
export function writePage(text: string): void {
  const page = readFileSync(PAGE, "utf8")
  const [before, after] = [page.indexOf("<!-- bench -->"), page.indexOf("<!-- /bench -->")]
  if (before < 0 || after < before) throw new Error(`${PAGE.pathname} has no place for the table`)
  writeFileSync(PAGE, `${page.slice(0, before)}<!-- bench -->\n\n${text}\n\n${page.slice(after)}`)
}

function toCells(row: Row, again: boolean): string[] {
  const { title, metric, unit, goal } = row
  const ratios = ratiosOf(row)
  const spread = `[${[0.25, 0.75].map((share) => quantile(ratios, share).toFixed(2)).join("–")}]`
  const { against = "floor" } = goal ?? {}
  const ratio = `${median(ratios).toFixed(2)} ${spread}${against === "floor" ? "" : ` (${against})`}`
  return [
    again ? "" : title,
    unit ? `${metric}, ${unit}` : metric,
    ...COLUMNS.map((name) => toFigure(valueOf(row, name))),
    row.worst ? "" : ratios.length > 0 ? ratio : "–",
    goal ? (goal.line === 0 ? "none" : `≤ ${goal.target} (${goal.line})`) : "",
    verdictOf(row) ?? "",
  ]
}

/** Three digits are more than the noise leaves. */
function toFigure(value: number): string {
  if (!Number.isFinite(value)) return "–"
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3)
}

function pad(cell: string, width: number, column: number): string {
  return isFigure(column) ? cell.padStart(width) : cell.padEnd(width)
}

function isFigure(column: number): boolean {
  return column > 1 && column < HEAD.length - 1
}
