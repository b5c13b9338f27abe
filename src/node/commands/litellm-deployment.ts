/** One entry of LiteLLM's `model_list`: a backend and a model there. */
import { isBackendUrl } from "../../config/rules.ts"
import { isObject, type JsonObject } from "../../wires/is-object.ts"
import { literal } from "./config-text.ts"
import { isNoKey, numberIn, profileOf, textIn, type Draft } from "./draft.ts"
import { PROVIDERS, UNREACHED, type Provider } from "./litellm-providers.ts"

export interface Deployment {
  readonly backend: string
  readonly model: string
  /** Its share beside others of the same name. */
  readonly weight: number | undefined
}

/** @returns undefined for what cannot be reached from here, which is told. */
export function importDeployment(entry: JsonObject, path: string, draft: Draft): Deployment | undefined {
  const params = isObject(entry["litellm_params"]) ? entry["litellm_params"] : {}
  const info = isObject(entry["model_info"]) ? entry["model_info"] : {}
  const full = textIn(params, "model") ?? ""
  const leave = (words: string): undefined => draft.tell(path, `${words}, and was left out`) as undefined
  const mode = textIn(info, "mode") ?? "chat"
  if (mode !== "chat" && mode !== "responses" && mode !== "completion") return leave(`is for ${mode}`)
  if (full.includes("*")) return leave(`${full} is any model; here a name or pattern leads to one`)
  const { name, provider, model, responses } = split(full, textIn(params, "custom_llm_provider"))
  if (!provider) return leave(`${name} is not reached from here (a gateway in front of it would be)`)
  const base = refer(textIn(params, "api_base") ?? textIn(params, "base_url"))
  const base_url = toBaseUrl(base, provider)
  if (base_url === undefined) return leave("needs api_base")
  const known = base_url.includes("${") || isBackendUrl(base_url)
  if (!known) return leave("has an api_base with a query or credentials in it")
  const api = responses || mode === "responses" ? "responses" : provider.api
  const timeout = numberIn(params, "timeout") ?? numberIn(params, "stream_timeout")
  const headers = headersIn(params, draft)
  const backend = draft.backend(name, {
    base_url,
    ...(api && { api }),
    ...keyOf(params, name, provider, draft),
    ...(headers && { headers }),
    ...profileOf(provider.profile, base_url),
    ...(timeout !== undefined && timeout > 0 && { timeout: { first_byte: timeout } }),
  })
  const others = Object.keys(params).filter((other) => !KNOWN.has(other))
  for (const other of others) draft.tell(`${path}.litellm_params.${other}`, WORDS[other] ?? "has no equal here")
  return { backend, model, weight: numberIn(params, "weight") ?? numberIn(params, "rpm") ?? numberIn(params, "tpm") }
}

/** `azure/responses/gpt-5` is a model, how to ask for it, and where. */
function split(full: string, given: string | undefined) {
  const [head = "", ...rest] = full.split("/")
  const known = Object.hasOwn(PROVIDERS, head) || UNREACHED.has(head)
  const name = given ?? (known && rest.length > 0 ? head : full.startsWith("claude") ? "anthropic" : "openai")
  const below = known && rest.length > 0 ? rest : [head, ...rest]
  const responses = below[0] === "responses" && below.length > 1
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined
  return { name, provider, responses, model: below.slice(responses ? 1 : 0).join("/") }
}

function toBaseUrl(base: string | undefined, { base_url, below = "" }: Provider): string | undefined {
  if (!base) return base_url
  const tidy = base.replace(/\/+$/, "").replace(/\/chat\/completions$/, "")
  return tidy.endsWith(below) ? tidy : tidy + below
}

function keyOf(params: JsonObject, name: string, { key: usual }: Provider, draft: Draft): { api_key?: string } {
  const given = textIn(params, "api_key")
  if (given === undefined) return usual === undefined ? {} : { api_key: `\${${usual}}` }
  if (isNoKey(given)) return {}
  return { api_key: isReference(given) ? refer(given) : draft.secret(usual ?? `${name}_API_KEY`, given) }
}

function headersIn(params: JsonObject, draft: Draft): Record<string, string> | undefined {
  const extra = [params["extra_headers"], params["headers"]].find(isObject) ?? {}
  const organization = textIn(params, "organization")
  const all = { ...extra, ...(organization !== undefined && { "OpenAI-Organization": organization }) }
  const entries = Object.entries(all).flatMap(([name, value]): [string, string][] => {
    if (typeof value !== "string") return []
    const secret = /auth|key|token|secret|cookie/i.test(name) && !isReference(value)
    return [[name, secret ? draft.secret(name, value) : refer(value)]]
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

function isReference(value: string): boolean {
  return value.startsWith("os.environ/")
}

/** A variable in LiteLLM's way of writing it, or a text without one. */
function refer<T extends string | undefined>(value: T): T | string {
  if (value === undefined) return value
  return isReference(value) ? `\${${value.slice("os.environ/".length)}}` : literal(value)
}

const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "custom_llm_provider",
  "api_base",
  "base_url",
  "api_key",
  "timeout",
  "stream_timeout",
  "extra_headers",
  "headers",
  "organization",
  "weight",
  "rpm",
  "tpm",
])

const WORDS: Readonly<Record<string, string>> = {
  api_version: "is not needed: Azure is asked at /openai/v1",
  drop_params: "is not needed: what a backend refuses is left out, and that is remembered",
  additional_drop_params: "is not needed: what a backend refuses is left out, and that is remembered",
  max_retries: "the plugin retry does that for all models",
  input_cost_per_token: "the plugin budget has prices",
  output_cost_per_token: "the plugin budget has prices",
}
