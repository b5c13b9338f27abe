#!/usr/bin/env node
/** Starts the command, or says which Node it needs: an older one fails on the imports before anything can be said. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`llm-proxy: needs Node 22.18 or newer, this is ${process.versions.node}\n`)
  process.exitCode = 1
} else {
  const { run } = await import("./command-line.ts")
  await run(process.argv.slice(2))
}
