/**
 * The config: its defaults and what it means. Its shape is `schema.ts`, how it is read from a file
 * `node/config-file.ts`; an embedding program gives the same shape to `createProxy` as an object.
 */
import { defu } from "defu"
import type { InferInput } from "valibot"
import { PROFILES, profileFor } from "../backends/index.ts"
import { withFlags, type ProfileFlags } from "../backends/profile.ts"
import { findContradictions, findMistakes, toLabel, type Mistake, type Path } from "./mistakes.ts"
import type { ConfigSchema } from "./schema.ts"
import { createGlobs, type Globs } from "../text/glob.ts"
import type { Backend, Client, Target } from "../stage.ts"

/** The shape of config.yaml. */
export type Config = InferInput<typeof ConfigSchema>

/** Types a config that is written in a program. */
export function defineConfig(config: Config): Config {
  return config
}

const SERVER = {
  host: "127.0.0.1",
  port: 8081,
  ping: 10,
  max_body: 32 * 1024 * 1024,
  drain: 30,
  workers: 1,
  max_connections: 10_000,
  timeout: { request: 60, idle: 75 }, // idle: longer than a load balancer's 60, which would else meet one just closed
} as const
const TIMEOUT = { first_byte: 600, idle: 300 } as const

/** `server:` with everything said; docs/1.guide/2.config.md has what each means. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly ping: number
  readonly max_body: number
  readonly drain: number
  /** `auto`: as many as the machine can run at the same time. */
  readonly workers: number | "auto"
  readonly max_connections: number
  readonly timeout: { readonly request: number; readonly idle: number }
  /** Undefined where it is told by the address. */
  readonly hosts: Globs<true> | undefined
  readonly cors: Globs<true> | undefined
}

/** A config with everything said: defaults filled in, routes resolved to backends. */
export interface Settings {
  readonly server: ServerSettings
  readonly backends: ReadonlyMap<string, Backend>
  /** Model name or pattern → where it goes. */
  readonly routes: Globs<Target>
  readonly clients: readonly { readonly key: string; readonly client: Client }[]
  /** What the program derives keys of its own from: `server.secret`, else the clients' keys. */
  readonly secret: string
  /** Every key that must not leave the process. */
  readonly secrets: readonly string[]
}

/** A wrong config. `path` leads to the first mistake, the message tells all of them. */
export class ConfigError extends Error {
  override readonly name = "ConfigError"
  readonly path: Path
  readonly mistakes: readonly Mistake[]

  constructor(mistakes: readonly [Mistake, ...Mistake[]]) {
    super(mistakes.map(({ path, message }) => `${toLabel(path) || "the config"}: ${message}`).join("; "))
    this.path = mistakes[0].path
    this.mistakes = mistakes
  }
}

/**
 * Looks through a config that is written in a program, where types may have been passed by.
 *
 * @throws {ConfigError} when there is a mistake.
 */
export function checkConfig(config: Config): Config {
  refuse(findMistakes(config))
  return config
}

/**
 * Gives a config its meaning.
 *
 * @param missing Environment variables that a backend's settings name and that are not set, by backend.
 * @throws {ConfigError} when a route names a backend that is not there, or two keys share a name or a value.
 */
export function resolveConfig(config: Config, missing: ReadonlyMap<string, readonly string[]> = new Map()): Settings {
  refuse(findContradictions(config))
  const backends = new Map<string, Backend>()
  for (const [name, raw] of Object.entries(config.backends)) {
    const profile = raw.profile === undefined ? undefined : PROFILES[raw.profile]
    backends.set(name, {
      name,
      base_url: tidyUrl(raw.base_url),
      api: raw.api ?? "auto",
      api_key: raw.api_key || undefined,
      headers: lowerCased(raw.headers ?? {}),
      profile: withFlags(profile ?? profileFor(raw.base_url), (raw.flags ?? {}) as ProfileFlags),
      missing: missing.get(name) ?? [],
      timeout: defu(raw.timeout ?? {}, TIMEOUT),
    })
  }
  const routes: [string, Target][] = []
  for (const [pattern, { backend: wanted, model }] of Object.entries(config.models)) {
    const backend = backends.get(wanted)
    if (backend) routes.push([pattern, { model, backend }])
  }
  const globs = createGlobs(routes)
  const leads = (models: readonly string[], backend: string): boolean => {
    const wide = toGlobs(models.filter((model) => model.includes("*")))
    const own = routes.filter(([, target]) => target.backend.name === backend)
    const exactly = models.some((model) => globs.match(model)?.backend.name === backend)
    return exactly || own.some(([pattern]) => wide.reaches(pattern))
  }
  const keys = config.keys ?? []
  const { secret, hosts, cors, ...server } = config.server ?? {}
  return {
    server: { ...defu(server, SERVER), hosts: hosts && toGlobs(hosts), cors: cors && toGlobs(cors) },
    backends,
    routes: globs,
    clients: keys.map(({ name, key, models, explain = false }) => {
      const allowed = models && toGlobs(models)
      const may = (model: string): boolean => !allowed || allowed.match(model) !== undefined
      return { key, client: { name, explain, may, sees: (backend) => !models || leads(models, backend) } }
    }),
    secret: secret || keys.map(({ key }) => key).sort().join(" "), // no key has a blank
    secrets: [...(secret ? [secret] : []), ...keys.map(({ key }) => key), ...[...backends.values()].flatMap(secretsOf)],
  }
}

function toGlobs(patterns: readonly string[]): Globs<true> {
  return createGlobs(patterns.map((pattern): [string, true] => [pattern, true]))
}

function refuse([first, ...more]: readonly Mistake[]): void {
  if (first) throw new ConfigError([first, ...more])
}

/** A key that is the backend's own name (`api_key: ollama`) is a dummy; masking it would hide who failed. */
function secretsOf({ name, api_key, headers }: Backend): readonly string[] {
  const inHeaders = Object.entries(headers)
    .filter(([header]) => /auth|key|token|secret|cookie/i.test(header))
    .map(([, value]) => value.replace(/^bearer +/i, ""))
  return api_key && api_key !== name ? [api_key, ...inHeaders] : inHeaders
}

/** `https://host//serving-endpoints` is what `${HOST}/serving-endpoints` gives when HOST ends in a slash. */
function tidyUrl(url: string): string {
  return url.replace(/(?<!:)\/{2,}/g, "/").replace(/\/$/, "")
}

/** Names of headers know no case; objects do, and a header sent twice is a list. */
function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
