/**
 * What would become of a request: the whole line up to the backend, which is not asked. Answered to keys that may, with
 * the header `x-llm-proxy-explain: 1` on a request to `/v1/messages`, and to who runs the program.
 */
import { ProxyError } from "../error.ts"
import type { Lessons } from "../state/lessons.ts"
import { createLog, type Log } from "../log.ts"
import { createPipeline, lineUp, type Answer, type Line } from "../pipeline.ts"
import type { Authorized, Events, Parsed, Received, Stages, Translated } from "../stage.ts"
import { heed } from "../wires/lesson.ts"
import { wireOf } from "../wires/registry.ts"

/** What a request would become. Neither headers nor keys are in it. */
export interface Explanation {
  readonly type: "explanation"
  /** As the client asked for it. */
  readonly model: string
  /** Where it goes; null when a stage answers by itself, from a cache, say. */
  readonly target: {
    readonly backend: string
    readonly model: string
    readonly api: string
    /** The path below the backend's base URL. */
    readonly path: string
    readonly flags: object
  } | null
  /** Every stage in its place, plugins' with the place they stand before. */
  readonly stages: readonly string[]
  /** What was dropped or changed, and why, with whatever else was told on the way. */
  readonly notes: readonly string[]
  /** What the backend would get. */
  readonly body: unknown
}

/** The header that asks for it. */
export const EXPLAIN = { "x-llm-proxy-explain": "1" } as const

export function wantsExplanation(req: Request): boolean {
  return Object.entries(EXPLAIN).every(([name, value]) => req.headers.get(name) === value)
}

/** @throws {ProxyError} 403 for a key that may not. */
export function allowExplanation(context: Authorized): Authorized {
  if (!context.client.explain) throw new ProxyError(403, "x-llm-proxy-explain: this key may not see how requests are answered")
  return context
}

/** Where the line ends when it is only explained: no error that a stage would try to mend. */
class Explained extends Error {
  readonly context: Translated
  readonly body: object

  constructor(context: Translated, body: object) {
    super("explained")
    this.context = context
    this.body = body
  }
}

/**
 * The line with its end cut off.
 *
 * @param mask Takes configured keys out of a text.
 */
export function createExplain(
  line: Omit<Line, "upstream" | "encode">,
  stages: Stages,
  lessons: Lessons,
  mask: (text: string) => string,
): Answer {
  const told = new WeakMap<Request, string[]>() // the lines logged on the way, by the request they are about
  const pipeline = createPipeline(
    {
      ...line,
      async upstream(context) {
        throw new Explained(context, heed(context.body, await lessons.of(context.target)))
      },
      async encode(context, reply) {
        const explained = await until(reply)
        return toResponse(context, explained, lineUp(stages), told.get(context.req) ?? [], mask)
      },
    },
    stages,
  )
  return (context) => {
    const lines: string[] = []
    told.set(context.req, lines)
    return pipeline({ ...context, log: both(context.log, lines, mask) } satisfies Received)
  }
}

/** @returns undefined when a stage has answered before a backend would have been asked. */
async function until(reply: Promise<Events>): Promise<Explained | undefined> {
  try {
    await (await reply).cancel("explained")
    return undefined
  } catch (thrown) {
    if (thrown instanceof Explained) return thrown
    throw thrown
  }
}

function toResponse(
  { request, original, head }: Parsed,
  explained: Explained | undefined,
  stages: readonly string[],
  notes: readonly string[],
  mask: (text: string) => string,
): Response {
  const explanation: Explanation = {
    type: "explanation",
    model: request.model,
    target: explained ? toTarget(explained.context) : null,
    stages,
    notes,
    // Through the text that would be sent: what could not be sent is told as it would be.
    body: explained ? JSON.parse(wireOf(explained.context.api).toText(explained.body as never, original)) : null,
  }
  const headers = new Headers(head)
  headers.set("content-type", "application/json")
  headers.set("cache-control", "no-store")
  return new Response(mask(JSON.stringify(explanation, null, 2)), { headers })
}

function toTarget({ api, target: { model, backend } }: Translated): Explanation["target"] {
  return { backend: backend.name, model, api, path: wireOf(api).path, flags: backend.profile }
}

/** A log that also keeps its lines. */
function both(log: Log, lines: string[], mask: (text: string) => string): Log {
  // The time is of no use here.
  const kept = createLog({ level: "debug", write: (line) => lines.push(line.replace(/^\S+ /, "")), mask })
  return join(log, kept)
}

function join(one: Log, other: Log): Log {
  const tell = (level: "trace" | "debug" | "info" | "warn" | "error"): Log["info"] => (message, fields) => {
    one[level](message, fields)
    other[level](message, fields)
  }
  return {
    trace: tell("trace"),
    debug: tell("debug"),
    info: tell("info"),
    warn: tell("warn"),
    error: tell("error"),
    line(level, text) {
      one.line(level, text)
      other.line(level, text)
    },
    with: (fields) => join(one.with(fields), other.with(fields)),
    shows: (level) => one.shows(level) || other.shows(level),
  }
}
