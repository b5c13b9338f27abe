/** Claude Code, the proxy as a user runs it, and behind it a backend that answers by a script. */
import { onTestFinished } from "vitest"
import { startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { KEY, startProxy } from "../live/_proxy.ts"
import { createClaude, type Claude } from "./_claude.ts"

export interface Scene {
  readonly claude: Claude
  readonly backend: ScriptedBackend
  /** What Claude Code asked of the proxy since the last call, without its look whether anybody is there. */
  asked(): readonly string[]
}

export interface SceneOptions {
  /** Settings of the backend beside its URL, as in YAML's flow style: `api: responses, profile: deepseek`. */
  readonly backend?: string
  /** Further variables of Claude Code. */
  readonly env?: Readonly<Record<string, string>>
}

/** A request of Claude Code for an answer. */
export const MESSAGES = "POST /v1/messages"

/** Every model name leads to the backend, where the model is called `m`. */
export async function createScene(scripts: readonly Script[], { backend: more = "", env }: SceneOptions = {}): Promise<Scene> {
  const backend = await startBackend(...scripts)
  onTestFinished(() => backend.close())
  const { url, requests } = await startProxy(`models:
  "*": { backend: scripted, model: m }
backends:
  scripted: { base_url: "${backend.url}"${more && `, ${more}`} }
`)
  const claude = await createClaude(url, { ANTHROPIC_AUTH_TOKEN: KEY, ...env })
  return { claude, backend, asked: () => requests().filter((request) => request !== "HEAD /api/hello") }
}
