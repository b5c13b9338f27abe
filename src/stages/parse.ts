/**
 * parse: the body as Anthropic's request; the object itself is carried on, never a copy. What cannot be translated is
 * refused later, once it is known that it would have to be.
 */
import { parseMessageRequest } from "../anthropic/request.ts"
import { readJson } from "../body.ts"
import { printable } from "../log.ts"
import type { Authorized, Parsed } from "../stage.ts"

export async function parse(context: Authorized): Promise<Parsed> {
  const request = parseMessageRequest(await readJson(context))
  const { model, stream, messages, tools } = request
  context.log.debug("parse", { model: printable(model), stream: stream ?? false, messages: messages.length, tools: tools?.length })
  return { ...context, request, original: { request, text: await context.text() } }
}
