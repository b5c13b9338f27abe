/** Finds what `init` can put into a config: servers on this machine's ports, and keys in the environment. */
import { isDeepStrictEqual } from "node:util"
import { PROFILES, profileFor } from "../../backends/index.ts"
import { resolveConfig } from "../../config/config.ts"
import type { Backend } from "../../stage.ts"
import { substitute, type Env } from "../substitute.ts"
import { askModels, sameModel, type Offer, type OfferedModel } from "./ask-models.ts"
import { MAKERS, SERVERS, WORDLESS, type KnownMaker, type KnownServer, type ProfileName } from "./known-backends.ts"

/** A backend for the config. */
export interface Found {
  readonly name: string
  /** How people call it, and where it is. */
  readonly title: string
  readonly base_url: string
  readonly api_key: string | undefined
  /** Where the URL does not say it. */
  readonly profile: ProfileName | undefined
  /** All that are worth a line. */
  readonly models: readonly string[]
  readonly big: string
  readonly small: string
  /** What there is to say about it. */
  readonly note: string
}

/** What was looked for: found, or why not. */
export interface Looked {
  readonly title: string
  readonly found: Found | undefined
  readonly why: string
}

/** Seconds for a server of this machine, and for one far away. */
const NEAR = 1
const FAR = 4

/** So many models of a server get a line of their own. */
const MOST = 20

/** @param urls Servers to look for instead of those on the usual ports. */
export async function findBackends(env: Env, urls: readonly string[] | undefined): Promise<readonly Looked[]> {
  const usual = SERVERS.map((server) => () => lookAt(`http://127.0.0.1:${server.port}/v1`, server))
  const servers = (urls?.map((url) => () => lookAt(url)) ?? usual).map((look) => look())
  const makers = MAKERS.filter(({ key, base_url }) => env[key] && substitute(base_url, env).unset.length === 0)
  const looked = await Promise.all([...servers, ...makers.map((maker) => askMaker(maker, env))])
  const taken = new Set<string>()
  return looked.map(({ found, ...one }) => ({ ...one, found: found && { ...found, name: unique(found.name, taken) } }))
}

async function lookAt(url: string, usual?: KnownServer): Promise<Looked> {
  const offer = await askModels(backendAt(url), NEAR)
  const title = usual?.title ?? url
  if (offer.kind !== "listed") {
    return { title, found: undefined, why: `${usual ? `${title}: ` : ""}nothing found at ${url}` }
  }
  const known = serverOf(offer.models, url)
  const models = offer.models.map(({ id }) => id).filter((id) => !WORDLESS.test(id))
  const called = known?.title ?? `a server (${usual ? `no ${usual.title}` : "which one it does not say"})`
  const [first] = models
  if (first === undefined) return { title, found: undefined, why: `${called} at ${url} has no model yet` }
  // One for all: a second one would push the first out of memory.
  const big = models.reduce((best, id) => (sizeOf(id) > sizeOf(best) ? id : best), first)
  const told = known && isDeepStrictEqual(profileFor(url), PROFILES[known.profile])
  return {
    title,
    why: "",
    found: {
      name: known?.profile ?? `server-${new URL(url).port || "80"}`,
      title: `${called} at ${url}`,
      base_url: url,
      api_key: undefined,
      profile: told ? undefined : known?.profile,
      models: models.slice(0, MOST),
      big,
      small: big,
      note: `${models.length} ${models.length === 1 ? "model" : "models"}`,
    },
  }
}

async function askMaker({ name, key, base_url, big, small }: KnownMaker, env: Env): Promise<Looked> {
  const offer = await askModels(backendAt(substitute(base_url, env).text, env[key]), FAR)
  const first = choose(big, offer)
  const second = choose(small, offer)
  return {
    title: key,
    why: "",
    found: {
      name,
      title: `${key} is set`,
      base_url,
      api_key: `\${${key}}`,
      profile: undefined,
      models: [...new Set([first, second])],
      big: first,
      small: second,
      note: offer.kind === "failed" ? `${name} ${offer.why}` : first === second ? first : `${first}, ${second}`,
    },
  }
}

/** By what it says of its models, else by its usual port where there is nobody else to be expected. */
function serverOf(models: readonly OfferedModel[], url: string): KnownServer | undefined {
  const told = SERVERS.find(({ owner }) => models.some((model) => model.owner !== undefined && owner.test(model.owner)))
  return told ?? SERVERS.find(({ port, alone }) => alone && new URL(url).port === `${port}`)
}

/** The first that is listed; where none is, the first that can answer in words, and without a list the first of all. */
function choose(wanted: readonly string[], offer: Offer): string {
  const usual = wanted[0] ?? ""
  if (offer.kind !== "listed") return usual
  const ids = offer.models.map(({ id }) => id)
  return wanted.find((one) => ids.some((id) => sameModel(one, id))) ?? ids.find((id) => !WORDLESS.test(id)) ?? usual
}

/** Billions of parameters, as names tell them: `qwen3:30b`. */
function sizeOf(id: string): number {
  return Math.max(0, ...[...id.matchAll(/(\d+(?:\.\d+)?)b\b/gi)].map(([, billions]) => Number(billions)))
}

function backendAt(base_url: string, api_key?: string): Backend {
  const { backends } = resolveConfig({ models: {}, backends: { it: { base_url, ...(api_key && { api_key }) } } })
  const backend = backends.get("it")
  if (!backend) throw new Error("a config has lost its backend")
  return backend
}

function unique(name: string, taken: Set<string>): string {
  let own = name
  for (let n = 2; taken.has(own); n++) own = `${name}-${n}`
  taken.add(own)
  return own
}
