/** What a plugin's `setup` is given, for tests that set one up by hand. */
import { createStorage, type Storage } from "unstorage"
import { createCounters } from "../src/state/counters.ts"
import { createGlobs } from "../src/text/glob.ts"
import { SILENT, type Log } from "../src/log.ts"
import type { PluginTools } from "../src/plugin/plugin.ts"
import { BACKEND } from "../src/testing/trials.ts"

export function toolsWith({ storage = createStorage(), log = SILENT }: { storage?: Storage; log?: Log } = {}): PluginTools {
  return { storage, counters: createCounters(storage, "plugin:test", log), log, models: createGlobs([]), keys: [], mask: (text) => text, targetOf: ({ request }) => ({ model: request.model, backend: BACKEND }), everyWorker: (own) => async () => [own.tell()] }
}
