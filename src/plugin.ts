/**
 * Plugins: a name, options, and a `setup` that returns stages. A plugin lives as long as the proxy it was set up for.
 */
import type { Storage } from "unstorage"
import type { Log } from "./log.ts"
import type { AnyStage } from "./stage.ts"

/** What a plugin is given beside its options. */
export interface PluginTools {
  /** Storage of its own, under its name. */
  readonly storage: Storage
  readonly log: Log
}

/** A schema by the Standard Schema convention, which valibot (exported here as `v`), zod and arktype follow. */
export interface OptionsSchema<Options> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Options> | Promise<SchemaResult<Options>>
    readonly types?: { readonly input: unknown; readonly output: Options } | undefined
  }
}

type SchemaResult<Options> =
  | { readonly value: Options; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What `setup` returns: stages, and what to do when the proxy is closed. */
export type Setup = AnyStage | readonly AnyStage[] | { readonly stages: readonly AnyStage[]; close?(): void | Promise<void> }

export interface Plugin<Options = unknown> {
  readonly name: string
  /** Checks and completes the options of config.yaml. Without it a plugin takes none. */
  readonly options?: OptionsSchema<Options>
  setup(options: Options, tools: PluginTools): Setup | Promise<Setup>
}

/** A plugin with its options, checked. */
export interface PluginUse {
  readonly plugin: Plugin
  readonly options: unknown
}

/** Types a plugin. `setup` gets its options as the schema gives them. */
export function definePlugin<Options = undefined>(plugin: Plugin<Options>): Plugin<Options> {
  return plugin
}

/** Whether a module's default export is a plugin. */
export function isPlugin(value: unknown): value is Plugin {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    typeof value.name === "string" &&
    "setup" in value &&
    typeof value.setup === "function"
  )
}

/** A fault in a plugin's options; `path` leads to it from the options on. */
export interface OptionsIssue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Checks options as a config gives them; null and nothing are no options. */
export async function validateOptions(
  plugin: Plugin,
  raw: unknown,
): Promise<{ readonly options: unknown } | { readonly issues: readonly OptionsIssue[] }> {
  if (!plugin.options) {
    const given = typeof raw === "object" && raw !== null && Object.keys(raw).length > 0
    return given ? { issues: [{ path: [], message: `the plugin ${plugin.name} takes no options` }] } : { options: undefined }
  }
  const result = await plugin.options["~standard"].validate(raw ?? {})
  if (!result.issues) return { options: result.value }
  return { issues: result.issues.map(({ path = [], message }) => ({ path: path.map(toKey), message })) }
}

function toKey(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === "object" ? part.key : part
  return typeof key === "number" ? key : String(key)
}

/** The stages of all plugins, in order, and how to close them. */
export interface Running {
  readonly stages: readonly AnyStage[]
  /** Closes the last one set up first. One that fails does not keep the others from it. */
  close(): Promise<void>
}

/** Sets plugins up in order. When one fails, those before it are closed and its error names it. */
export async function setUpPlugins(uses: readonly PluginUse[], toolsFor: (name: string) => PluginTools): Promise<Running> {
  const stages: AnyStage[] = []
  const closers: { readonly name: string; readonly close: () => void | Promise<void> }[] = []
  const close = async (): Promise<void> => {
    for (const { name, close } of closers.toReversed()) {
      try {
        await close()
      } catch (error) {
        toolsFor(name).log.error("plugin did not close", { error: String(error) })
      }
    }
  }
  for (const { plugin, options } of uses) {
    try {
      const made = await plugin.setup(options, toolsFor(plugin.name))
      if (isList(made)) stages.push(...made)
      else if ("stages" in made) {
        stages.push(...made.stages)
        if (made.close) closers.push({ name: plugin.name, close: made.close.bind(made) })
      } else stages.push(made)
    } catch (cause) {
      await close()
      throw new Error(`plugin ${plugin.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }
  return { stages, close }
}

function isList(made: Setup): made is readonly AnyStage[] {
  return Array.isArray(made)
}
