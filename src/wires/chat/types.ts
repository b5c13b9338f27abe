/**
 * Chat Completions as this program writes and reads it. A backend may leave out nearly everything it answers, so every
 * field of a reply is optional here and what is read is checked where it is read.
 *
 * Source: the types of `openai` 7.57.0; fields of other backends are marked with whose they are.
 */
import type { ReasoningDetail } from "../details.ts"
import type { CacheMark } from "../request/cache-marks.ts"

export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: true
  readonly stream_options?: { readonly include_usage: true }
  readonly max_tokens?: number
  readonly max_completion_tokens?: number
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
  readonly stop?: readonly string[]
  readonly tools?: readonly ChatTool[]
  readonly tool_choice?: ChatToolChoice
  readonly parallel_tool_calls?: false
  readonly reasoning_effort?: string
  readonly response_format?:
    | {
        readonly type: "json_schema"
        readonly json_schema: { readonly name: string; readonly schema: unknown; readonly strict: boolean }
      }
    | { readonly type: "json_object" }
  /** vLLM: goes on with a last message of the assistant's. */
  readonly continue_final_message?: true
  /** vLLM: whether the chat template begins an answer. */
  readonly add_generation_prompt?: false
  readonly user?: string
  readonly safety_identifier?: string
  readonly prompt_cache_key?: string
}

export type ChatMessage =
  | { readonly role: "system" | "developer"; readonly content: string | readonly ChatTextPart[] }
  | { readonly role: "user"; readonly content: string | readonly ChatPart[] }
  | ChatAssistantMessage
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string | readonly ChatTextPart[] }

export interface ChatAssistantMessage {
  readonly role: "assistant"
  readonly content: string | null
  readonly tool_calls?: readonly ChatToolCall[]
  /** Ollama, OpenRouter, vLLM: its own thinking, given back. */
  readonly reasoning?: string
  /** DeepSeek, Moonshot, Zhipu, Fireworks, llama.cpp: the same. */
  readonly reasoning_content?: string
  /** OpenRouter: the same, entry by entry. */
  readonly reasoning_details?: readonly ReasoningDetail[]
  /** DeepSeek's beta: the beginning of the answer. */
  readonly prefix?: true
  /** Moonshot: the same. */
  readonly partial?: true
}

export type ChatPart =
  | ChatTextPart
  | ({ readonly type: "image_url"; readonly image_url: { readonly url: string } } & CacheMark)
  | ({ readonly type: "file"; readonly file: { readonly filename: string; readonly file_data: string } } & CacheMark)

export interface ChatTextPart extends CacheMark {
  readonly type: "text"
  readonly text: string
}

export interface ChatToolCall {
  readonly id: string
  readonly type: "function"
  readonly function: { readonly name: string; readonly arguments: string }
  /** Gemini: what it gave with the call, given back. */
  readonly extra_content?: unknown
}

/** A mark is OpenRouter's. */
export interface ChatTool extends Pick<CacheMark, "cache_control"> {
  readonly type: "function"
  readonly function: {
    readonly name: string
    readonly description?: string
    readonly parameters: unknown
    readonly strict?: true
  }
}

export type ChatToolChoice =
  | "auto"
  | "required"
  | "none"
  | { readonly type: "function"; readonly function: { readonly name: string } }

/** One chunk of a streamed answer, or a whole answer as one chunk. */
export interface ChatChunk {
  readonly id?: string
  readonly choices?: readonly ChatChoice[] | null
  readonly usage?: ChatUsage | null
  readonly service_tier?: string | null
  /** Groq puts a stream's usage and its early end here. */
  readonly x_groq?: { readonly usage?: ChatUsage | null; readonly error?: string | null } | null
}

export interface ChatChoice {
  readonly index?: number
  readonly delta?: ChatDelta | null
  /** What a whole answer has in its place. */
  readonly message?: ChatDelta | null
  readonly finish_reason?: string | null
  /** vLLM: the stop string that matched, or a token's number. */
  readonly stop_reason?: string | number | null
  /** SGLang: the same. */
  readonly matched_stop?: string | number | null
  /** Moonshot puts a stream's usage here (pi#2017). */
  readonly usage?: ChatUsage | null
}

export interface ChatDelta {
  readonly role?: string
  /** A list of parts at Mistral and Databricks. */
  readonly content?: string | readonly ChatContentPart[] | null
  readonly refusal?: string | null
  /** vLLM, Ollama, OpenRouter, Groq. */
  readonly reasoning?: string | null
  /** DeepSeek, llama.cpp, older vLLM. */
  readonly reasoning_content?: string | null
  /** OpenRouter. */
  readonly reasoning_details?: readonly ReasoningDetail[] | null
  readonly tool_calls?: readonly ChatToolCallDelta[] | null
  /** Deprecated single call. */
  readonly function_call?: { readonly name?: string | null; readonly arguments?: unknown } | null
}

/** A part of a content list. Unknown ones carry only their type. */
export interface ChatContentPart {
  readonly type?: string
  readonly text?: string
  /** Mistral. */
  readonly thinking?: string | readonly { readonly type?: string; readonly text?: string }[]
  /** Databricks. */
  readonly summary?: readonly { readonly type?: string; readonly text?: string }[]
}

export interface ChatToolCallDelta {
  readonly index?: number | null
  readonly id?: string | null
  readonly type?: string | null
  readonly function?: {
    readonly name?: string | null
    /** A string by the book; an object or null at some backends. */
    readonly arguments?: unknown
  } | null
  /** Gemini: its thought signature, among other things. */
  readonly extra_content?: unknown
}

export interface ChatUsage {
  readonly prompt_tokens?: number | null
  readonly completion_tokens?: number | null
  readonly total_tokens?: number | null
  readonly prompt_tokens_details?: {
    readonly cached_tokens?: number | null
    readonly cache_write_tokens?: number | null
  } | null
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number | null } | null
  /** DeepSeek. */
  readonly prompt_cache_hit_tokens?: number | null
  /** Moonshot. */
  readonly cached_tokens?: number | null
  /** Anthropic's own, where Claude stands behind the backend (Databricks, OpenRouter). */
  readonly cache_read_input_tokens?: number | null
  readonly cache_creation_input_tokens?: number | null
}

/** A whole answer (`chat.completion`). */
export interface ChatCompletion {
  readonly id?: string
  readonly choices?:
    | readonly (Omit<ChatChoice, "delta"> & { readonly message?: ChatDelta | null })[]
    | null
  readonly usage?: ChatUsage | null
  readonly service_tier?: string | null
}
