/** Runtimes and checkers that the tests need: what the package.json beside says, installed when first asked for. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"

const INSTALLED = join(import.meta.dirname, "node_modules")

/** Where Debian and others have their browser. `LLM_PROXY_CHROMIUM` names another one. */
const BROWSERS = [process.env["LLM_PROXY_CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/google-chrome"]

/** The path of a tool's file below node_modules; undefined, and said, where it cannot be had on this machine. */
export function findTool(path: string): string | undefined {
  if (!existsSync(join(INSTALLED, ".package-lock.json"))) install()
  const file = join(INSTALLED, path)
  return existsSync(file) ? file : missing(path)
}

/** The path of Chromium; undefined, and said, where there is none. */
export function findBrowser(): string | undefined {
  return BROWSERS.find((path) => path !== "" && existsSync(path)) ?? missing("chromium")
}

function install(): void {
  try {
    execFileSync("npm", ["ci"], { cwd: import.meta.dirname, stdio: "ignore" })
  } catch {
    console.log("test/embed: npm ci fails here, so there are no tools")
  }
}

function missing(name: string): undefined {
  console.log(`test/embed: ${name} is not here; what needs it is skipped`)
  return undefined
}
