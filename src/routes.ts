/** Which request goes where: every endpoint, by path and method. */
import type { Settings } from "./config/config.ts"
import { createCountTokens } from "./endpoints/count-tokens.ts"
import { allowExplanation, createExplain, wantsExplanation } from "./endpoints/explain.ts"
import { answerHealth, answerReady } from "./endpoints/health.ts"
import { createGetModel, createListModels } from "./endpoints/models.ts"
import type { ReadyLine } from "./line.ts"
import { createEntrance, createPipeline } from "./pipeline.ts"
import type { Running } from "./plugin/plugin.ts"
import type { Authorized, Client, Received, Stages } from "./stage.ts"
import { createTokenize } from "./endpoints/tokenize.ts"

/**
 * Answers one method of one path.
 *
 * @param rest What stands in the path for `**`, decoded.
 */
export type Handler = (context: Received, rest: () => string) => Response | Promise<Response>

/** Handlers by path, then by method. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>

export interface RoutesOptions {
  readonly settings: Settings
  readonly ready: ReadyLine
  readonly stages: Stages
  /** Plugins' own GET endpoints, by path. */
  readonly extra: Running["routes"]
  /** Whether a request was made by who runs the program: no key is asked of it, and it may be explained. */
  readonly isOwn: (req: Request) => boolean
  /** Takes configured keys out of a text. */
  readonly mask: (text: string) => string
  /** Which config this is, counted from 1 since the start. */
  readonly generation: number
}

/** Who runs the program. */
const OPERATOR: Client = { name: "operator", explain: true, may: () => true, sees: () => true }

/** @throws {Error} when a plugin answers what the proxy answers itself. */
export function createRoutes({ settings, ready, stages, extra, isOwn, mask, generation }: RoutesOptions): Routes {
  const { line, find, dial, health, lessons, calibration } = ready
  const { auth, toOpenAI } = line
  const messages = createPipeline(line, stages)
  const allowed = async (context: Received): Promise<Authorized> =>
    isOwn(context.req) ? { ...context, client: OPERATOR } : allowExplanation(await auth(context))
  const explain = createExplain({ ...line, auth: allowed }, stages, lessons, mask)
  const enter = (answer: (context: Authorized) => Promise<Response>): Handler => createEntrance({ auth }, stages, answer)
  const getModel = createGetModel(settings.routes)

  const routes: Record<string, Readonly<Record<string, Handler>>> = {
    "/v1/messages": { POST: (context) => (wantsExplanation(context.req) ? explain : messages)(context) },
    "/v1/messages/count_tokens": { POST: enter(createCountTokens(find, createTokenize(dial, toOpenAI), calibration)) },
    "/v1/models": { GET: enter(createListModels(settings.routes)) },
    "/v1/models/**:id": { GET: (context, rest) => enter((authorized) => getModel(authorized, rest()))(context, rest) },
    "/api/event_logging/batch": { POST: ({ head }) => Response.json({}, { headers: head }) },
    "/api/hello": {
      HEAD: ({ head }) => new Response(null, { headers: head }),
      GET: ({ head }) => Response.json({}, { headers: head }),
    },
    "/health": { GET: ({ head }) => answerHealth(head) },
    "/health/ready": {
      GET: async (context) => {
        const client = await auth(context).then((known) => known.client, () => undefined)
        return answerReady({ health, generation, client, head: context.head })
      },
    },
    "/": { GET: ({ head }) => Response.json({ name: "llm-proxy", api: "/v1/messages" }, { headers: head }) },
  }
  for (const [path, { route, plugin }] of extra) {
    if (routes[path]) throw new Error(`plugin ${plugin}: it answers ${path}, which the proxy answers itself`)
    routes[path] = { GET: enter(async (context) => route(context)) }
  }
  return routes
}
