/**
 * LiteLLM's config.yaml. Several entries of one `model_name` are the plugin `balance`, its fallbacks the plugin
 * `fallback`.
 *
 * Source: docs.litellm.ai/docs/proxy/configs, /docs/routing and /docs/proxy/reliability.
 */
import { isObject, objectsIn, type JsonObject } from "../../wires/is-object.ts"
import { textIn, type Draft } from "./draft.ts"
import { importDeployment, type Deployment } from "./litellm-deployment.ts"
import { importLiteLLMSettings, type Member } from "./litellm-settings.ts"

export function isLiteLLMConfig(source: JsonObject): boolean {
  return Array.isArray(source["model_list"])
}

export function importLiteLLM(source: JsonObject, draft: Draft): void {
  const listed = objectsIn(source["model_list"] as readonly object[]) as readonly JsonObject[]
  const groups = new Map<string, Deployment[]>()
  for (const [n, entry] of listed.entries()) {
    const name = textIn(entry, "model_name")
    const deployment = name === undefined ? undefined : importDeployment(entry, `model_list.${n}`, draft)
    if (name !== undefined && deployment) groups.set(name, [...(groups.get(name) ?? []), deployment])
  }
  const balanced: Record<string, Member[]> = {}
  for (const [name, [first, ...more]] of groups) {
    if (!first) continue
    draft.model(name, first.backend, first.model)
    if (more.length > 0) balanced[name] = [first, ...more].map((one) => toMember(name, one, draft))
  }
  const settings = sectionOf(source, "litellm_settings")
  const router = sectionOf(source, "router_settings")
  importLiteLLMSettings({ settings, router, general: sectionOf(source, "general_settings") }, balanced, draft)
  for (const [name, value] of Object.entries(sectionOf(source, "environment_variables"))) {
    if (typeof value === "string" && !value.startsWith("os.environ/")) draft.secret(name, value)
  }
  for (const name of Object.keys(source)) if (!SECTIONS.has(name)) draft.tell(name, "has no equal here")
}

/** Each of several has a name of its own, for `balance` gives requests to models of the config. */
function toMember(name: string, { backend, model, weight }: Deployment, draft: Draft): Member {
  const plain = `${name.replaceAll("*", "any")}@${backend}`
  let own = plain
  for (let n = 2; !draft.model(own, backend, model); n++) own = `${plain}-${n}`
  return { model: own, ...(weight !== undefined && { weight }) }
}

function sectionOf(source: JsonObject, name: string): JsonObject {
  const section = source[name]
  return isObject(section) ? section : {}
}

const SECTIONS: ReadonlySet<string> = new Set([
  "model_list",
  "litellm_settings",
  "router_settings",
  "general_settings",
  "environment_variables",
])
