/**
 * From parsed JSON to a request the line can trust. Bodies are checked and then carried on as the very object that
 * came in, with whatever else the client put there.
 *
 * There are two looks at a request. The first, open one is before it is known where the request goes: it sees to what
 * the types promise. The second, closed one is for backends a request is translated for: it refuses what the API does
 * not have today, or what cannot be told in another API. A backend that speaks the Messages API judges that by itself,
 * or the proxy would have to learn of every novelty before anyone could use it.
 */
import { badRequest } from "../error.ts"
import { checkMessages, checkSystem } from "./blocks.ts"
import { checkThinking, checkTools, refuseFeatures } from "./check.ts"
import { checkDepth } from "./depth.ts"
import { isFields, WORDS, type Fields, type Look } from "./fields.ts"
import { checkPairing } from "./pairing.ts"
import { checkCountFields, checkMessageFields } from "./schema.ts"
import type { MessageRequest } from "./types.ts"

/** The body of `POST /v1/messages/count_tokens`. */
export type CountRequest = Omit<MessageRequest, "max_tokens">

/**
 * Checks a parsed JSON body as far as its types go and gives the very same object back, typed. Its cost grows with the
 * number of fields, not with the length of texts.
 *
 * @throws {ProxyError} 400 at the first fault, with its path, in Anthropic's words.
 */
export function parseMessageRequest(body: unknown): MessageRequest {
  return parse(body, checkMessageFields) as MessageRequest
}

/**
 * The same for `count_tokens`, of which `max_tokens` is no part.
 *
 * @throws {ProxyError} 400 at the first fault, with its path, in Anthropic's words.
 */
export function parseCountRequest(body: unknown): CountRequest {
  return parse(body, checkCountFields)
}

/**
 * The closed look at a parsed request: whether it can be translated.
 *
 * @throws {ProxyError} 400 at the first fault, with its path, in Anthropic's words.
 */
export function checkMessageRequest(request: MessageRequest): void {
  check(request, checkMessageFields)
  checkThinking(request)
  checkPairing(request.messages)
}

/**
 * The same for `count_tokens`. Calls and results need not pair up: clients count parts of conversations.
 *
 * @throws {ProxyError} 400 at the first fault, with its path, in Anthropic's words.
 */
export function checkCountRequest(request: CountRequest): void {
  check(request, checkCountFields)
}

type CheckFields = (body: Fields, look: Look) => void

function parse(body: unknown, checkFields: CheckFields): CountRequest {
  if (!isFields(body)) throw badRequest("", WORDS.object)
  checkDepth(body)
  checkFields(body, "open")
  const request = body as unknown as CountRequest
  checkSystem(request.system)
  checkMessages(request.messages, "open")
  return request
}

function check(request: CountRequest, checkFields: CheckFields): void {
  const body = request as unknown as Fields
  // Before the fields: a request that continues a thread would otherwise be told of the history it lacks.
  refuseFeatures(body)
  checkFields(body, "closed")
  checkMessages(request.messages, "closed")
  checkTools(request)
}
