/** The wires by the names they have in the config. Adding an API is adding a folder and its lines here. */
import type { MessageEvent } from "../anthropic/events.ts"
import type { MessageRequest } from "../anthropic/types.ts"
import { hasContent as hasMessagesContent, hasEnd as hasMessagesEnd, messagesDialect } from "./anthropic/decode.ts"
import { readMessagesError } from "./anthropic/error.ts"
import { MessagesReply } from "./anthropic/reply.ts"
import { toMessagesRequest } from "./anthropic/request.ts"
import { toSplicedText } from "./anthropic/splice.ts"
import { readBackendError } from "./backend-error.ts"
import { chatDialect, hasContent as hasChatContent, hasEnd as hasChatEnd } from "./chat/decode.ts"
import { ChatReply } from "./chat/reply.ts"
import { toChatRequest } from "./chat/request.ts"
import type { ChatChunk, ChatRequest } from "./chat/types.ts"
import { hasContent, responsesDialect } from "./responses/decode.ts"
import { toJsonText } from "./json.ts"
import { ResponsesReply } from "./responses/reply.ts"
import { toResponsesRequest } from "./responses/request.ts"
import type { ResponsesEvent, ResponsesRequest } from "./responses/types.ts"
import type { RequestTarget, Wire } from "./wire.ts"

const chat: Wire<ChatRequest, ChatChunk> = {
  path: "/chat/completions",
  translates: true,
  forwards: {},
  returns: [],
  nothing: { choices: [{ finish_reason: "length" }], usage: { completion_tokens: 0 } },
  replays: ({ reasoning }) => reasoning.replay !== null || reasoning.replay_call !== null,
  request: toChatRequest,
  toText: toJsonText,
  error: readBackendError,
  dialect: chatDialect,
  begins: hasChatContent,
  ends: hasChatEnd,
  reply: (facts) => new ChatReply(facts),
}

const responses: Wire<ResponsesRequest, ResponsesEvent> = {
  path: "/responses",
  translates: true,
  forwards: {},
  returns: [],
  nothing: {
    type: "response.incomplete",
    response: { incomplete_details: { reason: "max_output_tokens" }, usage: { output_tokens: 0 } },
  },
  replays: () => true,
  request: toResponsesRequest,
  toText: toJsonText,
  error: readBackendError,
  dialect: responsesDialect,
  begins: hasContent,
  ends: () => false, // the event that says so is the last one
  reply: (facts) => new ResponsesReply(facts),
}

const anthropic: Wire<MessageRequest, MessageEvent> = {
  path: "/v1/messages",
  translates: false,
  forwards: { "anthropic-version": "2023-06-01", "anthropic-beta": undefined },
  returns: ["anthropic-ratelimit-"],
  nothing: undefined,
  replays: () => false, // its blocks go through as they are
  request: toMessagesRequest,
  toText: toSplicedText,
  error: readMessagesError,
  dialect: messagesDialect,
  begins: hasMessagesContent,
  ends: hasMessagesEnd,
  reply: (facts) => new MessagesReply(facts),
}

const WIRES = { chat, responses, anthropic }

/** The API a backend speaks. */
export type Api = keyof typeof WIRES

/** A request in its backend's dialect. */
export type Body =
  | { readonly api: "chat"; readonly body: ChatRequest }
  | { readonly api: "responses"; readonly body: ResponsesRequest }
  | { readonly api: "anthropic"; readonly body: MessageRequest }

/**
 * Translates a request for a backend that speaks this API.
 *
 * @throws {ProxyError} 400 with the path of what the backend cannot take.
 */
export function toBody(
  api: Api,
  request: MessageRequest,
  target: RequestTarget,
): Body & { readonly notes: readonly string[] } {
  switch (api) {
    case "chat":
      return { api, ...chat.request(request, target) }
    case "responses":
      return { api, ...responses.request(request, target) }
    case "anthropic":
      return { api, ...anthropic.request(request, target) }
  }
}

/** A wire of which no more is known than that it is one. */
export type AnyWire = Wire<ChatRequest | ResponsesRequest | MessageRequest, ChatChunk | ResponsesEvent | MessageEvent>

export function wireOf(api: Api): AnyWire {
  // Says more than is true: a wire reads its own chunks alone. But a reply is only ever read by the wire whose dialect
  // decoded it, and each stage looks it up by the one `api` of the request.
  return WIRES[api] as AnyWire
}
