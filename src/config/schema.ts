/**
 * The shape of config.yaml. Each message says what is allowed and reads on after the option's path; which value was
 * there instead is added by `config-mistakes.ts`. Descriptions show up in editors through docs/config.schema.json.
 */
import * as v from "valibot"
import { PROFILES } from "../backends/index.ts"
import {
  atLeast,
  BACKEND_URL,
  flag,
  isBackendUrl,
  isOwnHeader,
  KEY,
  listOf,
  mapping,
  name,
  named,
  names,
  oneOf,
  OWN_HEADER,
  seconds,
  text,
} from "./rules.ts"
import { ServerSchema } from "./server-schema.ts"

/** `fetch` refuses other headers, at each request; a line break at the end of a secret is the usual case. */
const headerValue = v.pipe(text, v.regex(/^[\t\x20-\x7e]*$/, "must be printable ASCII in one line"))
const headerName = v.pipe(
  text,
  v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, "must be a header's name"),
  v.check(isOwnHeader, OWN_HEADER),
)

const ModelSchema = v.pipe(
  mapping({
    backend: v.pipe(name, v.description("Name of one of the backends below.")),
    model: v.pipe(name, v.description("The model's name at that backend.")),
  }),
  v.description("Where requests for this model go."),
)

const TimeoutSchema = mapping({
  first_byte: v.optional(
    v.pipe(seconds, v.description("Seconds until the backend must begin to answer. Default 600.")),
  ),
  idle: v.optional(v.pipe(seconds, v.description("Seconds a begun answer may be silent. Default 300."))),
})

const fields = v.record(v.string(), v.unknown(), "must be a mapping of fields")

/** The flags of a profile; what each means is told in `backends/profile.ts`. */
export const FlagsSchema = mapping({
  auth_header: v.optional(headerName),
  api: v.optional(oneOf(["chat", "responses", "anthropic"])),
  responses_models: v.optional(names),
  max_tokens_field: v.optional(oneOf(["max_tokens", "max_completion_tokens"])),
  max_tokens_most: v.optional(v.nullable(atLeast(1))),
  system_role: v.optional(oneOf(["system", "developer"])),
  mid_system: v.optional(oneOf(["keep", "user"])),
  merge_roles: v.optional(flag),
  user_after_tool: v.optional(flag),
  content_null: v.optional(flag),
  stream_usage: v.optional(flag),
  tool_choice: v.optional(listOf(["auto", "none", "required", "function"])),
  parallel_tool_calls: v.optional(flag),
  stop_max: v.optional(atLeast(0)),
  tool_name_max: v.optional(atLeast(16)),
  tool_id_max: v.optional(atLeast(9)),
  tool_id_form: v.optional(oneOf(["any", "alphanumeric_9"])),
  first_call: v.optional(v.nullable(fields)),
  images: v.optional(oneOf(["url", "data", "none"])),
  image_types_refused: v.optional(names),
  files: v.optional(flag),
  sampling: v.optional(flag),
  top_k: v.optional(flag),
  reasoning: v.optional(
    mapping({
      request: v.optional(oneOf(["reasoning_effort", "none"])),
      efforts: v.optional(names),
      off: v.optional(v.nullable(v.union([text, fields], "must be an effort, or a mapping of fields"))),
      replay: v.optional(v.nullable(oneOf(["reasoning", "reasoning_content", "reasoning_details"]))),
      replay_blank: v.optional(v.nullable(text)),
      replay_call: v.optional(v.nullable(oneOf(["extra_content"]))),
      tags: v.optional(flag),
    }),
  ),
  schema: v.optional(
    mapping({
      remove: v.optional(names),
      formats: v.optional(v.nullable(names)),
      properties: v.optional(flag),
      plain_root: v.optional(flag),
    }),
  ),
  json_schema: v.optional(flag),
  json_object: v.optional(flag),
  user_field: v.optional(oneOf(["user", "safety_identifier", "none"])),
  cache_marks: v.optional(oneOf(["none", "cache_control", "prompt_cache_breakpoint"])),
  cache_models: v.optional(names),
  cache_places: v.optional(v.array(oneOf(["tools", "system", "user", "tool_results"]))),
  billing_header: v.optional(flag),
  tokenize: v.optional(v.nullable(oneOf(["messages", "template"]))),
  prefill: v.optional(oneOf(["refuse", "pass", "continue_final_message", "prefix", "partial"])),
})

