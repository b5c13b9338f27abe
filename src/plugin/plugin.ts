/**
 * Plugins: a name, options, and a `setup` that returns stages. A plugin lives as long as the proxy it was set up for.
 */
import type { Storage } from "unstorage"
import type { Counters } from "../state/counters.ts"
import type { Globs } from "../text/glob.ts"
import { guard, type Guard } from "./guard.ts"
import type { Log } from "../log.ts"
import { toStageList } from "./setup.ts"
import type { AnyStage, Authorized, Parsed, Target } from "../stage.ts"
import type { Own } from "./workers.ts"

/** What a plugin is given beside its options. */
export interface PluginTools {
  /** Storage of its own, under its name. It may fail or be slow: a request should do without it then. */
  readonly storage: Storage
  /** Counters of its own, right across the workers of a server, and across all processes where the storage is Redis. */
  readonly counters: Counters
  readonly log: Log
  /** The routes of the config: which model's names lead where, for plugins whose options name models. */
  readonly models: Globs<Target>
  /** The names of the config's keys, for plugins whose options name keys. */
  readonly keys: readonly string[]
  /** Takes configured keys out of a text. Log lines need it only for what is cut: half a key is a key, too. */
  mask(text: string): string
  /**
   * Where the line would send a request; undefined where `route` would refuse it. For plugins that answer by
   * themselves: such a request is never routed, and whether its key may use the model is not asked otherwise.
   */
  targetOf(context: Parsed): Target | undefined
  /**
   * Makes one of what every worker of this server has of its own (`server.workers`). Values are copied from process to
   * process.
   *
   * @returns What each worker tells; in a single process that is this one alone. Of a worker that does not answer within
   * a second it is what it told last.
   */
  everyWorker<Value>(own: Own<Value>): () => Promise<readonly Value[]>
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

/** What `setup` returns: stages, GET endpoints of its own, and what to do when the proxy is closed. */
export type Setup =
  | AnyStage
  | readonly AnyStage[]
  | {
      readonly stages?: readonly AnyStage[]
      /** By path; they need a key, as others do, and stages before `auth` and `parse` stand around them. */
      readonly routes?: Readonly<Record<`/${string}`, Route>>
      close?(): void | Promise<void>
    }

/** Answers GET requests of one path. */
export type Route = (context: Authorized) => Response | Promise<Response>

export interface Plugin<Options = unknown> {
  readonly name: string
  /** Checks and completes the options of config.yaml. Without it a plugin takes none. */
  readonly options?: OptionsSchema<Options>
  /**
   * What its stages do to a request when they fail: `fail` answers it with 500, `skip` goes on without them. A
   * `ProxyError` is an answer and no failure. `onError` beside the options in config.yaml wins.
   *
   * @default "fail"
   */
  readonly onError?: Guard["onError"]
  /**
   * Seconds a stage may take for a request, without the time it waits for `next`. `timeLimit` beside the options in
   * config.yaml wins.
   *
   * @default 30
   */
  readonly timeLimit?: number
  setup(options: Options, tools: PluginTools): Setup | Promise<Setup>
}

/** A plugin with its options, checked. */
export interface PluginUse {
  readonly plugin: Plugin
  readonly options: unknown
  /** What the config says beside the options; it wins over what the plugin says of itself. */
  readonly guard?: Partial<Guard>
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
  /** By path, with the name of the plugin that answers. */
  readonly routes: ReadonlyMap<string, { readonly route: Route; readonly plugin: string }>
  /** Closes the last one set up first. One that fails does not keep the others from it. */
  close(): Promise<void>
}

/** Sets plugins up in order. When one fails, those before it are closed and its error names it. */
export async function setUpPlugins(uses: readonly PluginUse[], toolsFor: (name: string) => PluginTools): Promise<Running> {
  const stages: AnyStage[] = []
  const routes = new Map<string, { readonly route: Route; readonly plugin: string }>()
  const names = new Set<string>()
  const closers: { readonly log: Log; readonly close: () => void | Promise<void> }[] = []
  const close = async (): Promise<void> => {
    for (const { log, close } of closers.toReversed()) {
      try {
        await close()
      } catch (error) {
        log.error("plugin did not close", { error: String(error) })
      }
    }
  }
  for (const { plugin, options, guard: said } of uses) {
    const { onError = "fail", timeLimit = TIME_LIMIT } = { ...plugin, ...said }
    const tools = toolsFor(plugin.name)
    try {
      // Both would count and keep things as one.
      if (names.has(plugin.name)) throw new Error("is there twice; give one of them another name")
      names.add(plugin.name)
      const made = await plugin.setup(options, tools)
      const own = toStageList(made)
      // First, so that what fails from here on is closed as well.
      if ("close" in made && made.close) closers.push({ log: tools.log, close: made.close.bind(made) })
      for (const stage of own) stages.push(guardAny(stage, { onError, timeLimit }, tools.log))
      for (const [path, route] of Object.entries(("routes" in made && made.routes) || {})) {
        const other = routes.get(path)
        if (other) throw new Error(`it answers ${path}, which the plugin ${other.plugin} answers already`)
        routes.set(path, { route, plugin: plugin.name })
      }
    } catch (cause) {
      await close()
      throw new Error(`plugin ${plugin.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }
  return { stages, routes, close }
}

/** Seconds. Generous: a stage may ask a service of its own, and the client is pinged meanwhile. */
const TIME_LIMIT = 30

/** A stage of any place; which it is, is looked at so that its types stay together. */
function guardAny(stage: AnyStage, guarded: Guard, log: Log): AnyStage {
  switch (stage.before) {
    case "auth":
      return guard(stage, guarded, log)
    case "parse":
      return guard(stage, guarded, log)
    case "route":
      return guard(stage, guarded, log)
    case "toOpenAI":
      return guard(stage, guarded, log)
    case "upstream":
      return guard(stage, guarded, log)
  }
}
