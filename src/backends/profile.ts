/**
 * A backend profile: what an OpenAI-compatible backend takes and gives, as data. Translation reads flags and never a
 * backend's name. A profile states only where it differs from {@link GENERAL}; `flags:` of a backend in config.yaml
 * overrides single ones.
 */
export interface Profile {
  /** The header the key goes into: `authorization` carries it as a Bearer token, any other one bare. */
  readonly auth_header: string
  /** The API that `api: auto` means here. */
  readonly api: "chat" | "responses" | "anthropic"
  /** Models, `*` allowed, that `api: auto` asks over the Responses API all the same. */
  readonly responses_models: readonly string[]
  /** Which field limits the answer. OpenAI's newer models refuse `max_tokens`; most others know nothing else. */
  readonly max_tokens_field: "max_tokens" | "max_completion_tokens"
  /** Most tokens an answer may have there; a request for more is sent with this many. Null for no limit. */
  readonly max_tokens_most: number | null
  /** Role of the leading system prompt. */
  readonly system_role: "system" | "developer"
  /** A system message in the middle of the conversation: kept in its place, or told as user text. */
  readonly mid_system: "keep" | "user"
  /** Joins messages of one role in a row, for chat templates that want the roles to take turns. */
  readonly merge_roles: boolean
  /** Takes a user message right behind a tool message. Where not, a word of the assistant's stands between. */
  readonly user_after_tool: boolean
  /** Takes null as the content of a message that only calls tools. Where not, it is an empty string. */
  readonly content_null: boolean
  /** Takes `stream_options: { include_usage: true }` and then reports usage at the end of a stream. */
  readonly stream_usage: boolean
  /**
   * The forms of `tool_choice` it takes. Without `none` the tools are left out. Without `function` a forced tool is
   * sent alone, with `required` where that is taken; a choice that cannot be told is left to the backend, and noted.
   */
  readonly tool_choice: readonly ToolChoiceForm[]
  /** Takes `parallel_tool_calls`. Where not, the proxy keeps the first call when the client forbids more. */
  readonly parallel_tool_calls: boolean
  /** How many stop strings fit in `stop`; the proxy cuts at all of them anyhow. */
  readonly stop_max: number
  /** Longest tool name, in characters; longer ones are shortened, and restored in the reply. */
  readonly tool_name_max: number
  /** Longest tool-call id, in characters; longer ones in a client's history are shortened alike in call and result. */
  readonly tool_id_max: number
  /** What a tool-call id must look like: `alphanumeric_9` is exactly nine of [a-zA-Z0-9]. */
  readonly tool_id_form: "any" | "alphanumeric_9"
  /** Further fields of the first call in each assistant message of the history. */
  readonly first_call: Fields | null
  /** Image sources it reads: any URL, base64 data only, or none. */
  readonly images: "url" | "data" | "none"
  /** Image types it refuses, such as `image/gif`. */
  readonly image_types_refused: readonly string[]
  /** Takes PDF as a `file` part. */
  readonly files: boolean
  /** Takes `temperature` and `top_p`. */
  readonly sampling: boolean
  /** Takes `top_k`. */
  readonly top_k: boolean
  /** How thinking is asked for. */
  readonly reasoning: {
    /** The request field for the effort, or none at all. */
    readonly request: "reasoning_effort" | "none"
    /** The efforts it knows, weakest first; others are moved to the nearest. */
    readonly efforts: readonly string[]
    /** What turns thinking off: an effort, or fields of the request such as `thinking: { type: disabled }`. */
    readonly off: string | Fields | null
    /** The field of an assistant message in which it wants its own thinking back. */
    readonly replay: "reasoning" | "reasoning_content" | "reasoning_details" | null
    /** What that field says where there is nothing to give back; null leaves it out. */
    readonly replay_blank: string | null
    /** The field of a tool call that has to come back with it. */
    readonly replay_call: "extra_content" | null
    /** Thinking comes inside the text too, between `<think>` and `</think>` at its beginning. */
    readonly tags: boolean
  }
  /** Which JSON Schemas it takes, for tools and for answers. What it does not take is taken out, and noted. */
  readonly schema: SchemaRules
  /** Takes `response_format: { type: "json_schema" }`. */
  readonly json_schema: boolean
  /**
   * Where it takes no schema, takes `{ type: "json_object" }`: the schema is then told in the system prompt. Without
   * either, the answer is the input of a tool that the model has to call, as far as `tool_choice` goes.
   */
  readonly json_object: boolean
  /** Where `metadata.user_id` goes. */
  readonly user_field: "user" | "safety_identifier" | "none"
  /**
   * How a part of the prompt is marked for its cache: Anthropic's own `cache_control`, OpenAI's
   * `prompt_cache_breakpoint`, or not at all.
   */
  readonly cache_marks: "none" | "cache_control" | "prompt_cache_breakpoint"
  /** Models, `*` allowed, whose requests are marked. */
  readonly cache_models: readonly string[]
  /** What can be marked there. A mark on anything else goes to the last of these before it. */
  readonly cache_places: readonly ("tools" | "system" | "user" | "tool_results")[]
  /** Wants the block in which Claude Code tells its version; it changes, and prompt caches miss with it. */
  readonly billing_header: boolean
  /** The server's own way to count tokens: vLLM's `/tokenize`, llama.cpp's, or none. */
  readonly tokenize: "messages" | "template" | null
  /**
   * What to do with a conversation that ends with an assistant turn: refuse it, send it as it is, or mark it as the
   * beginning of the answer, with vLLM's `continue_final_message` or a `prefix` or `partial` on the message. A backend
   * that repeats the beginning in its answer has to refuse.
   */
  readonly prefill: "refuse" | "pass" | "continue_final_message" | "prefix" | "partial"
}

