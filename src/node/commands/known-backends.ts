/**
 * Where `init` looks: the ports on which model servers listen unless told otherwise, and the variables in which their
 * makers' programs look for keys. Models are those to begin with; what a backend lists is what counts.
 */
import type { FLAGS } from "../../backends/index.ts"

export type ProfileName = keyof typeof FLAGS

/** A server of this machine. */
export interface KnownServer {
  readonly title: string
  readonly profile: ProfileName
  readonly port: number
  /** Nobody else listens on this port. */
  readonly alone: boolean
  /** What stands in `owned_by` of the models it lists. */
  readonly owner: RegExp
}

/**
 * Sources of `owned_by`: ollama/ollama openai/openai.go, vllm-project/vllm `ModelCard`, ggml-org/llama.cpp
 * tools/server/server.cpp, lmstudio.ai/docs on its OpenAI endpoints.
 */
export const SERVERS: readonly KnownServer[] = [
  { title: "Ollama", profile: "ollama", port: 11_434, alone: true, owner: /^library$/ },
  { title: "LM Studio", profile: "lm-studio", port: 1234, alone: true, owner: /^organization[-_]owner$/ },
  { title: "vLLM", profile: "vllm", port: 8000, alone: false, owner: /^vllm$/ },
  { title: "llama.cpp", profile: "llama.cpp", port: 8080, alone: false, owner: /^llamacpp$/ },
]

/** A backend that needs a key. */
export interface KnownMaker {
  readonly name: string
  /** The variable that holds the key. */
  readonly key: string
  /** May name further variables. */
  readonly base_url: string
  /** For what Claude Code asks of its opus and sonnet models, and of haiku: the first of each that is listed. */
  readonly big: readonly string[]
  readonly small: readonly string[]
}

export const MAKERS: readonly KnownMaker[] = [
  {
    name: "openai",
    key: "OPENAI_API_KEY",
    base_url: "${OPENAI_BASE_URL:-https://api.openai.com/v1}", // the variable of its own SDKs
    big: ["gpt-5.1", "gpt-5"],
    small: ["gpt-5-mini"],
  },
  {
    name: "anthropic",
    key: "ANTHROPIC_API_KEY",
    base_url: "https://api.anthropic.com",
    big: ["claude-opus-5-5"],
    small: ["claude-haiku-5-5"],
  },
  {
    name: "openrouter",
    key: "OPENROUTER_API_KEY",
    base_url: "https://openrouter.ai/api/v1",
    big: ["anthropic/claude-sonnet-4.5"],
    small: ["anthropic/claude-haiku-4.5"],
  },
  {
    name: "deepseek",
    key: "DEEPSEEK_API_KEY",
    base_url: "https://api.deepseek.com/v1",
    big: ["deepseek-chat"],
    small: ["deepseek-chat"],
  },
  {
    name: "gemini",
    key: "GEMINI_API_KEY",
    base_url: "https://generativelanguage.googleapis.com/v1beta/openai",
    big: ["gemini-2.5-pro"],
    small: ["gemini-2.5-flash"],
  },
  {
    name: "groq",
    key: "GROQ_API_KEY",
    base_url: "https://api.groq.com/openai/v1",
    big: ["openai/gpt-oss-120b"],
    small: ["openai/gpt-oss-20b"],
  },
  {
    name: "mistral",
    key: "MISTRAL_API_KEY",
    base_url: "https://api.mistral.ai/v1",
    big: ["devstral-medium-latest", "mistral-large-latest"],
    small: ["mistral-small-latest"],
  },
  { name: "xai", key: "XAI_API_KEY", base_url: "https://api.x.ai/v1", big: ["grok-4"], small: ["grok-3-mini"] },
  {
    name: "moonshot",
    key: "MOONSHOT_API_KEY",
    base_url: "https://api.moonshot.ai/v1",
    big: ["kimi-k2-turbo-preview"],
    small: ["kimi-k2-turbo-preview"],
  },
  {
    name: "zhipu",
    key: "ZAI_API_KEY",
    base_url: "https://api.z.ai/api/paas/v4",
    big: ["glm-4.6"],
    small: ["glm-4.5-air"],
  },
  {
    name: "together",
    key: "TOGETHER_API_KEY",
    base_url: "https://api.together.ai/v1",
    big: ["zai-org/GLM-4.6"],
    small: ["openai/gpt-oss-20b"],
  },
  {
    name: "fireworks",
    key: "FIREWORKS_API_KEY",
    base_url: "https://api.fireworks.ai/inference/v1",
    big: ["accounts/fireworks/models/glm-4p6"],
    small: ["accounts/fireworks/models/gpt-oss-20b"],
  },
  {
    name: "databricks",
    key: "DATABRICKS_TOKEN",
    base_url: "${DATABRICKS_HOST}/serving-endpoints",
    big: ["databricks-claude-sonnet-4"],
    small: ["databricks-claude-sonnet-4"],
  },
]

/** Models that give vectors, ranks or sound instead of words. */
export const WORDLESS = /embed|rerank|whisper|tts|dall-e|moderation|transcribe|realtime|image/i
