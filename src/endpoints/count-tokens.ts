/** `POST /v1/messages/count_tokens`: the backend's own count where it has one, else an estimate. */
import { countTokens } from "../anthropic/count.ts"
import { checkCountRequest, parseCountRequest } from "../anthropic/request.ts"
import { readJson } from "../body.ts"
import type { Calibration } from "../state/calibration.ts"
import { chooseApi } from "../choose-api.ts"
import type { Authorized } from "../stage.ts"
import type { Find } from "../stages/route.ts"
import type { Tokenize } from "./tokenize.ts"
import { wireOf } from "../wires/registry.ts"

export function createCountTokens(
  find: Find,
  tokenize: Tokenize,
  calibration: Calibration,
): (context: Authorized) => Promise<Response> {
  return async (context) => {
    const request = parseCountRequest(await readJson(context))
    const target = find(request.model, context.client) // a model that is not there is told now, not at the first message
    if (wireOf(chooseApi(target)).translates) checkCountRequest(request)
    // A count has no limit of its own, and a request none below the budget of its thinking.
    const whole = { ...request, max_tokens: (request.thinking?.budget_tokens ?? 0) + 1 }
    const told = await tokenize({ ...context, request: whole, original: { request: whole, text: await context.text() }, target })
    if (told) return Response.json(told, { headers: context.head })
    const input_tokens = Math.max(1, Math.round(countTokens(request) * (await calibration.factor(target))))
    return Response.json({ input_tokens }, { headers: context.head })
  }
}
