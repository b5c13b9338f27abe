/**
 * OpenAI itself, over Chat Completions.
 *
 * Source: the types of `openai` 7.57.0; OpenAI's Structured Outputs guide; issues where named.
 */
import type { ProfileFlags, SchemaRules } from "./profile.ts"

/** What OpenAI's validator of tools answers 400 to, strict or not. Azure runs the same one. */
export const OPENAI_SCHEMA: Partial<SchemaRules> = {
  // "'uri' is not a valid format" refuses the whole request (forgecode#2974, git-mcp-server#47, agent-native#3085).
  formats: ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"],
  properties: true, // "object schema missing properties" (github-mcp-server#1548, spring-ai#4776)
  plain_root: true, // "must have type 'object' and not have 'oneOf'/'anyOf'/…" (langchainjs#9804)
}

/** The efforts of its models, taken together; a model that lacks one answers 400 (types of `openai` 7.57.0). */
export const OPENAI_EFFORTS: readonly string[] = ["minimal", "low", "medium", "high", "xhigh", "max"]

/**
 * Models that Chat Completions do not serve, or not with tools: `gpt-5.4` and later answer 400 to tools with reasoning
 * (openai-openapi#541, litellm#34569, pipecat#4043); the others are Responses only (types of `openai` 7.57.0,
 * `ResponsesModel`).
 */
export const RESPONSES_MODELS: readonly string[] = [
  "gpt-5.4*",
  "gpt-5.5*",
  "gpt-5.6*",
  "gpt-5*-pro*",
  "*-codex*",
  "codex-*",
  "o1-pro*",
  "o3-pro*",
  "*-deep-research*",
  "computer-use-preview*",
]

export const openai: ProfileFlags = {
  responses_models: RESPONSES_MODELS,
  max_tokens_field: "max_completion_tokens", // reasoning models refuse `max_tokens`, and it is deprecated for all
  system_role: "developer", // takes the place of `system` from o1 on, and is taken by older models
  stop_max: 0, // reasoning models refuse it (smolagents#1662); those that take it lose nothing
  reasoning: { efforts: OPENAI_EFFORTS, off: "none" },
  schema: OPENAI_SCHEMA,
  user_field: "safety_identifier", // `user` is deprecated
  cache_marks: "prompt_cache_breakpoint",
  cache_models: ["gpt-5.6*"], // from there on (OpenAI's prompt caching guide)
  cache_places: ["system", "user", "tool_results"], // content parts, of which tools have none
}
