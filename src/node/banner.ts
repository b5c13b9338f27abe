/** What a start shows: where the proxy listens, where each model goes and whether it can, and two lines to paste. */
import type { Settings } from "../config/config.ts"
import { printable } from "../log.ts"
import type { Target } from "../stage.ts"

const HEADERS = '-H "x-api-key: $PROXY_API_KEY" -H "content-type: application/json"'

export interface BannerFacts {
  readonly version: string
  /** Where it listens, as {@link toAddress} writes it. */
  readonly url: string
  /** In the order of the line. */
  readonly plugins: readonly string[]
}

/** The table, with a line break at its end. Names that the config brings are escaped; keys are not in it. */
export function toBanner({ routes }: Settings, { version, url, plugins }: BannerFacts): string {
  const rows = routes.entries.map(([model, target]) => [
    printable(model),
    "→",
    printable(`${target.backend.name}/${target.model}`),
    stateOf(target),
  ])
  const order = plugins.length > 0 ? plugins.map((name) => printable(name)).join(" → ") : "none"
  return [
    `LLM Proxy ${version} on ${url}`,
    "",
    ...(rows.length > 0 ? table(rows) : ["  no models: add some to models: in the config"]),
    "",
    `  plugins: ${order}`,
    "",
    "Try it, and run Claude Code on it:",
    `  curl ${url}/v1/messages ${HEADERS} -d ${quote(question(routes))}`,
    `  ANTHROPIC_BASE_URL=${url} ANTHROPIC_AUTH_TOKEN=$PROXY_API_KEY claude`,
    "",
    "",
  ].join("\n")
}

/** A URL one can open: listening on every address is reached at the loopback one. */
export function toAddress(host: string, port: number): string {
  const reachable = host === "0.0.0.0" || host === "" ? "127.0.0.1" : /^[:0]+$/.test(host) ? "[::1]" : host
  return `http://${reachable.includes(":") && !reachable.startsWith("[") ? `[${reachable}]` : reachable}:${port}`
}

function stateOf({ backend: { missing } }: Target): string {
  if (missing.length === 0) return "ready"
  return `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set`
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
}

/** Asks a model that answers: one that is ready and has a whole name, if there is one. */
function question({ entries }: Settings["routes"]): string {
  const ready = entries.filter(([, { backend }]) => backend.missing.length === 0)
  const whole = ready.find(([model]) => !model.includes("*")) ?? ready[0] ?? entries[0]
  const model = printable(whole?.[0] ?? "demo").replaceAll("*", "1")
  return JSON.stringify({ model, max_tokens: 256, messages: [{ role: "user", content: "Hello!" }] })
}

/** For a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
