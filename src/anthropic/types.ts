/**
 * Anthropic's Messages API as the client speaks it: the request. Only the fields that a stage or a wire reads are
 * named; whatever else a client sends stays in the object and is carried along.
 *
 * Source: the types of `@anthropic-ai/sdk` 1.12.0.
 */

/** The body of `POST /v1/messages`. */
export interface MessageRequest {
  readonly model: string
  /** Tokens the answer may have; 0 asks for no generation at all. */
  readonly max_tokens: number
  readonly messages: readonly Message[]
  readonly system?: string | readonly TextBlock[] | null
  readonly stream?: boolean | null
  readonly stop_sequences?: readonly string[] | null
  readonly tools?: readonly Tool[] | null
  readonly tool_choice?: ToolChoice | null
  readonly thinking?: Thinking | null
  readonly output_config?: OutputConfig | null
  /** Deprecated spelling of `output_config.format`. */
  readonly output_format?: OutputFormat | null
  readonly metadata?: { readonly user_id?: string | null } | null
  readonly temperature?: number | null
  readonly top_p?: number | null
  readonly top_k?: number | null
  readonly service_tier?: string | null
}

/** A request and the JSON text it was parsed from. */
export interface Original {
  readonly request: MessageRequest
  readonly text: string
}

export interface Message {
  readonly role: "user" | "assistant" | "system"
  /** Absent only on a system message that merely edits the tools or the effort. */
  readonly content?: string | readonly ContentBlock[] | null
  /** System messages only: `next_user_message` hides the text once a later user message is there. */
  readonly clear_at?: "next_user_message" | "never" | null
  /** System messages only: the effort from here on. */
  readonly output_config?: { readonly effort?: Effort | null } | null
}

export type ContentBlock =
  | TextBlock
  | ImageBlock
  | DocumentBlock
  | SearchResultBlock
  | ThinkingBlock
  | RedactedThinkingBlock
  | ToolUseBlock
  | ToolResultBlock
  | ToolReferenceBlock
  | BrowserStateBlock
  | ContainerUploadBlock
  | ServerToolUseBlock
  | ServerToolResultBlock
  | McpToolUseBlock
  | McpToolResultBlock
  | McpToolListingBlock
  | CompactionBlock
  | FallbackBlock
  | ToolChangeBlock

export interface TextBlock {
  readonly type: "text"
  readonly text: string
}

export interface ImageBlock {
  readonly type: "image"
  readonly source: Base64Source | UrlSource | FileSource
}

export interface Base64Source {
  readonly type: "base64"
  readonly media_type: string
  readonly data: string
}

export interface UrlSource {
  readonly type: "url"
  readonly url: string
}

export interface FileSource {
  readonly type: "file"
  readonly file_id: string
}

export interface DocumentBlock {
  readonly type: "document"
  readonly source:
    | Base64Source
    | UrlSource
    | FileSource
    | { readonly type: "text"; readonly media_type: string; readonly data: string }
    | { readonly type: "content"; readonly content: string | readonly (TextBlock | ImageBlock)[] }
  readonly title?: string | null
  readonly context?: string | null
  readonly citations?: { readonly enabled?: boolean } | null
}

export interface SearchResultBlock {
  readonly type: "search_result"
  readonly source: string
  readonly title: string
  readonly content: readonly TextBlock[]
  readonly citations?: { readonly enabled?: boolean } | null
}

export interface ThinkingBlock {
  readonly type: "thinking"
  readonly thinking: string
  readonly signature: string
}

export interface RedactedThinkingBlock {
  readonly type: "redacted_thinking"
  readonly data: string
}

export interface ToolUseBlock {
  readonly type: "tool_use"
  readonly id: string
  readonly name: string
  readonly input: unknown
  /** The toolset, `computer` or `browser`, that the tool is a member of. */
  readonly toolset_name?: string | null
}

export interface ToolResultBlock {
  readonly type: "tool_result"
  readonly tool_use_id: string
  readonly content?: string | readonly ContentBlock[] | null
  readonly is_error?: boolean | null
}

