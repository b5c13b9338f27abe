/** Thinking and effort as Chat Completions spell them. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Fields } from "../../backends/profile.ts"
import { forbidsThinking, toEffort } from "../request/effort.ts"
import type { Scope } from "../request/scope.ts"

/** The fields that ask for an effort, or turn thinking off; none where the backend is left its own way. */
export function toThinking(request: MessageRequest, scope: Scope): Fields {
  const { off } = scope.profile.reasoning
  if (forbidsThinking(request) && typeof off === "object") return off ?? {}
  const effort = toEffort(request, scope)
  return effort === undefined ? {} : { reasoning_effort: effort }
}
