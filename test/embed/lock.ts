/**
 * Writes the lock files of docs/examples anew, after a change of dependencies: `node test/embed/lock.ts`. The package
 * is in them as a registry will have it, without a place and a hash, for there is none before it is published.
 */
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")
const examples = join(root, "docs/examples")
const scratch = mkdtempSync(join(tmpdir(), "llm-proxy-lock-"))

const npm = (...args: readonly string[]): string => execFileSync("npm", args, { cwd: scratch, encoding: "utf8" })
const read = (path: string) => JSON.parse(readFileSync(path, "utf8"))

copyFileSync(join(root, "package.json"), join(scratch, "package.json"))
npm("pack", "--ignore-scripts", "--silent")
const tarball = join(scratch, `llm-proxy-${read(join(root, "package.json")).version}.tgz`)
for (const { name } of readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const manifest = read(join(examples, name, "package.json"))
  const dependencies = { ...manifest.dependencies, "llm-proxy": `file:${tarball}` }
  writeFileSync(join(scratch, "package.json"), JSON.stringify({ ...manifest, dependencies }))
  copyFileSync(join(examples, name, "package-lock.json"), join(scratch, "package-lock.json"))
  npm("install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved")
  const lock = { ...read(join(scratch, "package-lock.json")), name }
  lock.packages[""].dependencies = manifest.dependencies
  delete lock.packages["node_modules/llm-proxy"].resolved
  delete lock.packages["node_modules/llm-proxy"].integrity
  writeFileSync(join(examples, name, "package-lock.json"), `${JSON.stringify(lock, undefined, 2)}\n`)
}
rmSync(scratch, { recursive: true })
