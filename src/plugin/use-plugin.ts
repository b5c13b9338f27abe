/** Plugins in a program's own list, where no folder is read: their options are checked as a config file's are. */
import { ConfigError } from "../config/config.ts"
import type { Guard } from "./guard.ts"
import { validateOptions, type Plugin, type PluginUse } from "./plugin.ts"

/**
 * A plugin for `createProxy`: `plugins: [await usePlugin(limit, { requests: 60 })]`.
 *
 * @param options As config.yaml would have them. @default none
 * @param guard What holds for its stages when they fail or take long, where it is not what the plugin says of itself.
 * @throws {ConfigError} for options that are wrong.
 */
export async function usePlugin(plugin: Plugin, options?: unknown, guard: Partial<Guard> = {}): Promise<PluginUse> {
  const checked = await validateOptions(plugin, options)
  if ("options" in checked) return { plugin, options: checked.options, guard }
  const at = ["plugins", plugin.name]
  const [first, ...others] = checked.issues.map(({ path, message }) => ({ path: [...at, ...path], message }))
  throw new ConfigError([first ?? { path: at, message: "has wrong options" }, ...others])
}
