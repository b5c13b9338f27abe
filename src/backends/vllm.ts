/**
 * vLLM's server. Which messages a model takes is its chat template's business: `mid_system` and `merge_roles` are set
 * in the config where a template wants that.
 *
 * Source: vllm-project/vllm entrypoints/openai/chat_completion/protocol.py at 002032ee and chat_utils.py.
 */
import type { ProfileFlags } from "./profile.ts"

export const vllm: ProfileFlags = {
  files: false, // "Unknown part type: file"
  top_k: true, // a sampling parameter of its own
  reasoning: {
    efforts: ["minimal", "low", "medium", "high", "xhigh", "max"],
    off: "none",
    replay: "reasoning", // read on assistant messages (vllm#41718)
    tags: true, // without `--reasoning-parser`, or with `minimax_m2_append_think` (vllm#34625)
  },
  user_field: "none", // "NOTE this will be ignored by vLLM"
  tokenize: "messages", // `/tokenize` takes a conversation: entrypoints/serve/tokenize/protocol.py
  prefill: "continue_final_message", // with `add_generation_prompt: false`; the answer does not repeat it
}
