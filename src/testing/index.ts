/**
 * `llm-proxy/testing`: tries plugins and stages on answers of many kinds, and says how they spoil the line for others.
 * Works in any test runner: `expect(await testPlugin(plugin, options)).toEqual([])`.
 */
import { createStorage } from "unstorage"
import { createCounters } from "../state/counters.ts"
import { createGlobs } from "../text/glob.ts"
import { SILENT } from "../log.ts"
import { validateOptions, type Plugin, type PluginTools } from "../plugin/plugin.ts"
import { toStageList } from "../plugin/setup.ts"
import type { AnyStage } from "../stage.ts"
import { BACKEND, tryChunks, tryEvents, tryHttp } from "./trials.ts"

export { checkGrammar } from "./grammar.ts"

/**
 * Sets a plugin up with storage in memory and tries each of its stages.
 *
 * @param options As config.yaml would have them.
 * @param models Names that routes of the config would have, for plugins whose options name models.
 * @returns What is wrong, a sentence each; none for a plugin as it should be.
 */
export async function testPlugin<Options>(
  plugin: Plugin<Options>,
  options?: unknown,
  models: readonly string[] = [],
): Promise<readonly string[]> {
  const checked = await validateOptions(plugin as Plugin, options)
  if (!("options" in checked)) return checked.issues.map(({ path, message }) => `options: ${path.join(".")} ${message}`)
  const storage = createStorage()
  const tools: PluginTools = {
    storage,
    counters: createCounters(storage, "plugin:test", SILENT),
    log: SILENT,
    models: createGlobs(models.map((name) => [name, { model: name, backend: BACKEND }] as const)),
    keys: ["test"],
    mask: (text) => text,
    targetOf: ({ request }) => ({ model: request.model, backend: BACKEND }),
    everyWorker: (own) => async () => [own.tell()],
  }
  const made = await plugin.setup(checked.options as Options, tools)
  const found: string[] = []
  for (const stage of toStageList(made)) found.push(...(await testStage(stage)))
  if ("close" in made) await made.close?.()
  return found
}

/**
 * Tries one stage: the same request twice at once gives the same twice, nothing is changed in place, events that
 * nobody knows pass, who leaves is told to the rest of the line, and its failure is not turned into an answer.
 *
 * @returns What is wrong, a sentence each.
 */
export async function testStage(stage: AnyStage): Promise<readonly string[]> {
  switch (stage.before) {
    case "auth":
    case "parse":
      return tryHttp(stage)
    case "route":
    case "toOpenAI":
      return tryEvents(stage)
    case "upstream":
      return tryChunks(stage)
  }
}
