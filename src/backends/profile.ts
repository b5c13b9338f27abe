/**
 * A backend profile: what an OpenAI-compatible backend takes and gives, as data. Translation reads flags and never a
 * backend's name. A profile states only where it differs from {@link GENERAL}; `flags:` of a backend in config.yaml
 * overrides single ones.
 */
export interface Profile {
  /** Which field limits the answer. OpenAI's newer models refuse `max_tokens`; most others know nothing else. */
  readonly max_tokens_field: "max_tokens" | "max_completion_tokens"
  /** Role of the leading system prompt. */
  readonly system_role: "system" | "developer"
  /** A system message in the middle of the conversation: kept in its place, or told as user text. */
  readonly mid_system: "keep" | "user"
  /** Takes `stream_options: { include_usage: true }` and then reports usage at the end of a stream. */
  readonly stream_usage: boolean
  /** Takes `tool_choice`. Where not: `none` leaves the tools out, a forced tool leaves only that one. */
  readonly tool_choice: boolean
  /** Takes `parallel_tool_calls`. Where not, the proxy keeps the first call when the client forbids more. */
  readonly parallel_tool_calls: boolean
  /** How many stop strings fit in `stop`; the proxy cuts at all of them anyhow. */
  readonly stop_max: number
  /** Longest tool name, in characters; longer ones are shortened, and restored in the reply. */
  readonly tool_name_max: number
  /** Longest tool-call id, in characters; longer ones from a client's history are shortened alike in call and result. */
  readonly tool_id_max: number
  /** Image sources it reads: any URL, base64 data only, or none. */
  readonly images: "url" | "data" | "none"
  /** Image types it refuses, such as `image/gif`. */
  readonly image_types_refused: readonly string[]
  /** Takes PDF as a `file` part. */
  readonly files: boolean
  /** Takes `top_k`. */
  readonly top_k: boolean
  /** How thinking is asked for. */
  readonly reasoning: {
    /** The request field, or none at all. */
    readonly request: "reasoning_effort" | "none"
    /** The efforts it knows, weakest first; others are moved to the nearest. */
    readonly efforts: readonly string[]
    /** The effort that turns thinking off, where there is one. */
    readonly off: string | null
  }
  /** Takes `response_format: { type: "json_schema" }`. */
  readonly json_schema: boolean
  /** Where `metadata.user_id` goes. */
  readonly user_field: "user" | "safety_identifier" | "none"
  /** What to do with a conversation that ends with an assistant turn: refuse it, or send it as it is. */
  readonly prefill: "refuse" | "pass"
}

/** What an unknown backend is taken to be: plain Chat Completions as most servers speak it. */
export const GENERAL: Profile = {
  max_tokens_field: "max_tokens",
  system_role: "system",
  mid_system: "keep",
  stream_usage: true,
  tool_choice: true,
  parallel_tool_calls: true,
  stop_max: 4, // OpenAI's limit
  tool_name_max: 64, // OpenAI: [a-zA-Z0-9_-]{1,64}
  tool_id_max: 40, // some OpenAI and Azure models answer 400 beyond 40
  images: "url",
  image_types_refused: [],
  files: true,
  top_k: false,
  reasoning: { request: "reasoning_effort", efforts: ["low", "medium", "high"], off: null },
  json_schema: true,
  user_field: "user",
  prefill: "refuse",
}

/** A profile as a file states it: the flags in which it differs. */
export type ProfileFlags = Partial<Profile>

/** Lays flags over a profile; `reasoning` is laid over part by part. */
export function withFlags(profile: Profile, flags: ProfileFlags): Profile {
  return { ...profile, ...flags, reasoning: { ...profile.reasoning, ...flags.reasoning } }
}