const BackendSchema = v.pipe(
  mapping({
    base_url: v.pipe(
      text,
      v.check(isBackendUrl, BACKEND_URL),
      v.description("Where the backend's API begins; /chat/completions, /responses or /v1/messages is added. `demo:` is the built-in demo."),
    ),
    api: v.optional(
      v.pipe(
        oneOf(["auto", "chat", "responses", "anthropic"]),
        v.description(
          "The API it is asked over: Chat Completions, OpenAI's Responses, or Anthropic's Messages. Default auto: what the profile says for the model.",
        ),
      ),
    ),
    api_key: v.optional(
      v.pipe(v.nullable(headerValue), v.description("Sent as Authorization: Bearer. Leave out for none.")),
    ),
    headers: v.nullish(
      v.pipe(
        named(headerValue, "header names to values", headerName),
        v.description("Further headers of each request to it."),
      ),
    ),
    profile: v.optional(
      v.pipe(oneOf(Object.keys(PROFILES)), v.description("What kind of backend it is. Default: told by base_url.")),
    ),
    flags: v.nullish(v.pipe(FlagsSchema, v.description("Single flags of the profile, overridden."))),
    timeout: v.nullish(TimeoutSchema),
  }),
  v.description("A backend that speaks one of OpenAI's APIs, or Anthropic's."),
)

const KeySchema = mapping({
  name: v.pipe(name, v.description("How logs and plugins call this key.")),
  key: v.pipe(
    v.string(KEY.rule),
    v.regex(KEY.pattern, KEY.rule),
    v.description("The key itself; write ${SOME_VARIABLE}."),
  ),
  models: v.optional(
    v.pipe(
      v.array(name, "must be a list of model names"),
      v.description("Models it may use, globs allowed. Default: all."),
    ),
  ),
  explain: v.optional(
    v.pipe(flag, v.description("Whether it may see what becomes of a request: x-llm-proxy-explain. Default false.")),
  ),
})

const PLUGIN = "must be `name`, or `name:` with its options indented below it"
const PluginSchema = v.union(
  [
    name,
    v.pipe(
      v.record(v.string(), v.nullable(v.record(v.string(), v.unknown()))),
      v.check((entry) => Object.keys(entry).length === 1, PLUGIN),
    ),
  ],
  PLUGIN,
)

const StorageSchema = named(
  v.looseObject(
    { driver: v.pipe(name, v.description("Name of an unstorage driver: memory, fs, lru-cache, redis …")) },
    (issue) => (issue.received === "undefined" ? "is missing" : "must be a mapping with driver and its options"),
  ),
  "areas to drivers",
)

// Optional sections may be empty (null), which is what stays when all their lines are commented out.
export const ConfigSchema = v.pipe(
  mapping({
    models: v.pipe(
      named(ModelSchema, "model names"),
      v.description("Model names clients ask for, `*` allowed. An exact name wins, then the most specific pattern."),
    ),
    backends: named(BackendSchema, "backend names"),
    server: v.nullish(ServerSchema),
    keys: v.nullish(
      v.pipe(
        v.array(KeySchema, "must be a list of keys"),
        v.description("Keys clients may use, beside PROXY_API_KEY."),
      ),
    ),
    storage: v.nullish(
      v.pipe(
        StorageSchema,
        v.description(
          "Where things are kept, by area: the name of a plugin, lessons, reasoning or calibration, and default for all others. Without it in memory.",
        ),
      ),
    ),
    plugins: v.nullish(
      v.pipe(
        v.array(PluginSchema, "must be a list of plugins"),
        v.description("Plugins in the order of the line, outermost first: `name` or `name: {options}`."),
      ),
    ),
  }),
  v.title("LLM Proxy config.yaml"),
)
