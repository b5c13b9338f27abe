/**
 * Anthropic's stream events and the whole Message they add up to. This is the one vocabulary of every reply inside
 * the line: plugins see it, `encode` writes it, failures travel in it as an `error` event.
 *
 * Source: the types of `@anthropic-ai/sdk` 1.12.0; which keys must be present is what its accumulator reads.
 */

export type MessageEvent =
  | MessageStartEvent
  | BlockStartEvent
  | BlockDeltaEvent
  | BlockStopEvent
  | MessageDeltaEvent
  | { readonly type: "message_stop" }
  | { readonly type: "ping" }
  | ErrorEvent

export interface MessageStartEvent {
  readonly type: "message_start"
  readonly message: AssistantMessage
}

export interface BlockStartEvent {
  readonly type: "content_block_start"
  readonly index: number
  readonly content_block: ReplyBlock
}

export interface BlockDeltaEvent {
  readonly type: "content_block_delta"
  readonly index: number
  readonly delta: BlockDelta
}

export type BlockDelta =
  | { readonly type: "text_delta"; readonly text: string }
  | { readonly type: "thinking_delta"; readonly thinking: string }
  | { readonly type: "signature_delta"; readonly signature: string }
  | { readonly type: "input_json_delta"; readonly partial_json: string }
  | { readonly type: "citations_delta"; readonly citation: unknown }

export interface BlockStopEvent {
  readonly type: "content_block_stop"
  readonly index: number
}

export interface MessageDeltaEvent {
  readonly type: "message_delta"
  readonly delta: {
    readonly stop_reason: StopReason | null
    readonly stop_sequence: string | null
    readonly stop_details: StopDetails | null
    readonly container: Container | null
  }
  /** Totals so far, not increments; what is not null overwrites what `message_start` said. */
  readonly usage: Partial<Usage> & { readonly output_tokens: number }
}

export interface ErrorEvent {
  readonly type: "error"
  readonly error: { readonly type: string; readonly message: string; readonly details?: unknown }
  readonly request_id?: string
}

/** The answer as a whole: what a client gets that did not ask to stream. */
export interface AssistantMessage {
  readonly id: string
  readonly type: "message"
  readonly role: "assistant"
  readonly model: string
  readonly content: readonly ReplyBlock[]
  readonly stop_reason: StopReason | null
  readonly stop_sequence: string | null
  readonly stop_details: StopDetails | null
  readonly container: Container | null
  readonly diagnostics: null
  readonly usage: Usage
}

/** Where Anthropic's code execution runs. */
export interface Container {
  readonly id: string
  readonly expires_at: string
}

export type ReplyBlock =
  | { readonly type: "text"; readonly text: string; readonly citations: readonly unknown[] | null }
  | { readonly type: "thinking"; readonly thinking: string; readonly signature: string }
  | { readonly type: "redacted_thinking"; readonly data: string }
  | ReplyToolUse
  | ReplyServerToolUse
  | WebSearchToolResult

export interface ReplyToolUse {
  readonly type: "tool_use"
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly caller: { readonly type: "direct" }
  /** The toolset the tool is a member of; absent for tools of no toolset. */
  readonly toolset_name?: string
}

/** A call that the server runs itself; its result follows in the same message. */
export interface ReplyServerToolUse {
  readonly type: "server_tool_use"
  /** Begins with `srvtoolu_`. */
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly caller: { readonly type: "direct" }
}

/** What a web search found; whole in its start, without deltas. */
export interface WebSearchToolResult {
  readonly type: "web_search_tool_result"
  readonly tool_use_id: string
  readonly content: readonly WebSearchResult[] | WebSearchError
  readonly caller: { readonly type: "direct" }
}

export interface WebSearchResult {
  readonly type: "web_search_result"
  readonly url: string
  readonly title: string
  readonly page_age: string | null
  /** What the model read of the page, for the server that gets it back with the history; opaque to clients. */
  readonly encrypted_content: string
}

export interface WebSearchError {
  readonly type: "web_search_tool_result_error"
  readonly error_code: WebSearchErrorCode
}

export type WebSearchErrorCode =
  | "invalid_tool_input"
  | "unavailable"
  | "max_uses_exceeded"
  | "too_many_requests"
  | "query_too_long"
  | "request_too_large"

export type StopReason =
  | "end_turn"
  | "max_tokens"
  | "stop_sequence"
  | "tool_use"
  | "refusal"
  | "pause_turn"
  | "model_context_window_exceeded"

export interface StopDetails {
  readonly type: "refusal"
  readonly category: string | null
  readonly explanation: string | null
}

/** Token counts. The whole input is `input_tokens` + `cache_creation_input_tokens` + `cache_read_input_tokens`. */
export interface Usage {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_creation_input_tokens: number | null
  readonly cache_read_input_tokens: number | null
  readonly cache_creation: null
  readonly output_tokens_details: { readonly thinking_tokens: number } | null
  /** How often tools of the server ran; null where none could. */
  readonly server_tool_use: { readonly web_search_requests: number; readonly web_fetch_requests: number } | null
  readonly service_tier: string | null
  readonly inference_geo: null
  readonly speed: null
}
