/** The profiles by name, and which one a base URL speaks of. Adding a backend is adding a file and its lines here. */
import { anthropic, messages } from "./anthropic.ts"
import { azure } from "./azure.ts"
import { databricks } from "./databricks.ts"
import { deepseek, deepseekBeta } from "./deepseek.ts"
import { fireworks } from "./fireworks.ts"
import { gemini } from "./gemini.ts"
import { groq } from "./groq.ts"
import { llamaCpp } from "./llama-cpp.ts"
import { lmStudio } from "./lm-studio.ts"
import { mistral } from "./mistral.ts"
import { moonshot } from "./moonshot.ts"
import { ollama } from "./ollama.ts"
import { openai } from "./openai.ts"
import { openrouter } from "./openrouter.ts"
import { GENERAL, withFlags, type Profile, type ProfileFlags } from "./profile.ts"
import { together } from "./together.ts"
import { vllm } from "./vllm.ts"
import { xai } from "./xai.ts"
import { zhipu } from "./zhipu.ts"

/** What each profile states. */
export const FLAGS = {
  general: {},
  openai,
  azure,
  ollama,
  databricks,
  deepseek,
  openrouter,
  vllm,
  "llama.cpp": llamaCpp,
  "lm-studio": lmStudio,
  groq,
  mistral,
  gemini,
  xai,
  moonshot,
  zhipu,
  together,
  fireworks,
  anthropic,
} as const satisfies Readonly<Record<string, ProfileFlags>>

export const PROFILES: Readonly<Record<string, Profile>> = Object.fromEntries(
  Object.entries<ProfileFlags>(FLAGS).map(([name, flags]) => [name, withFlags(GENERAL, flags)]),
)

/** Tells a backend by its host: the names its maker uses, or the port it listens on where no other server does. */
const HOSTS: readonly (readonly [host: RegExp, flags: ProfileFlags])[] = [
  [/^https?:\/\/[^/]+\/(.+\/)?anthropic\/(v1\/)?$/i, messages], // DeepSeek, Kimi, GLM and others beside their own
  [maker("api.anthropic.com"), anthropic],
  [maker("api.openai.com"), openai],
  [maker("openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"), azure],
  [maker("databricks.com", "azuredatabricks.net", "databricksapps.com"), databricks],
  [/^https:\/\/api\.deepseek\.com\/beta\//i, deepseekBeta],
  [maker("api.deepseek.com"), deepseek],
  [maker("openrouter.ai"), openrouter],
  [maker("api.groq.com"), groq],
  [maker("api.mistral.ai", "codestral.mistral.ai"), mistral],
  [maker("generativelanguage.googleapis.com"), gemini],
  [maker("api.x.ai"), xai],
  [maker("api.moonshot.ai", "api.moonshot.cn"), moonshot],
  [maker("api.z.ai", "open.bigmodel.cn"), zhipu],
  [maker("api.together.ai", "api.together.xyz"), together],
  [maker("api.fireworks.ai"), fireworks],
  [maker("ollama.com"), ollama],
  [/^https?:\/\/[^/]+:11434\//, ollama],
  [/^https?:\/\/[^/]+:1234\//, lmStudio],
]

/** The profile for a base URL; the general one where nothing is known about it. */
export function profileFor(baseUrl: string): Profile {
  const found = HOSTS.find(([pattern]) => pattern.test(`${baseUrl}/`))
  return found ? withFlags(GENERAL, found[1]) : GENERAL
}

/** These hosts and those below them, such as a region's. */
function maker(...hosts: readonly string[]): RegExp {
  return new RegExp(`^https://([^/]+\\.)?(${hosts.join("|").replaceAll(".", "\\.")})(:\\d+)?/`, "i")
}
