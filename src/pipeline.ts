/**
 * The line, folded at upstream: the only place where the order of the stages is written. A stage of a plugin stands
 * around everything from its place on, both ways.
 */
import { around, type Authorized, type Chunks, type Events, type Parsed, type Place, type Received, type Routed, type Stages, type Translated } from "./stage.ts"

/** The seven stages. */
export interface Line {
  auth(context: Received): Promise<Authorized>
  parse(context: Authorized): Promise<Parsed>
  route(context: Parsed): Routed
  /** A promise only where something is looked up. */
  toOpenAI(context: Routed): Translated | Promise<Translated>
  upstream(context: Translated): Promise<Chunks>
  fromOpenAI(context: Translated, reply: Chunks): Events
  encode(context: Parsed, reply: Promise<Events>): Promise<Response>
}

/** What answers an HTTP request. */
export type Answer = (context: Received) => Promise<Response>

/** `POST /v1/messages`: the whole line. */
export function createPipeline(line: Line, stages: Stages): Answer {
  const upstream = around(stages.upstream, line.upstream)
  const toOpenAI = around(stages.toOpenAI, async (c) => {
    const made = line.toOpenAI(c)
    const translated = made instanceof Promise ? await made : made
    return line.fromOpenAI(translated, await upstream(translated))
  })
  const route = around(stages.route, async (c) => toOpenAI(line.route(c)))
  const parse = around(stages.parse, async (c) => {
    const parsed = await line.parse(c)
    return line.encode(parsed, route(parsed))
  })
  return around(stages.auth, async (c) => parse(await line.auth(c)))
}

/** The stages as they follow each other, the plugins' with the place they stand before. */
export function lineUp(stages: Stages): readonly string[] {
  const own = (place: Place): string[] => stages[place].map(({ name }) => `${name} (before ${place})`)
  return [
    ...own("auth"),
    "auth",
    ...own("parse"),
    "parse",
    ...own("route"),
    "route",
    ...own("toOpenAI"),
    "toOpenAI",
    ...own("upstream"),
    "upstream",
    "fromOpenAI",
    "encode",
  ]
}

/** The beginning of the line for endpoints that answer by themselves: what a plugin does to HTTP holds for them too. */
export function createEntrance(
  line: Pick<Line, "auth">,
  stages: Stages,
  answer: (context: Authorized) => Promise<Response>,
): Answer {
  const parse = around(stages.parse, answer)
  return around(stages.auth, async (c) => parse(await line.auth(c)))
}
