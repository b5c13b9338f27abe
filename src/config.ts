/**
 * The config: its shape, its defaults, and what it means. How it is read from a file is `node/config-file.ts`; an
 * embedding program gives the same shape to `createProxy` as an object.
 */
import { defu } from "defu"
import * as v from "valibot"
import { PROFILES, profileFor } from "./backends/index.ts"
import { withFlags, type ProfileFlags } from "./backends/profile.ts"
import { createGlobs, type Globs } from "./glob.ts"
import type { Backend, Client, Target } from "./stage.ts"

const name = v.pipe(v.string(), v.nonEmpty("must not be empty"))
const seconds = v.pipe(v.number(), v.minValue(0.001, "must be more than 0"), v.maxValue(86_400, "must be at most 86400"))
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))

/** A key goes into a header and is told from a list of keys by having neither comma nor blank. */
const key = v.pipe(v.string(), v.regex(/^[\x21-\x2b\x2d-\x7e]+$/, "must be printable ASCII without blanks and commas"))

const ModelSchema = v.pipe(
  v.strictObject({
    backend: v.pipe(name, v.description("Name of one of the backends below.")),
    model: v.pipe(name, v.description("The model's name at that backend.")),
  }),
  v.description("Where requests for this model go."),
)

const TimeoutSchema = v.strictObject({
  connect: v.optional(v.pipe(seconds, v.description("Seconds until the connection must stand. Default 10."))),
  first_byte: v.optional(v.pipe(seconds, v.description("Seconds until the backend must begin to answer. Default 600."))),
  idle: v.optional(v.pipe(seconds, v.description("Seconds a begun answer may be silent. Default 300."))),
})

const oneOf = v.picklist
const FlagsSchema = v.strictObject({
  max_tokens_field: v.optional(oneOf(["max_tokens", "max_completion_tokens"])),
  system_role: v.optional(oneOf(["system", "developer"])),
  mid_system: v.optional(oneOf(["keep", "user"])),
  stream_usage: v.optional(v.boolean()),
  tool_choice: v.optional(v.boolean()),
  parallel_tool_calls: v.optional(v.boolean()),
  stop_max: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  tool_name_max: v.optional(v.pipe(v.number(), v.integer(), v.minValue(16))),
  tool_id_max: v.optional(v.pipe(v.number(), v.integer(), v.minValue(9))),
  images: v.optional(oneOf(["url", "data", "none"])),
  image_types_refused: v.optional(v.array(v.string())),
  files: v.optional(v.boolean()),
  top_k: v.optional(v.boolean()),
  json_schema: v.optional(v.boolean()),
  user_field: v.optional(oneOf(["user", "safety_identifier", "none"])),
  prefill: v.optional(oneOf(["refuse", "pass"])),
  reasoning: v.optional(
    v.strictObject({
      request: v.optional(oneOf(["reasoning_effort", "none"])),
      efforts: v.optional(v.array(v.string())),
      off: v.optional(v.nullable(v.string())),
    }),
  ),
})

const BackendSchema = v.pipe(
  v.strictObject({
    base_url: v.pipe(
      v.string(),
      v.check(isBackendUrl, "must be an http(s) URL without a query, such as http://localhost:11434/v1, or demo:"),
      v.description("Where the backend's API begins; /chat/completions is added. `demo:` is the built-in demo."),
    ),
    api_key: v.optional(v.pipe(v.nullable(v.string()), v.description("Sent as Authorization: Bearer. Leave out for none."))),
    headers: v.optional(v.pipe(v.record(v.string(), v.string()), v.description("Further headers of each request to it."))),
    profile: v.optional(
      v.pipe(oneOf(Object.keys(PROFILES)), v.description("What kind of backend it is. Default: told by base_url.")),
    ),
    flags: v.optional(v.pipe(FlagsSchema, v.description("Single flags of the profile, overridden."))),
    timeout: v.optional(TimeoutSchema),
  }),
  v.description("A backend that speaks OpenAI's Chat Completions."),
)

const ServerSchema = v.strictObject({
  host: v.optional(v.pipe(name, v.description("Address to listen on. Default 127.0.0.1: this machine only."))),
  port: v.optional(v.pipe(port, v.description("Port to listen on. Default 8081."))),
  ping: v.optional(v.pipe(seconds, v.description("Seconds of silence after which a stream gets a ping. Default 10."))),
  max_body: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1024), v.description("Largest request body in bytes. Default 33554432 (32 MB).")),
  ),
  drain: v.optional(
    v.pipe(v.number(), v.minValue(0), v.description("Seconds running answers get after SIGTERM. Default 30.")),
  ),
})

const KeySchema = v.strictObject({
  name: v.pipe(name, v.description("How logs and plugins call this key.")),
  key: v.pipe(key, v.description("The key itself; write ${SOME_VARIABLE}.")),
  models: v.optional(v.pipe(v.array(name), v.description("Models it may use, globs allowed. Default: all."))),
})

