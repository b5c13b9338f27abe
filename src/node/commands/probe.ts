/**
 * Asks a model for a word through the line, with what clients usually send and backends often refuse, and tells what
 * was learned from it. The lessons are kept where those of any request are.
 */
import { chooseApi } from "../../choose-api.ts"
import type { Settings } from "../../config/config.ts"
import { createHops } from "../../dial/hops.ts"
import { createLine, type ReadyLine } from "../../line.ts"
import { createMask, SILENT } from "../../log.ts"
import { newId } from "../../text/new-id.ts"
import { createPipeline } from "../../pipeline.ts"
import { toStages, type Client, type Received, type Target } from "../../stage.ts"
import { subtleDigest } from "../../stages/auth.ts"
import { tellLesson } from "../../wires/lesson.ts"
import { isObject } from "../../wires/is-object.ts"
import { parseJson } from "../../wires/json.ts"
import type { Opened } from "../open.ts"
import { undiciFetch } from "../undici.ts"
import { createGlobs } from "../../text/glob.ts"

export interface Probed {
  readonly ok: boolean
  /** Milliseconds until it had answered. */
  readonly ms: number
  /** Why it did not, in the words a client would get. */
  readonly why: string | undefined
  /** What is sent differently from now on. */
  readonly learned: readonly string[]
}

/** A request teaches two lessons at most; a backend that refuses more than this is none. */
const ATTEMPTS = 4
/** Seconds for one attempt: a local server may load the model first. */
const PATIENCE = 120
/** The name that the model has in a probe. */
const NAME = "probe"

/** Who runs the program. */
const OPERATOR: Client = { name: "operator", explain: false, may: () => true, sees: () => true }

/** @param opened The proxy whose storage gets the lessons. */
export async function probe(target: Target, { settings, storage }: Opened): Promise<Probed> {
  const mask = createMask(settings.secrets)
  const own: Settings = { ...settings, routes: createGlobs([[NAME, target]]) }
  const ready = await createLine(own, {
    fetch: undiciFetch,
    digest: subtleDigest,
    storage: storage.storage,
    log: SILENT,
    mask,
    newId,
    hops: createHops(() => newId("")),
  })
  const before = (await ready.lessons.of(target)).length
  const began = performance.now()
  let why: string | undefined
  for (let attempt = 0, known = -1; attempt < ATTEMPTS; attempt++) {
    why = await ask(ready, toBody(target))
    const lessons = (await ready.lessons.of(target)).length
    if (why === undefined || lessons === known) break
    known = lessons
  }
  const learned = (await ready.lessons.of(target)).slice(before).map(tellLesson)
  // Behind the writing of lessons, which nobody waits for.
  if (learned.length > 0) await storage.storage.getKeys("lessons")
  return { ok: why === undefined, ms: Math.round(performance.now() - began), why: why && mask(why), learned }
}

/** @returns what went wrong, if anything. */
async function ask({ line }: ReadyLine, body: object): Promise<string | undefined> {
  const answer = createPipeline({ ...line, auth: async (context) => ({ ...context, client: OPERATOR }) }, toStages([]))
  const signal = AbortSignal.timeout(PATIENCE * 1000)
  const text = JSON.stringify(body)
  const context: Received = {
    id: newId("req_"),
    req: new Request("http://localhost/v1/messages", { method: "POST", body: text }),
    signal,
    log: SILENT,
    head: new Headers(),
    text: async () => text,
    onOver: () => {},
  }
  try {
    const told = await (await answer(context)).text()
    // An answer that has begun tells its failure as an event.
    const [, failure] = /^event: error\r?\ndata: (.*)$/m.exec(told) ?? []
    const event = failure === undefined ? undefined : parseJson(failure)
    const error = isObject(event) ? event["error"] : undefined
    return isObject(error) ? String(error["message"]) : failure
  } catch (error) {
    if (signal.aborted) return `did not answer within ${PATIENCE} s`
    return error instanceof Error ? error.message : String(error)
  }
}

/** 16 tokens are the least that the Responses API lets one ask for. */
function toBody(target: Target): object {
  const usual = {
    model: NAME,
    max_tokens: 16,
    stream: true,
    system: "Answer with one word.",
    messages: [{ role: "user", content: "Say hi." }],
    stop_sequences: ["</answer>"],
    tools: [{ name: "get_time", description: "Tells the time.", input_schema: TOOL }],
  }
  // The Messages API lets nobody set both, and some models neither.
  return chooseApi(target) === "anthropic" ? usual : { ...usual, temperature: 0.5, output_config: { effort: "low" } }
}

/** Keywords that some backends refuse, as tools of Claude Code have them. */
const TOOL = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: {
    zone: { type: "string", format: "uri" },
    precision: { type: "integer", exclusiveMinimum: 0, default: 1 },
  },
  additionalProperties: false,
}
