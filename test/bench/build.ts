/** The servers as they are installed: what a start costs cannot be told where types have to be stripped first. */
import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, symlinkSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

/** Where the servers are, and what is behind the names of their files. */
export interface Program {
  readonly folder: string
  readonly extension: ".ts" | ".js"
}

const ROOT = resolve(import.meta.dirname, "../..")

export const SOURCES: Program = { folder: ROOT, extension: ".ts" }

/** Compiles into a folder, which gets all that a package has beside its code. Takes some seconds. */
export function build(folder: string): Program {
  const dist = join(folder, "dist")
  const servers = ["raw", "floor", "naive"].map((name) => `test/bench/${name}.ts`)
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  copyFileSync(join(ROOT, "package.json"), join(folder, "package.json"))
  const config = {
    extends: join(ROOT, "src/tsconfig.build.json"),
    compilerOptions: { outDir: dist, rootDir: ROOT, declaration: false },
    include: ["src", "plugins", ...servers].map((path) => join(ROOT, path)),
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc")
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" })
  if (!existsSync(join(dist, "src/node/main.js"))) throw new Error(`not compiled: ${stdout.slice(0, 500)}`)
  return { folder: dist, extension: ".js" }
}
