/** The sections of LiteLLM's config beside its models: fallbacks, retries, balancing, the key. */
import { isObject, type JsonObject } from "../../wires/is-object.ts"
import { numberIn, textIn, type Draft } from "./draft.ts"

export interface LiteLLMSections {
  readonly settings: JsonObject
  readonly router: JsonObject
  readonly general: JsonObject
}

/** A model that requests for another are given to. */
export interface Member {
  readonly model: string
  readonly weight?: number
}

type Members = Record<string, readonly Member[]>

/** @param balanced Who answers for which model; aliases are added. */
export function importLiteLLMSettings(sections: LiteLLMSections, balanced: Members, draft: Draft): void {
  const { settings, router, general } = sections
  const both = { ...settings, ...router }
  importAliases(router, balanced, draft)
  const tries = numberIn(both, "num_retries")
  // Outermost first: a chain's models are each tried again, and each attempt may go to another deployment.
  importFallbacks(both, draft)
  if (tries !== undefined && tries > 0) draft.plugins.push({ retry: { attempts: Math.min(10, Math.round(tries) + 1) } })
  if (Object.keys(balanced).length > 0) draft.plugins.push({ balance: { by: byOf(router, draft), models: balanced } })
  const timeout = numberIn(settings, "request_timeout") ?? numberIn(router, "timeout")
  if (timeout !== undefined && timeout > 0) {
    for (const backend of Object.values(draft.backends)) backend.timeout ??= { first_byte: Math.min(timeout, 86_400) }
  }
  importKey(general, draft)
  tellRest(settings, "litellm_settings", draft)
  tellRest(router, "router_settings", draft)
  tellRest(general, "general_settings", draft)
}

function importAliases(router: JsonObject, balanced: Members, draft: Draft): void {
  const aliases = router["model_group_alias"]
  if (!isObject(aliases)) return
  for (const [alias, to] of Object.entries(aliases)) {
    const name = typeof to === "string" ? to : isObject(to) ? (textIn(to, "model") ?? "") : ""
    const target = draft.models[name]
    if (target) draft.models[alias] ??= target
    const members = balanced[name]
    if (members) balanced[alias] ??= members
    if (!target) draft.tell(`router_settings.model_group_alias.${alias}`, "is no model above, and was left out")
  }
}

const FALLBACKS = ["fallbacks", "context_window_fallbacks"] as const

function importFallbacks(both: JsonObject, draft: Draft): void {
  const chains: Record<string, string[]> = {}
  const add = (path: string, asked: string, next: unknown): void => {
    const names = Array.isArray(next) ? next.filter((name): name is string => typeof name === "string") : []
    for (const name of [...(asked.includes("*") ? [] : [asked]), ...names]) {
      if (Object.hasOwn(draft.models, name)) continue
      return draft.tell(path, `${name} is no model above, and the chain was left out`)
    }
    if (names.length > 0) chains[asked] = [...new Set([...(chains[asked] ?? []), ...names])]
  }
  for (const kind of FALLBACKS) {
    const listed = Array.isArray(both[kind]) ? both[kind] : []
    for (const entry of listed as readonly unknown[]) {
      if (isObject(entry)) for (const [asked, next] of Object.entries(entry)) add(`${kind}.${asked}`, asked, next)
    }
  }
  add("default_fallbacks", "*", both["default_fallbacks"])
  if (Object.keys(chains).length === 0) return
  const long = Array.isArray(both["context_window_fallbacks"]) && both["context_window_fallbacks"].length > 0
  draft.plugins.push({ fallback: { chains, ...(long && { on: [...USUAL, "too_long"] }) } })
  if (long) draft.tell("context_window_fallbacks", "stands in one chain with the other fallbacks of a model")
}

/** What `fallback` acts on by itself. */
const USUAL = ["overloaded", "rate_limit", "timeout", "unreachable", "failed", "denied"]

const WAYS: Readonly<Record<string, string>> = { "simple-shuffle": "weighted", "least-busy": "least_busy" }

function byOf(router: JsonObject, draft: Draft): string {
  const strategy = textIn(router, "routing_strategy") ?? "simple-shuffle"
  const way = WAYS[strategy]
  if (way !== undefined) return way
  draft.tell("router_settings.routing_strategy", `${strategy} has no equal here: least_busy is used`)
  return "least_busy"
}

function importKey(general: JsonObject, draft: Draft): void {
  const key = textIn(general, "master_key")
  const [, variable] = /^os\.environ\/(\w+)$/.exec(key ?? "") ?? []
  if (variable === "PROXY_API_KEY") return // which is read by itself
  if (variable !== undefined) draft.keys.push({ name: "master", key: `\${${variable}}` })
  else if (key) draft.secret("PROXY_API_KEY", key)
}

function tellRest(section: JsonObject, path: string, draft: Draft): void {
  for (const name of Object.keys(section)) {
    const words = WORDS[name]
    if (words !== "") draft.tell(`${path}.${name}`, words ?? "has no equal here")
  }
}

/** Empty for what was taken over. */
const WORDS: Readonly<Record<string, string>> = {
  fallbacks: "",
  context_window_fallbacks: "",
  default_fallbacks: "",
  num_retries: "",
  model_group_alias: "",
  routing_strategy: "",
  request_timeout: "",
  timeout: "",
  master_key: "",
  drop_params: "is not needed: what a backend refuses is left out, and that is remembered",
  modify_params: "is not needed",
  set_verbose: "set the variable LOG_LEVEL=debug",
  cache: "the plugin cache",
  cache_params: "the plugin cache, and storage: for where",
  callbacks: "the plugins log, metrics and otel",
  success_callback: "the plugins log, metrics and otel",
  failure_callback: "the plugins log, metrics and otel",
  allowed_fails: "the plugin fallback has breaker.failures",
  cooldown_time: "the plugin fallback has breaker.skip",
  redis_host: "storage: with the driver redis",
  redis_port: "storage: with the driver redis",
  redis_password: "storage: with the driver redis",
  redis_url: "storage: with the driver redis",
  database_url: "has no equal here: there is no database, and keys stand in the config",
}