/** In a tool result: a deferred tool that the client's tool search has found. */
export interface ToolReferenceBlock {
  readonly type: "tool_reference"
  readonly tool_name: string
}

/** In a tool result: what the client's browser shows. */
export interface BrowserStateBlock {
  readonly type: "browser_state"
  readonly tabs: readonly {
    readonly tab_id: string
    readonly title: string
    readonly url: string
    readonly active?: boolean
  }[]
  readonly state_changes?: readonly { readonly type: string; readonly [key: string]: unknown }[] | null
}

/** A file for, or from, the container of Anthropic's code execution. */
export interface ContainerUploadBlock {
  readonly type: "container_upload"
  readonly file_id: string
}

/** In the history: a call of a tool that ran on Anthropic's servers. */
export interface ServerToolUseBlock {
  readonly type: "server_tool_use"
  readonly id: string
  readonly name: string
  readonly input: unknown
}

/** In the history: what such a call gave, in a shape of its own for each tool. */
export interface ServerToolResultBlock {
  readonly type:
    | "web_search_tool_result"
    | "web_fetch_tool_result"
    | "code_execution_tool_result"
    | "bash_code_execution_tool_result"
    | "text_editor_code_execution_tool_result"
    | "tool_search_tool_result"
    | "advisor_tool_result"
  readonly tool_use_id: string
  readonly content: unknown
}

/** In the history: a call of an MCP server's tool that Anthropic made. */
export interface McpToolUseBlock {
  readonly type: "mcp_tool_use"
  readonly id: string
  readonly name: string
  readonly server_name: string
  readonly input: unknown
}

/** In the same assistant turn as its call. */
export interface McpToolResultBlock {
  readonly type: "mcp_tool_result"
  readonly tool_use_id: string
  readonly content?: string | readonly TextBlock[] | null
  readonly is_error?: boolean | null
}

/** In the history: what an MCP server offered. */
export interface McpToolListingBlock {
  readonly type: "mcp_tool_listing"
  readonly mcp_server_name: string
}

/** In the history: the summary of what went before. */
export interface CompactionBlock {
  readonly type: "compaction"
  readonly content?: string | null
}

/** In the history: the mark that another model went on from here. */
export interface FallbackBlock {
  readonly type: "fallback"
}

/** In a system message: a tool comes or goes. */
export interface ToolChangeBlock {
  readonly type: "tool_addition" | "tool_removal"
  readonly tool: { readonly type: string; readonly name?: string }
}

/** A custom tool, or one of Anthropic's own when `type` says so. */
export interface Tool {
  readonly type?: string | null
  /** Absent on toolset entries only. */
  readonly name?: string
  readonly description?: string
  readonly input_schema?: JsonSchema
  readonly strict?: boolean | null
  readonly input_examples?: readonly unknown[] | null
  /** Streams the arguments as they come, unchecked, instead of once they are complete. */
  readonly eager_input_streaming?: boolean | null
  /** Of a toolset: what differs from its defaults, by member. */
  readonly configs?: Readonly<Record<string, { readonly enabled?: boolean | null } | null>> | null
  /** Of the computer tool, like the two that follow. */
  readonly display_width_px?: number
  readonly display_height_px?: number
  readonly enable_zoom?: boolean
}

/** A JSON Schema, never looked into beyond what a rule needs. */
export type JsonSchema = { readonly [key: string]: unknown }

export interface ToolChoice {
  readonly type: "auto" | "any" | "tool" | "none"
  readonly name?: string
  readonly disable_parallel_tool_use?: boolean
}

export interface Thinking {
  readonly type: "enabled" | "disabled" | "adaptive" | "between_tools"
  readonly budget_tokens?: number
  readonly display?: string | null
}

export interface OutputConfig {
  readonly effort?: Effort | null
  readonly format?: OutputFormat | null
}

export interface OutputFormat {
  readonly type: "json_schema"
  readonly schema: JsonSchema
}

export type Effort = "low" | "medium" | "high" | "xhigh" | "max"
