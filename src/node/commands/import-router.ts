/**
 * The config of claude-code-router 2, `~/.claude-code-router/config.json`. Any model that is asked for goes to
 * `Router.default` there, `provider,model` to that one, and the other routes are rules: the plugin `scenario`.
 *
 * Source: the README of musistudio/claude-code-router 2.0.0 and its `router.ts`, whose order the rules have.
 */
import { isBackendUrl } from "../../config/rules.ts"
import { isObject, objectsIn, type JsonObject } from "../../wires/is-object.ts"
import { literal } from "./config-text.ts"
import { isNoKey, numberIn, profileOf, textIn, type Draft } from "./draft.ts"
import { readTransformers } from "./router-transformers.ts"

export function isRouterConfig(source: JsonObject): boolean {
  return Array.isArray(source["Providers"]) || Array.isArray(source["providers"])
}

export function importRouter(source: JsonObject, draft: Draft): void {
  const timeout = numberIn(source, "API_TIMEOUT_MS")
  const listed = objectsIn((source["Providers"] ?? source["providers"]) as readonly object[]) as readonly JsonObject[]
  for (const [n, provider] of listed.entries()) importProvider(provider, `Providers.${n}`, timeout, draft)
  const router = source["Router"]
  if (isObject(router)) importRoutes(router, draft)
  importServer(source, draft)
  for (const name of Object.keys(source)) if (!KNOWN.has(name)) draft.tell(name, WORDS[name] ?? "has no equal here")
}

function importProvider(provider: JsonObject, path: string, timeout: number | undefined, draft: Draft): void {
  const name = textIn(provider, "name")
  const url = textIn(provider, "api_base_url") ?? textIn(provider, "baseUrl")
  if (!name || !url) return draft.tell(path, "needs name and api_base_url, and was left out")
  const { api, flags, profile, told } = readTransformers(provider["transformer"])
  for (const [where, words] of told) draft.tell(`${path}.transformer${where}`, words)
  const base_url = toBaseUrl(url)
  if (!isBackendUrl(base_url)) {
    return draft.tell(`${path}.api_base_url`, "is no URL without query and credentials; the provider was left out")
  }
  const key = textIn(provider, "api_key") ?? textIn(provider, "apiKey") ?? ""
  const backend = draft.backend(name, {
    base_url: literal(base_url),
    ...(api && { api }),
    ...(!isNoKey(key) && key !== name && { api_key: toReference(key) ?? draft.secret(`${name}_API_KEY`, key) }),
    ...profileOf(profile, base_url),
    ...(flags && { flags }),
    ...(timeout !== undefined && timeout > 0 && { timeout: { first_byte: timeout / 1000 } }),
  })
  const models = Array.isArray(provider["models"]) ? provider["models"] : []
  for (const model of models) if (typeof model === "string") draft.model(`${name},${model}`, backend, model)
}

/** In the order in which they are looked at there. */
const RULES: readonly (readonly [route: string, when: (router: JsonObject) => JsonObject])[] = [
  ["longContext", (router) => ({ tokens_over: numberIn(router, "longContextThreshold") ?? 60_000 })],
  ["background", () => ({ model: "*claude*haiku*" })],
  ["webSearch", () => ({ web_search: true })],
  ["think", () => ({ thinking: true })],
  ["image", () => ({ images: true })],
]

function importRoutes(router: JsonObject, draft: Draft): void {
  const find = (route: string): string | undefined => {
    const wanted = textIn(router, route)
    if (!wanted) return undefined
    if (Object.hasOwn(draft.models, wanted)) return wanted
    draft.tell(`Router.${route}`, `${wanted} is no model of a provider above, and was left out`)
    return undefined
  }
  const usual = find("default")
  const target = usual === undefined ? undefined : draft.models[usual]
  if (target) draft.models["*"] = target
  const rules = RULES.flatMap(([route, when]) => {
    const model = find(route)
    // What is asked for as provider,model goes there whatever it is.
    return model === undefined ? [] : [{ name: route, when: { model: "claude*", ...when(router) }, model }]
  })
  if (rules.length > 0) draft.plugins.push({ scenario: { rules } })
  for (const name of Object.keys(router)) {
    if (!["default", "longContextThreshold", ...RULES.map(([route]) => route)].includes(name)) {
      draft.tell(`Router.${name}`, "has no equal here")
    }
  }
}

function importServer(source: JsonObject, draft: Draft): void {
  const port = numberIn(source, "PORT")
  const host = textIn(source, "HOST")
  const key = textIn(source, "APIKEY")
  if (port !== undefined) draft.server.port = port
  if (host) draft.server.host = host
  const reference = key ? toReference(key) : undefined
  if (reference) draft.keys.push({ name: "imported", key: reference })
  else if (key) draft.secret("PROXY_API_KEY", key)
}

/** `$VAR` and `${VAR}` name variables there too. */
function toReference(key: string): string | undefined {
  const [, plain, braced] = /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})$/.exec(key) ?? []
  const name = plain ?? braced
  return name === undefined ? undefined : `\${${name}}`
}

const GEMINI = "https://generativelanguage.googleapis.com/"

/** There a URL is that of the endpoint; Gemini's own API has an OpenAI-compatible one beside it. */
function toBaseUrl(url: string): string {
  if (url.startsWith(GEMINI)) return `${GEMINI}v1beta/openai`
  return url.replace(/\/+$/, "").replace(/\/(chat\/completions|completions|responses|messages)$/, "")
}

const KNOWN: ReadonlySet<string> = new Set([
  "Providers",
  "providers",
  "Router",
  "PORT",
  "HOST",
  "APIKEY",
  "API_TIMEOUT_MS",
])

const WORDS: Readonly<Record<string, string>> = {
  LOG: "the log goes to standard error; LOG_FILE names a file, and the plugin log tells each request",
  LOG_LEVEL: "set the variable LOG_LEVEL",
  PROXY_URL: "has no equal here: backends are reached directly",
  CUSTOM_ROUTER_PATH: "has no equal here: a plugin does what a router did (llm-proxy plugin new NAME)",
  transformers: "have no equal here: a plugin does what a transformer did (llm-proxy plugin new NAME)",
  NON_INTERACTIVE_MODE: "is not needed here",
  StatusLine: "has no equal here",
}
