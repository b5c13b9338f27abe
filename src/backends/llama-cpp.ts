/**
 * llama.cpp's `llama-server`.
 *
 * Source: ggml-org/llama.cpp tools/server/server-common.cpp at 006639c3 (`oaicompat_chat_params_parse`) and
 * common/chat.cpp.
 */
import type { ProfileFlags } from "./profile.ts"

export const llamaCpp: ProfileFlags = {
  tool_choice: ["auto", "none", "required"], // an object is read as `auto`, in silence
  files: false, // "unsupported content[].type"
  top_k: true, // fields it knows from its own API are passed on
  reasoning: {
    off: { chat_template_kwargs: { enable_thinking: false } },
    replay: "reasoning_content", // read on assistant messages by common/chat.cpp
  },
  tokenize: "template", // `/apply-template` and `/tokenize`: tools/server/README.md
  prefill: "pass", // a trailing assistant message is gone on with, but for a model that thinks: that is a 400
}
