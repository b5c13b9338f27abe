/** The table of safe defaults in docs/6.security.md and the limits of docs/3.api.md, held to the program. */
import { expect, test } from "vitest"
import { resolveConfig } from "../src/config/config.ts"
import { limitsOf, toNodeOptions } from "../src/node/limits.ts"
import { tableUnder } from "./_docs.ts"

const { server, backends } = resolveConfig({ models: {}, backends: { b: { base_url: "http://b.test/v1" } } })
const rows = tableUnder("docs/6.security.md", "## Defaults, and what changes them")

/** What an option is when nobody says it; undefined for one that is something else than a value then. */
function defaultOf(option: string): unknown {
  const path = option.split(".")
  const from: unknown = path[0] === "server" ? { server } : { backends: { "*": backends.get("b") } }
  return path.reduce((value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined), from)
}

test("each default is the one that the program has", () => {
  const told = rows.flatMap(([, value = "", option = ""]) => (/^(server|backends)\./.test(option) ? [{ option, value }] : []))
  const valued = told.filter(({ option }) => ["string", "number"].includes(typeof defaultOf(option)))
  expect(valued).toEqual(valued.map(({ option }) => ({ option, value: String(defaultOf(option)) })))
  expect(valued.length).toBeGreaterThan(8)
})

test("each option of the server that bounds or guards something is there", () => {
  const flat = Object.entries(server).flatMap(([name, value]) =>
    name === "timeout" ? Object.keys(value as object).map((inner) => `server.timeout.${inner}`) : [`server.${name}`],
  )
  const told = new Set(rows.map(([, , option]) => option))
  // Where and by how many it is answered bounds nothing.
  expect(flat.filter((option) => !told.has(option)).toSorted()).toEqual(["server.port", "server.workers"])
})

test("limits that are fixed are the server's", () => {
  const { headers, headerBytes } = limitsOf(server)
  expect(rows.find(([what]) => what?.startsWith("a request's headers"))?.[1]).toBe(`${headers} s, ${headerBytes / 1024} KiB`)
  expect(toNodeOptions(server)).toEqual({
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: 16_384,
    requireHostHeader: false,
  })
})
