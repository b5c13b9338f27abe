/** `POST /v1/messages/count_tokens`: an estimate; no backend is asked. */
import { countTokens } from "../anthropic/count.ts"
import { parseCountRequest } from "../anthropic/request.ts"
import { readJson } from "../body.ts"
import type { Authorized } from "../stage.ts"
import type { Find } from "../stages/route.ts"

export function createCountTokens(find: Find): (context: Authorized) => Promise<Response> {
  return async (context) => {
    const request = parseCountRequest(await readJson(context))
    find(request.model, context.client) // a model that is not there is told now, not at the first message
    return Response.json({ input_tokens: countTokens(request) }, { headers: context.head })
  }
}
