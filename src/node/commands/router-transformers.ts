/** What the transformers of a provider of claude-code-router mean here: most are what this proxy does anyway. */
import { FLAGS } from "../../backends/index.ts"
import { isObject } from "../../wires/is-object.ts"
import { numberIn } from "./draft.ts"

export interface Transformers {
  readonly api: "anthropic" | "responses" | undefined
  readonly profile: string | undefined
  readonly flags: { readonly max_tokens_most: number } | undefined
  /** What is to be said, with the path behind `transformer`. */
  readonly told: readonly (readonly [path: string, words: string])[]
}

export function readTransformers(transformer: unknown): Transformers {
  const told: [string, string][] = []
  const read: { api?: "anthropic" | "responses"; profile?: string; most?: number } = {}
  if (!isObject(transformer)) return { api: undefined, profile: undefined, flags: undefined, told }
  for (const [n, use] of listOf(transformer["use"]).entries()) {
    const [name, options] = Array.isArray(use) ? (use as readonly unknown[]) : [use]
    if (typeof name !== "string") continue
    const most = isObject(options) ? numberIn(options, "max_tokens") : undefined
    const api = APIS[name.toLowerCase()]
    if (api) read.api = api
    else if (name === "maxtoken" && most !== undefined) read.most = most
    else if (Object.hasOwn(FLAGS, name)) read.profile = name
    else if (!ANYWAY.has(name)) told.push([`.use.${n}`, `${name} ${NO_EQUAL}`])
  }
  for (const model of Object.keys(transformer).filter((key) => key !== "use")) {
    const own = transformer[model]
    const names = listOf(isObject(own) ? own["use"] : undefined).map((use) => String(Array.isArray(use) ? use[0] : use))
    const others = names.filter((name) => !ANYWAY.has(name) && !Object.hasOwn(FLAGS, name))
    if (others.length > 0) told.push([`.${model}`, `${others.join(", ")} for one model alone has no equal here`])
  }
  const { api, profile, most } = read
  return { api, profile, flags: most === undefined ? undefined : { max_tokens_most: most }, told }
}

const NO_EQUAL = "has no equal here: a plugin can do it (llm-proxy plugin new NAME)"

const APIS: Readonly<Record<string, "anthropic" | "responses">> = {
  anthropic: "anthropic",
  "openai-responses": "responses",
  "openai-response": "responses",
}

/** Mended calls, reasoning of any form, marks of caches, usage of streams, limits: no setting is needed for these. */
const ANYWAY: ReadonlySet<string> = new Set([
  "enhancetool",
  "tooluse",
  "reasoning",
  "cleancache",
  "streamoptions",
  "maxcompletiontokens",
  "openai",
  "OpenAI",
  "sampling",
])

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
