/** What plugins are given beside their options: each its own part of what the proxy has. */
import { prefixStorage, type Storage } from "unstorage"
import { mountOf } from "../state/areas.ts"
import type { Settings } from "../config/config.ts"
import { createCounters, type Counters } from "../state/counters.ts"
import type { Log } from "../log.ts"
import type { PluginTools } from "./plugin.ts"
import type { Find } from "../stages/route.ts"
import type { Workers } from "./workers.ts"

export interface ToolsOptions {
  readonly settings: Settings
  /** All of it. */
  readonly storage: Storage
  readonly workers: Workers
  readonly log: Log
  readonly mask: (text: string) => string
  readonly find: Find
}

export interface Tools {
  /** @param name The plugin's. */
  of(name: string): PluginTools
  /** When the plugins are closed. */
  close(): Promise<void>
}

export function createTools({ settings, storage, workers, log, mask, find }: ToolsOptions): Tools {
  const keys = settings.clients.map(({ client }) => client.name)
  const targetOf: PluginTools["targetOf"] = ({ request, client, original }) => {
    try {
      return find(request.model, client, original.request.model)
    } catch {
      return undefined
    }
  }
  const counting: Counters[] = []
  const leaving: (() => void)[] = []
  return {
    of(name) {
      const own = log.with({ plugin: name })
      const counters = createCounters(storage, mountOf(name), own)
      counting.push(counters)
      const everyWorker: PluginTools["everyWorker"] = (part) => {
        const { all, leave } = workers.share(name, part)
        leaving.push(leave)
        return all
      }
      const kept = prefixStorage(storage, mountOf(name))
      return { storage: kept, counters, log: own, models: settings.routes, keys, mask, targetOf, everyWorker }
    },
    async close() {
      for (const leave of leaving) leave()
      await Promise.all(counting.map((counters) => counters.close()))
    },
  }
}