export const ConfigSchema = v.pipe(
  v.strictObject({
    models: v.pipe(
      v.record(name, ModelSchema),
      v.description("Model names clients ask for, `*` allowed. An exact name wins, then the most specific pattern."),
    ),
    backends: v.record(name, BackendSchema),
    server: v.optional(ServerSchema),
    keys: v.optional(v.pipe(v.array(KeySchema), v.description("Keys clients may use, beside PROXY_API_KEY."))),
    plugins: v.optional(
      v.pipe(
        v.array(v.union([name, v.record(v.string(), v.nullable(v.record(v.string(), v.unknown())))])),
        v.description("Plugins in the order of the line, outermost first: `name` or `name: {options}`."),
      ),
    ),
  }),
  v.title("LLM Proxy config.yaml"),
)

/** The shape of config.yaml. */
export type Config = v.InferInput<typeof ConfigSchema>

/** Types a config that is written in a program. */
export function defineConfig(config: Config): Config {
  return config
}

const SERVER = { host: "127.0.0.1", port: 8081, ping: 10, max_body: 32 * 1024 * 1024, drain: 30 } as const
const TIMEOUT = { connect: 10, first_byte: 600, idle: 300 } as const

/** A config with everything said: defaults filled in, routes resolved to backends. */
export interface Settings {
  readonly server: { readonly [K in keyof typeof SERVER]: (typeof SERVER)[K] extends string ? string : number }
  readonly backends: ReadonlyMap<string, Backend>
  /** Model name or pattern → where it goes. */
  readonly routes: Globs<Target>
  readonly clients: readonly { readonly key: string; readonly client: Client }[]
  /** Every key that must not leave the process. */
  readonly secrets: readonly string[]
}

/** A fault that only shows when parts of the config are seen together. `path` leads to it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError"
  readonly path: readonly (string | number)[]

  constructor(path: readonly (string | number)[], message: string) {
    super(message)
    this.path = path
  }
}

/**
 * Gives a config its meaning.
 *
 * @param missing Environment variables that a backend's settings name and that are not set, by backend.
 * @throws {ConfigError} when a route names a backend that is not there, or two keys share a name or a value.
 */
export function resolveConfig(config: Config, missing: ReadonlyMap<string, readonly string[]> = new Map()): Settings {
  const backends = new Map<string, Backend>()
  for (const [name, raw] of Object.entries(config.backends)) {
    const profile = raw.profile === undefined ? profileFor(raw.base_url) : PROFILES[raw.profile]
    if (!profile) throw new ConfigError(["backends", name, "profile"], `must be one of ${Object.keys(PROFILES).join(", ")}`)
    backends.set(name, {
      name,
      base_url: raw.base_url.replace(/\/+$/, ""),
      api_key: raw.api_key || undefined,
      headers: raw.headers ?? {},
      profile: withFlags(profile, (raw.flags ?? {}) as ProfileFlags),
      missing: missing.get(name) ?? [],
      timeout: defu(raw.timeout ?? {}, TIMEOUT),
    })
  }
  const routes: [string, Target][] = Object.entries(config.models).map(([pattern, { backend: wanted, model }]) => {
    const backend = backends.get(wanted)
    if (!backend) {
      throw new ConfigError(["models", pattern, "backend"], `there is no backend "${wanted}"; there is ${[...backends.keys()].join(", ") || "none"}`)
    }
    return [pattern, { model, backend }]
  })
  const keys = config.keys ?? []
  for (const [n, { name, key }] of keys.entries()) {
    const earlier = keys.slice(0, n)
    if (earlier.some((other) => other.name === name)) throw new ConfigError(["keys", n, "name"], `"${name}" names another key already`)
    if (earlier.some((other) => other.key === key)) throw new ConfigError(["keys", n, "key"], "is another key's value already")
  }
  return {
    server: defu(config.server ?? {}, SERVER),
    backends,
    routes: createGlobs(routes),
    clients: keys.map(({ name, key, models }) => {
      const allowed = models && createGlobs(models.map((pattern): [string, true] => [pattern, true]))
      return { key, client: { name, may: (model) => !allowed || allowed.match(model) !== undefined } }
    }),
    secrets: [
      ...keys.map(({ key }) => key),
      // A key that is the backend's own name (`api_key: ollama`) is a dummy; masking it would hide who failed.
      ...[...backends.values()].flatMap(({ name, api_key }) => (api_key && api_key !== name ? [api_key] : [])),
    ],
  }
}

function isBackendUrl(text: string): boolean {
  if (text === "demo:") return true
  if (!URL.canParse(text)) return false
  const { protocol, search, hash, username, password } = new URL(text)
  return (protocol === "http:" || protocol === "https:") && !search && !hash && !username && !password
}
