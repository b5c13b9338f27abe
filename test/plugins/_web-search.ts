/** A proxy with the plugin in it, a scripted backend behind it and a scripted search engine beside it. */
import webSearch from "../../plugins/web-search.ts"
import type { MessageEvent } from "../../src/anthropic/events.ts"
import { validateOptions, type PluginUse } from "../../src/plugin/plugin.ts"
import { chunks, json, startBackend, type Script, type ScriptedBackend } from "../_backend.ts"
import { delta, eventsIn, startProxy, type TestProxy } from "../_proxy.ts"

export interface SearchSetup {
  readonly proxy: TestProxy
  readonly backend: ScriptedBackend
  readonly engine: ScriptedBackend
  /** Streams a question with the search tool in it; ids are told as `srvtoolu_1`, `srvtoolu_2`, … and `msg`. */
  ask(request?: object): Promise<MessageEvent[]>
  close(): Promise<void>
}

export const TOOL = { type: "web_search_20250305", name: "web_search" } as const

/** @param options Beside the engine and its URL. */
export async function startSearch(options: object = {}): Promise<SearchSetup> {
  const [backend, engine] = [await startBackend(), await startBackend()]
  const use = await pluginWith({ engine: "searxng", url: engine.url, ...options })
  const backends = { b: { base_url: backend.url } }
  const proxy = await startProxy({ models: { m: { backend: "b", model: "one" } }, backends }, { plugins: [use] })
  return {
    proxy,
    backend,
    engine,
    async ask(request) {
      const response = await proxy.send({ model: "m", stream: true, tools: [TOOL], ...request })
      return eventsIn(withPlainIds(await response.text()))
    },
    async close() {
      await proxy.close()
      await backend.close()
      await engine.close()
    },
  }
}

export async function pluginWith(options: unknown): Promise<PluginUse> {
  const checked = await validateOptions(webSearch, options)
  if ("issues" in checked) throw new Error(JSON.stringify(checked.issues))
  return { plugin: webSearch, options: checked.options }
}

/** Makes random ids comparable: each becomes a number, in the order in which they come. */
export function withPlainIds(text: string): string {
  const ids = [...new Set(text.match(/srvtoolu_\w+/g))]
  return ids.reduce((all, id, n) => all.replaceAll(id, `srvtoolu_${n + 1}`), text).replaceAll(/msg_\w+/g, "msg")
}

/** The model calls these tools, each with its arguments, and says something before it if told to. */
export function calls(list: readonly (readonly [name: string, input: unknown])[], said?: string): Script {
  const tool_calls = list.map(([name, input], index) => {
    return { index, id: `call_${index}`, function: { name, arguments: JSON.stringify(input) } }
  })
  return chunks([...(said ? [delta({ content: said })] : []), delta({ tool_calls }), delta({}, "tool_calls"), USAGE])
}

export function searches(...queries: readonly string[]): Script {
  return calls(queries.map((query) => ["web_search", { query }]))
}

export function says(text: string): Script {
  return chunks([delta({ content: text }), delta({}, "stop"), USAGE])
}

/** What each round costs. */
const USAGE = {
  choices: [],
  usage: { prompt_tokens: 10, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } },
}

/** SearXNG finds pages of these names. */
export function finds(...names: readonly string[]): Script {
  const results = names.map((name) => ({ url: `https://${name}.test/`, title: name, content: `All about ${name}.` }))
  return json(200, { query: "", results })
}

/** SearXNG finds one page, whose name is the query. */
export const findsQuery: Script = {
  answer(response) {
    finds(new URLSearchParams(response.req.url?.split("?")[1]).get("q") ?? "").answer(response)
  },
}

/** How such a page is told to the client. */
export function page(name: string): object {
  const encrypted_content = Buffer.from(JSON.stringify({ text: `All about ${name}.` })).toString("base64url")
  return { type: "web_search_result", url: `https://${name}.test/`, title: name, page_age: null, encrypted_content }
}

/** What the backend was asked, one list of messages a round. */
export function rounds({ backend }: SearchSetup): readonly unknown[] {
  return backend.asked.map(({ body }) => (body as { messages: unknown }).messages)
}
