/** A sample of each row of the tables of fields and tools, by its first cell. */
import type { Sample } from "./_verdict.ts"

const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false }
const tool = { name: "f", description: "Does it.", input_schema: schema }
const beside = { tools: [tool] }
const format = { type: "json_schema", schema }
const thinking = { thinking: { type: "adaptive" } }

const OFF = { reasoning: { off: "none" } }

/** Refused because of this field of the request. */
function refusedAt(path: string, given: object): Sample {
  return { given, path }
}

export const FIELDS: Readonly<Record<string, readonly Sample[]>> = {
  model: [{ given: { model: "other" } }],
  max_tokens: [{ given: { max_tokens: 4321 }, marks: ["4321"] }],
  stream: [{ given: { stream: true }, marks: ['"stream":true'] }],
  messages: [{ given: { messages: [{ role: "user", content: "bye" }] } }],
  system: [{ given: { system: "Be brief." } }, { given: { system: [{ type: "text", text: "Be brief." }] } }],
  "temperature, top_p": [
    { given: { temperature: 0.125 }, marks: ['"temperature":0.125'] },
    { given: { top_p: 0.25 }, marks: ['"top_p":0.25'] },
  ],
  top_k: [{ given: { top_k: 40 } }],
  stop_sequences: [{ given: { stop_sequences: ["ell"] } }],
  tools: [{ given: beside }],
  tool_choice: [
    { given: { tool_choice: { type: "any" } }, beside },
    { given: { tool_choice: { type: "tool", name: "f" } }, beside },
  ],
  "tool_choice.disable_parallel_tool_use": [
    {
      given: { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
      bare: { tool_choice: { type: "auto" } },
      beside,
    },
  ],
  "thinking: disabled, thinking: between_tools": [
    { given: { thinking: { type: "disabled" } }, flags: OFF },
    { given: { thinking: { type: "between_tools" } }, flags: OFF },
  ],
  "thinking: enabled, thinking.budget_tokens": [
    { given: { max_tokens: 9000, thinking: { type: "enabled", budget_tokens: 8192 } }, bare: { max_tokens: 9000 } },
  ],
  "thinking: adaptive": [{ given: thinking }],
  "thinking.display: omitted": [{ given: { thinking: { type: "adaptive", display: "omitted" } }, bare: thinking }],
  "thinking.display: updates, thinking.block_binding": [
    { given: { thinking: { type: "adaptive", display: "updates" } }, bare: thinking },
    {
      given: { thinking: { type: "adaptive", block_binding: { prefix_mismatch_behavior: "error" } } },
      bare: thinking,
    },
  ],
  "output_config.effort": [{ given: { output_config: { effort: "max" } } }],
  "output_config.format, output_format": [
    { given: { output_config: { format } } },
    { given: { output_format: format } },
  ],
  "output_config.task_budget": [{ given: { output_config: { task_budget: { type: "tokens", total: 9 } } } }],
  "metadata.user_id": [{ given: { metadata: { user_id: "user-1" } }, marks: ['"user-1"'] }],
  cache_control: [{ given: { cache_control: { type: "ephemeral" } } }],
  context_management: [
    { given: { context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] } } },
  ],
  "service_tier, speed, inference_geo, container": [
    { given: { service_tier: "standard_only" } },
    { given: { speed: "fast" } },
    { given: { inference_geo: "eu" } },
    { given: { container: "container_1" } },
    { given: { container: { id: "container_1", skills: [] } } },
  ],
  "diagnostics, safeguards, user_profile_id, workspace_id": [
    { given: { diagnostics: { previous_message_id: null } } },
    { given: { safeguards: [{ type: "x" }] } },
    { given: { user_profile_id: "u" } },
    { given: { workspace_id: "w" } },
  ],
  fallbacks: [{ given: { fallbacks: [{ model: "other" }] } }, { given: { fallbacks: "default" } }],
  "a field nobody knows": [{ given: { fallback_credit_token: "x" } }, { given: { unheard_of: 1 } }],
  "container with skills": [
    refusedAt("container", { container: { skills: [{ skill_id: "pdf", type: "anthropic" }] } }),
  ],
  thread: [refusedAt("thread", { thread: { type: "create" } })],
  compaction: [refusedAt("compaction", { compaction: { type: "summarize" } })],
  mcp_servers: [refusedAt("mcp_servers", { mcp_servers: [{ type: "url", url: "https://x.test", name: "x" }] })],
  "billing_policy to a user profile": [
    refusedAt("billing_policy", { billing_policy: { type: "x", bill_to: "user_profile" } }),
  ],
}

/** Another tool beside the one of every sample. */
function another(more: object): Sample {
  return { given: { tools: [tool, more] }, bare: { tools: [tool] } }
}

function custom(more: object): Sample {
  return { given: { tools: [{ ...tool, ...more }] }, bare: { tools: [tool] } }
}

const search = { type: "web_search_20250305", name: "web_search" }

export const TOOLS: Readonly<Record<string, readonly Sample[]>> = {
  "a custom tool": [
    { given: { tools: [tool] }, marks: ['"f"', '"Does it."', JSON.stringify(schema)] },
    { given: { tools: [{ ...tool, type: "custom" }] }, marks: [JSON.stringify(schema)] },
  ],
  input_examples: [custom({ input_examples: [{ a: "b" }] })],
  strict: [custom({ strict: true })],
  eager_input_streaming: [{ ...custom({ eager_input_streaming: true }), beside: { stream: true } }],
  cache_control: [custom({ cache_control: { type: "ephemeral" } })],
  "defer_loading, allowed_callers": [custom({ defer_loading: true }), custom({ allowed_callers: ["direct"] })],
  "bash_…, text_editor_…, memory_…": [
    another({ type: "bash_20250124", name: "bash" }),
    another({ type: "text_editor_20241022", name: "str_replace_editor" }),
    another({ type: "text_editor_20250124", name: "str_replace_editor" }),
    another({ type: "text_editor_20250728", name: "str_replace_based_edit_tool" }),
    another({ type: "memory_20250818", name: "memory" }),
  ],
  "tool_search_tool_…": [another({ type: "tool_search_tool_regex_20251119", name: "tool_search_tool_regex" })],
  "web_search_…, web_fetch_…, code_execution_…, advisor_… beside other tools": [
    another(search),
    another({ type: "web_fetch_20250910", name: "web_fetch" }),
    another({ type: "code_execution_20250825", name: "code_execution" }),
    another({ type: "advisor_20260301", name: "advisor", model: "x" }),
  ],
  "one of these forced, or alone": [
    { given: { tools: [search] }, path: "tools.0" },
    { given: { tools: [tool, search], tool_choice: { type: "tool", name: "web_search" } }, path: "tools.1" },
  ],
  "computer_toolset_…, browser_toolset_…": [
    another({ type: "computer_toolset_20260801" }),
    another({ type: "browser_toolset_20260801", configs: { navigate: { enabled: false } } }),
  ],
  "computer_…": [another({ type: "computer_20250124", name: "computer", display_width_px: 9, display_height_px: 9 })],
  mcp_toolset: [{ given: { tools: [tool, { type: "mcp_toolset", mcp_server_name: "x" }] }, path: "tools.1" }],
  "a type nobody knows": [{ given: { tools: [tool, { type: "unheard_of", name: "x" }] }, path: "tools.1" }],
}