export type ToolChoiceForm = "auto" | "none" | "required" | "function"

/** Fields as they stand in the request. */
export type Fields = Readonly<Record<string, unknown>>

export interface SchemaRules {
  /** Keywords it refuses. */
  readonly remove: readonly string[]
  /** The values of `format` it knows; null for any. */
  readonly formats: readonly string[] | null
  /** Wants `properties` on every object, be it empty. */
  readonly properties: boolean
  /** Wants a tool's root to be a plain object, without `anyOf`, `oneOf`, `allOf`, `enum`, `not` or `$ref`. */
  readonly plain_root: boolean
}

/** What an unknown backend is taken to be: plain Chat Completions as most servers speak it. */
export const GENERAL: Profile = {
  auth_header: "authorization",
  api: "chat",
  responses_models: [],
  max_tokens_field: "max_tokens",
  max_tokens_most: null,
  system_role: "system",
  mid_system: "keep",
  merge_roles: false,
  user_after_tool: true,
  content_null: true,
  stream_usage: true,
  tool_choice: ["auto", "none", "required", "function"],
  parallel_tool_calls: true,
  stop_max: 4, // OpenAI's limit
  tool_name_max: 64, // OpenAI: [a-zA-Z0-9_-]{1,64}
  tool_id_max: 40, // some OpenAI and Azure models answer 400 beyond 40
  tool_id_form: "any",
  first_call: null,
  images: "url",
  image_types_refused: [],
  files: true,
  sampling: true,
  top_k: false,
  reasoning: {
    request: "reasoning_effort",
    efforts: ["low", "medium", "high"],
    off: null,
    replay: null,
    replay_blank: null,
    replay_call: null,
    tags: false,
  },
  schema: { remove: [], formats: null, properties: false, plain_root: false },
  json_schema: true,
  json_object: false,
  user_field: "user",
  cache_marks: "none",
  cache_models: ["*"],
  cache_places: ["tools", "system", "user", "tool_results"],
  billing_header: false,
  tokenize: null,
  prefill: "refuse",
}

/** A profile as a file states it: the flags in which it differs. */
export type ProfileFlags = Partial<Omit<Profile, "reasoning" | "schema">> & {
  readonly reasoning?: Partial<Profile["reasoning"]>
  readonly schema?: Partial<SchemaRules>
}

/** Lays flags over a profile; `reasoning` and `schema` are laid over part by part. */
export function withFlags(profile: Profile, flags: ProfileFlags): Profile {
  return {
    ...profile,
    ...flags,
    reasoning: { ...profile.reasoning, ...flags.reasoning },
    schema: { ...profile.schema, ...flags.schema },
  }
}
