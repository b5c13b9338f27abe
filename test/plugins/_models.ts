/** A proxy with plugins in front of several models, each on a scripted backend of its own. */
import { validateOptions, type Plugin, type PluginUse } from "../../src/plugin/plugin.ts"
import { error, json, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { startProxy, type TestProxy } from "../_proxy.ts"

export interface Models {
  readonly proxy: TestProxy
  readonly backends: Readonly<Record<string, ScriptedBackend>>
  /** How often each model has been asked. */
  counts(): Record<string, number>
  /** Asks, and tells what a client sees of the answer. */
  ask(request: object, headers?: Record<string, string>): Promise<Told>
  close(): Promise<void>
}

/** What a client sees of an answer. */
export interface Told {
  readonly status: number
  /** The text of the answer, or the error's words. */
  readonly said: string
  /** Headers of the proxy's own, without `x-llm-proxy-`, and when to come back. */
  readonly head: Record<string, string>
}

/** The model NAME is called `NAME-there` on the backend NAME. */
export async function startModels(
  scripts: Readonly<Record<string, readonly Script[]>>,
  plugins: readonly (readonly [plugin: Plugin, options: unknown])[],
): Promise<Models> {
  const started = await Promise.all(
    Object.entries(scripts).map(async ([name, list]) => [name, await startBackend(...list)] as const),
  )
  const uses: PluginUse[] = []
  for (const [plugin, options] of plugins) uses.push(await use(plugin, options))
  const proxy = await startProxy(
    {
      models: Object.fromEntries(started.map(([name]) => [name, { backend: name, model: `${name}-there` }])),
      backends: Object.fromEntries(started.map(([name, { url }]) => [name, { base_url: url }])),
    },
    { plugins: uses },
  )
  return {
    proxy,
    backends: Object.fromEntries(started),
    counts: () => Object.fromEntries(started.map(([name, { asked }]) => [name, asked.length])),
    ask: async (request, headers) => toTold(await proxy.send(request, headers)),
    async close() {
      await proxy.close()
      for (const [, backend] of started) await backend.close()
    },
  }
}

/** A plugin with checked options. */
export async function use(plugin: Plugin, options: unknown): Promise<PluginUse> {
  const checked = await validateOptions(plugin, options)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin, options: checked.options }
}

/** A whole answer with this text. */
export function says(text: string): Script {
  const usage = { prompt_tokens: 2, completion_tokens: 1 }
  return json(200, { choices: [{ message: { content: text }, finish_reason: "stop" }], usage })
}

/** So many failures with this status. */
export function fails(status: number, times = 1, headers: Record<string, string> = {}): readonly Script[] {
  return Array.from({ length: times }, () => error(status, "not now", headers))
}

async function toTold(response: Response): Promise<Told> {
  const { content, error } = (await response.json()) as { content?: [{ text: string }]; error?: { message: string } }
  const head = [...response.headers].filter(([name]) => /^x-llm-proxy-|^retry-after/.test(name))
  return {
    status: response.status,
    said: content?.[0].text ?? error?.message ?? "",
    head: Object.fromEntries(head.map(([name, value]) => [name.replace("x-llm-proxy-", ""), value])),
  }
}
