/** A conversation that ends with an assistant turn. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Profile } from "../../backends/profile.ts"
import { badRequest } from "../../error.ts"

/**
 * Most chat templates would answer a trailing assistant turn instead of going on with it.
 *
 * @throws {ProxyError} 400 where the profile does not say that the backend goes on with it.
 */
export function refusePrefill({ messages }: MessageRequest, profile: Profile): void {
  if (profile.prefill === "pass" || messages.at(-1)?.role !== "assistant") return
  // Anthropic's own words for models without prefill: clients look for them.
  throw badRequest(
    "messages",
    "This model does not support assistant message prefill. The conversation must end with a user message.",
  )
}
