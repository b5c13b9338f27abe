/**
 * From parsed JSON to a request the line can trust. Bodies are checked and then carried on as the very object that
 * came in, with whatever else the client put there.
 */
import { badRequest } from "../error.ts"
import { checkMessages } from "./blocks.ts"
import { checkThinking, checkTools, refuseFeatures } from "./check.ts"
import { checkDepth } from "./depth.ts"
import { isFields, WORDS, type Fields } from "./fields.ts"
import { checkPairing } from "./pairing.ts"
import { checkCountFields, checkMessageFields } from "./schema.ts"
import type { MessageRequest } from "./types.ts"

/** The body of `POST /v1/messages/count_tokens`. */
export type CountRequest = Omit<MessageRequest, "max_tokens">

/**
 * Checks a parsed JSON body as `POST /v1/messages` takes it and gives the very same object back, typed. Its cost grows
 * with the number of fields, not with the length of texts.
 *
 * @throws {ProxyError} 400 at the first fault, with its path, in Anthropic's words.
 */
export function parseMessageRequest(body: unknown): MessageRequest {
  const request = check(body, checkMessageFields) as MessageRequest
  checkThinking(request)
  checkPairing(request.messages)
  return request
}

/**
 * The same for `count_tokens`. Calls and results need not pair up: clients count parts of conversations.
 *
 * @throws {ProxyError} 400 at the first fault, with its path, in Anthropic's words.
 */
export function parseCountRequest(body: unknown): CountRequest {
  return check(body, checkCountFields)
}

function check(body: unknown, checkFields: (body: Fields) => void): CountRequest {
  if (!isFields(body)) throw badRequest("", WORDS.object)
  checkDepth(body)
  // Before the fields: a request that continues a thread would otherwise be told of the history it lacks.
  refuseFeatures(body)
  checkFields(body)
  const request = body as unknown as CountRequest
  checkMessages(request.messages)
  checkTools(request)
  return request
}
