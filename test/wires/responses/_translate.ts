/** Short ways to a request translated into the Responses API. */
import type { Message, MessageRequest } from "../../../src/anthropic/types.ts"
import { GENERAL, withFlags, type ProfileFlags } from "../../../src/backends/profile.ts"
import { toResponsesRequest, type ResponsesTranslation } from "../../../src/wires/responses/request.ts"
import type { ResponsesInput, ResponsesRequest } from "../../../src/wires/responses/types.ts"

export type Fields = Partial<MessageRequest> & { readonly [key: string]: unknown }

const HI: Message = { role: "user", content: "hi" }

/** A request with these fields over a minimal one, for a backend of the general kind with these flags. */
export function translate(fields: Fields, flags: ProfileFlags = {}): ResponsesTranslation {
  const request: MessageRequest = { model: "claude-x", max_tokens: 100, messages: [HI], ...fields }
  return toResponsesRequest(request, { model: "gpt", profile: withFlags(GENERAL, flags) })
}

/** What of the body these fields bring about, beside what a minimal request has. */
export function extra(fields: Fields, flags: ProfileFlags = {}): Partial<ResponsesRequest> {
  const { body } = translate(fields, flags)
  const { model: _model, input: _input, max_output_tokens: _max, store: _store, include: _include, ...rest } = body
  return rest
}

export function itemsOf(messages: readonly Message[], flags: ProfileFlags = {}): readonly ResponsesInput[] {
  return translate({ messages }, flags).body.input
}
