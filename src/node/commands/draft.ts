/**
 * A config in the making, of another program's: backends, models and plugins, keys on their way to `.env`, and what
 * could not be taken over.
 */
import { isDeepStrictEqual } from "node:util"
import { PROFILES, profileFor } from "../../backends/index.ts"
import type { Config } from "../../config/config.ts"
import type { JsonObject } from "../../wires/is-object.ts"
import type { Env } from "../substitute.ts"
import { literal } from "./config-text.ts"

type BackendConfig = Config["backends"][string]

export class Draft {
  readonly models: Record<string, { backend: string; model: string }> = {}
  readonly backends: Record<string, BackendConfig> = {}
  readonly server: { host?: string; port?: number } = {}
  readonly keys: { name: string; key: string }[] = []
  readonly plugins: (string | Record<string, JsonObject>)[] = []
  /** For `.env`: keys that stood in the source as they are. */
  readonly variables: Record<string, string> = {}
  /** What has no equal, or another form: `path: words`. */
  readonly lines: string[] = []
  readonly #env: Env

  /** @param env What is set already: a variable of the same name must not get another value. */
  constructor(env: Env) {
    this.#env = env
  }

  tell(path: string, words: string): void {
    this.lines.push(`${path}: ${words}`)
  }

  /** A key as a reference to a variable: what stands there goes to `.env`, under this name or one like it. */
  secret(name: string, value: string): string {
    const plain = name.toUpperCase().replaceAll(/\W+/g, "_").replace(/^(?=\d)/, "_")
    let own = plain
    for (let n = 2; (this.variables[own] ?? this.#env[own] ?? value) !== value; n++) own = `${plain}_${n}`
    if (this.#env[own] !== value) this.variables[own] = value
    return `\${${own}}`
  }

  /** Adds a backend, or finds the one that says the same. */
  backend(name: string, config: BackendConfig): string {
    const known = Object.entries(this.backends).find(([, other]) => isDeepStrictEqual(other, config))
    if (known) return known[0]
    let own = name
    for (let n = 2; Object.hasOwn(this.backends, own); n++) own = `${name}-${n}`
    this.backends[own] = config
    return own
  }

  /** @returns false where there is a model of this name, which stays. */
  model(name: string, backend: string, model: string): boolean {
    if (Object.hasOwn(this.models, name)) return false
    this.models[name] = { backend, model: literal(model) }
    return true
  }

  toConfig(): Config {
    const { models, backends, server, keys, plugins } = this
    return {
      models,
      backends,
      ...(Object.keys(server).length > 0 && { server }),
      ...(keys.length > 0 && { keys }),
      ...(plugins.length > 0 && { plugins }),
    }
  }
}

/** The profile to name: none where the address tells it. */
export function profileOf(name: string | undefined, base_url: string): { readonly profile?: string } {
  if (name === undefined || !Object.hasOwn(PROFILES, name)) return {}
  return isDeepStrictEqual(profileFor(base_url), PROFILES[name]) ? {} : { profile: name }
}

/** Keys that stand for none, where a program insists on one. */
export function isNoKey(key: string): boolean {
  return /^(|ollama|none|null|dummy|empty|lm-?studio|not?[-_ ]?(key|needed|required).*|\?)$/i.test(key)
}

export function textIn(object: JsonObject, name: string): string | undefined {
  const value = object[name]
  return typeof value === "string" ? value : undefined
}

export function numberIn(object: JsonObject, name: string): number | undefined {
  const value = object[name]
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  return typeof number === "number" && Number.isFinite(number) ? number : undefined
}
