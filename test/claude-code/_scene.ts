/** Claude Code, the proxy as a user runs it, and behind it a backend that answers by a script. */
import { onTestFinished } from "vitest"
import { startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { KEY, startProxy } from "../live/_proxy.ts"
import { createClaude, type Claude } from "./_claude.ts"

export interface Scene {
  readonly claude: Claude
  readonly backend: ScriptedBackend
  /** What Claude Code asked of the proxy since the last call. */
  asked(): readonly string[]
  /** All that the proxy logged. */
  log(): string
}

export interface SceneOptions {
  /** Settings of the backend beside its URL, as they stand in the config: `api: responses, profile: deepseek`. */
  readonly backend?: string
  /** Names of models, and how the backend calls them. @default every name leads to the model "m" */
  readonly models?: Readonly<Record<string, string>>
  /** Variables of Claude Code. @default the proxy's key in `ANTHROPIC_AUTH_TOKEN` */
  readonly env?: Readonly<Record<string, string>>
  /** More of the config: `plugins: […]`. */
  readonly config?: string
}

/** How Claude Code asks for an answer. */
export const MESSAGES = "POST /v1/messages"

const VARIABLES = { ANTHROPIC_AUTH_TOKEN: KEY }

/** Prepares all three; what the backend is to say may also be added later, with `backend.play`. */
export async function createScene(scripts: readonly Script[], options: SceneOptions = {}): Promise<Scene> {
  const { models = { "*": "m" }, env = VARIABLES, config = "" } = options
  const backend = await startBackend(...scripts)
  onTestFinished(() => backend.close())
  const routes = Object.entries(models).map(([name, model]) => `  "${name}": { backend: scripted, model: ${model} }\n`)
  const settings = [`base_url: "${backend.url}"`, options.backend].filter(Boolean).join(", ")
  const proxy = await startProxy(`models:\n${routes.join("")}backends:\n  scripted: { ${settings} }\n${config}`)
  const claude = await createClaude(proxy.url, env)
  return { claude, backend, asked: proxy.requests, log: proxy.log }
}
