/**
 * OpenAI's Responses API as this program writes and reads it. Servers other than OpenAI's leave out much of what they
 * answer, so every field of a reply is optional here and what is read is checked where it is read.
 *
 * Source: the types of `openai` 7.57.0.
 */
import type { CacheMark } from "../request/cache-marks.ts"

/** The body of `POST /responses`. */
export interface ResponsesRequest {
  readonly model: string
  readonly input: readonly ResponsesInput[]
  readonly instructions?: string
  readonly store: false
  readonly include?: readonly ["reasoning.encrypted_content"]
  readonly stream?: true
  readonly max_output_tokens: number
  readonly temperature?: number
  readonly top_p?: number
  /** Not OpenAI's; vLLM takes it. */
  readonly top_k?: number
  readonly tools?: readonly ResponsesTool[]
  readonly tool_choice?: ResponsesToolChoice
  readonly parallel_tool_calls?: false
  readonly reasoning?: { readonly effort?: string; readonly summary?: "auto" }
  readonly text?: {
    readonly format:
      | {
          readonly type: "json_schema"
          readonly name: string
          readonly schema: unknown
          readonly strict: boolean
        }
      | { readonly type: "json_object" }
  }
  readonly user?: string
  readonly safety_identifier?: string
  readonly prompt_cache_key?: string
}

/** An item of the conversation. */
export type ResponsesInput =
  | {
      readonly type: "message"
      readonly role: "user" | "system" | "developer"
      readonly content: readonly ResponsesPart[]
    }
  | {
      readonly type: "message"
      readonly role: "assistant"
      readonly content: readonly { readonly type: "output_text"; readonly text: string }[]
    }
  | { readonly type: "function_call"; readonly call_id: string; readonly name: string; readonly arguments: string }
  /** An item of an earlier answer, as it came. */
  | { readonly type: "reasoning"; readonly [field: string]: unknown }
  | {
      readonly type: "function_call_output"
      readonly call_id: string
      readonly output: string | readonly ResponsesPart[]
    }

export type ResponsesPart =
  | ({ readonly type: "input_text"; readonly text: string } & CacheMark)
  /** `detail` is optional at OpenAI; its types, which other servers check requests with, demand it. */
  | ({ readonly type: "input_image"; readonly image_url: string; readonly detail: "auto" } & CacheMark)
  | ({ readonly type: "input_file"; readonly filename: string; readonly file_data: string } & CacheMark)

export interface ResponsesTool extends Pick<CacheMark, "cache_control"> {
  readonly type: "function"
  readonly name: string
  readonly description?: string
  readonly parameters: unknown
  /** Always said: the API's default is true. */
  readonly strict: boolean
}

export type ResponsesToolChoice = "auto" | "required" | "none" | { readonly type: "function"; readonly name: string }

/**
 * One event of a streamed answer; a whole answer is one `response.completed` or `response.incomplete`. Which fields an
 * event has depends on its type; those of types not read here are not named.
 */
export interface ResponsesEvent {
  readonly type: string
  /** Place of the event's item in the output. */
  readonly output_index?: number | null
  readonly item_id?: string | null
  /** Place of a text inside its message, or inside a reasoning item's content. */
  readonly content_index?: number | null
  readonly summary_index?: number | null
  /** Of `….delta`. */
  readonly delta?: string | null
  /** Of `….done`: the whole text, which the deltas told before. */
  readonly text?: string | null
  readonly refusal?: string | null
  readonly arguments?: unknown
  /** Of `response.output_item.…`. */
  readonly item?: ResponsesItem | null
  /** Of `response.content_part.…`. */
  readonly part?: ResponsesContent | null
  /** Of events on the response at large. */
  readonly response?: ResponsesAnswer | null
}

/** What an answer is made of: `message`, `reasoning`, `function_call`, and kinds that are not read. */
export interface ResponsesItem {
  readonly type?: string
  readonly id?: string | null
  readonly status?: string | null
  /** Of a message, its texts; of reasoning, the reasoning itself, where a backend shows it. */
  readonly content?: readonly ResponsesContent[] | null
  /** Of reasoning: all of it, for the backend alone. */
  readonly encrypted_content?: string | null
  /** Of reasoning. */
  readonly summary?: readonly ResponsesContent[] | null
  /** Of a call: what its result refers to. */
  readonly call_id?: string | null
  readonly name?: string | null
  /** A string by the book; an object at some servers. */
  readonly arguments?: unknown
}

/** `output_text`, `refusal`, `summary_text` or `reasoning_text`. */
export interface ResponsesContent {
  readonly type?: string
  readonly text?: string | null
  readonly refusal?: string | null
}

/** The response object: a whole answer, or what events tell of it. */
export interface ResponsesAnswer {
  readonly id?: string
  /** `completed`, `incomplete`, `failed`, `in_progress`, `queued` or `cancelled`. */
  readonly status?: string | null
  readonly output?: readonly ResponsesItem[] | null
  readonly incomplete_details?: { readonly reason?: string | null } | null
  readonly error?: unknown
  readonly usage?: ResponsesUsage | null
  readonly service_tier?: string | null
}

export interface ResponsesUsage {
  readonly input_tokens?: number | null
  readonly output_tokens?: number | null
  readonly input_tokens_details?: {
    readonly cached_tokens?: number | null
    readonly cache_write_tokens?: number | null
  } | null
  readonly output_tokens_details?: { readonly reasoning_tokens?: number | null } | null
}
