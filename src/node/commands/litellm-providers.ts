/**
 * LiteLLM's providers that can be reached from here: what stands before the slash of `litellm_params.model`, where that
 * is, and the variable its key is in.
 *
 * Source: docs.litellm.ai/docs/providers.
 */

export interface Provider {
  /** Undefined where `api_base` has to say it. */
  readonly base_url: string | undefined
  /** The variable that LiteLLM reads where there is no `api_key`; undefined for a server that needs none. */
  readonly key: string | undefined
  /** What is added to `api_base` where it is not there. */
  readonly below?: string
  readonly profile?: string
  readonly api?: "anthropic"
}

export const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: { base_url: "https://api.openai.com/v1", key: "OPENAI_API_KEY" },
  azure: { base_url: undefined, key: "AZURE_API_KEY", below: "/openai/v1" },
  anthropic: { base_url: "https://api.anthropic.com", key: "ANTHROPIC_API_KEY", api: "anthropic" },
  ollama: { base_url: "http://localhost:11434/v1", key: undefined, below: "/v1", profile: "ollama" },
  ollama_chat: { base_url: "http://localhost:11434/v1", key: undefined, below: "/v1", profile: "ollama" },
  lm_studio: { base_url: "http://localhost:1234/v1", key: undefined, profile: "lm-studio" },
  hosted_vllm: { base_url: undefined, key: undefined, profile: "vllm" },
  llamafile: { base_url: "http://localhost:8080/v1", key: undefined, profile: "llama.cpp" },
  openai_like: { base_url: undefined, key: undefined },
  litellm_proxy: { base_url: undefined, key: "LITELLM_PROXY_API_KEY" },
  openrouter: { base_url: "https://openrouter.ai/api/v1", key: "OPENROUTER_API_KEY" },
  databricks: { base_url: "${DATABRICKS_API_BASE}", key: "DATABRICKS_API_KEY", profile: "databricks" },
  gemini: { base_url: "https://generativelanguage.googleapis.com/v1beta/openai", key: "GEMINI_API_KEY" },
  groq: { base_url: "https://api.groq.com/openai/v1", key: "GROQ_API_KEY" },
  deepseek: { base_url: "https://api.deepseek.com/v1", key: "DEEPSEEK_API_KEY" },
  mistral: { base_url: "https://api.mistral.ai/v1", key: "MISTRAL_API_KEY" },
  xai: { base_url: "https://api.x.ai/v1", key: "XAI_API_KEY" },
  moonshot: { base_url: "https://api.moonshot.ai/v1", key: "MOONSHOT_API_KEY" },
  zai: { base_url: "https://api.z.ai/api/paas/v4", key: "ZAI_API_KEY" },
  together_ai: { base_url: "https://api.together.ai/v1", key: "TOGETHERAI_API_KEY" },
  fireworks_ai: { base_url: "https://api.fireworks.ai/inference/v1", key: "FIREWORKS_API_KEY" },
  perplexity: { base_url: "https://api.perplexity.ai", key: "PERPLEXITYAI_API_KEY" },
  cerebras: { base_url: "https://api.cerebras.ai/v1", key: "CEREBRAS_API_KEY" },
  nvidia_nim: { base_url: "https://integrate.api.nvidia.com/v1", key: "NVIDIA_NIM_API_KEY" },
  deepinfra: { base_url: "https://api.deepinfra.com/v1/openai", key: "DEEPINFRA_API_KEY" },
}

/** Others that LiteLLM knows; what has no slash, or something else before it, is a model of OpenAI's API. */
export const UNREACHED: ReadonlySet<string> = new Set([
  "bedrock",
  "vertex_ai",
  "vertex_ai_beta",
  "sagemaker",
  "sagemaker_chat",
  "cohere",
  "cohere_chat",
  "github_copilot",
  "huggingface",
  "replicate",
  "watsonx",
  "azure_ai",
  "cloudflare",
  "text-completion-openai",
  "predibase",
  "snowflake",
  "oci",
])
