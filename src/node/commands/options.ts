/** Options that several commands have, so that they are called alike everywhere. */

export const CONFIG = {
  type: "string",
  valueHint: "FILE",
  description: "the config, instead of LLM_PROXY_CONFIG and config.yaml",
} as const

export const FORCE = { type: "boolean", description: "replace files that are there" } as const

export const JSON_OUT = { type: "boolean", description: "as JSON" } as const
