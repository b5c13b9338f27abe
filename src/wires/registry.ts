/** The wires by the names they have in the config. Adding an API is adding a folder and its lines here. */
import type { MessageRequest } from "../anthropic/types.ts"
import type { Profile } from "../backends/profile.ts"
import { chatDialect, hasContent as hasChatContent } from "./chat/decode.ts"
import { ChatReply } from "./chat/reply.ts"
import { toChatRequest } from "./chat/request.ts"
import type { ChatChunk, ChatRequest } from "./chat/types.ts"
import { hasContent, responsesDialect } from "./responses/decode.ts"
import { ResponsesReply } from "./responses/reply.ts"
import { toResponsesRequest } from "./responses/request.ts"
import type { ResponsesEvent, ResponsesRequest } from "./responses/types.ts"
import type { Wire } from "./wire.ts"

const chat: Wire<ChatRequest, ChatChunk> = {
  path: "/chat/completions",
  nothing: { choices: [{ finish_reason: "length" }], usage: { completion_tokens: 0 } },
  request: toChatRequest,
  dialect: chatDialect,
  begins: hasChatContent,
  reply: (facts) => new ChatReply(facts),
}

const responses: Wire<ResponsesRequest, ResponsesEvent> = {
  path: "/responses",
  nothing: {
    type: "response.incomplete",
    response: { incomplete_details: { reason: "max_output_tokens" }, usage: { output_tokens: 0 } },
  },
  request: toResponsesRequest,
  dialect: responsesDialect,
  begins: hasContent,
  reply: (facts) => new ResponsesReply(facts),
}

const WIRES = { chat, responses }

/** The API a backend speaks. */
export type Api = keyof typeof WIRES

/** A request in its backend's dialect. */
export type Body =
  | { readonly api: "chat"; readonly body: ChatRequest }
  | { readonly api: "responses"; readonly body: ResponsesRequest }

/**
 * Translates a request for a backend that speaks this API.
 *
 * @throws {ProxyError} 400 with the path of what the backend cannot take.
 */
export function toBody(
  api: Api,
  request: MessageRequest,
  target: { readonly model: string; readonly profile: Profile },
): Body & { readonly notes: readonly string[] } {
  switch (api) {
    case "chat":
      return { api, ...chat.request(request, target) }
    case "responses":
      return { api, ...responses.request(request, target) }
  }
}

/** A wire of which no more is known than that it is one. */
export type AnyWire = Wire<ChatRequest | ResponsesRequest, ChatChunk | ResponsesEvent>

export function wireOf(api: Api): AnyWire {
  // Says more than is true: a wire reads its own chunks alone. But a reply is only ever read by the wire whose dialect
  // decoded it, and each stage looks it up by the one `api` of the request.
  return WIRES[api] as AnyWire
}
