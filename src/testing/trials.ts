/** What a stage is put through at each place. */
import type { MessageEvent } from "../anthropic/events.ts"
import { fold } from "../anthropic/fold.ts"
import { GENERAL } from "../backends/profile.ts"
import { ProxyError } from "../error.ts"
import { SILENT } from "../log.ts"
import type { Backend, Place, Places, Stage, Translated } from "../stage.ts"
import { Flow, type Source } from "../stream/flow.ts"
import { checkGrammar } from "./grammar.ts"
import { CHUNKS, EVENTS, REQUEST, UNKNOWN, type Sample } from "./samples.ts"

/** A stage of any of these places, whose reply is a flow of lists. */
type Messages = "route" | "toOpenAI"

export async function tryEvents(stage: Stage<Messages> | Stage<"route"> | Stage<"toOpenAI">): Promise<readonly string[]> {
  const run = stage.run as Stage<Messages>["run"]
  const found = new Findings(stage.name)
  for (const sample of EVENTS) {
    await found.during(sample.name, async () => {
      const alone = await readAll(await run(contextFor(`${sample.name} once`), sourceOf(sample).next))
      const known = alone.filter((event) => event.type !== UNKNOWN.type)
      for (const breach of checkGrammar(known)) found.add(sample.name, breach)
      if (known.length === alone.length && sample.lists.flat().includes(UNKNOWN)) {
        found.add(sample.name, "an event that nobody knows was not passed on")
      }
      const [one, other] = await together(
        await run(contextFor(`${sample.name} twice`), sourceOf(sample).next),
        await run(contextFor(`${sample.name} twice`), sourceOf(sample).next),
      )
      const [before, ...both] = [alone, one, other].map(told)
      if (both.some((after) => after !== before)) found.add(sample.name, "two at once are not told what one alone is")
    })
  }
  await tryLeaving(found, EVENTS, run)
  await tryFailing(found, run)
  return found.sentences
}

export async function tryChunks(stage: Stage<"upstream">): Promise<readonly string[]> {
  const found = new Findings(stage.name)
  const run: Stage<"upstream">["run"] = (context, next) => stage.run(context, next)
  for (const sample of CHUNKS) {
    await found.during(sample.name, async () => {
      const alone = await readAll(await run(contextFor(`${sample.name} once`), sourceOf(sample).next))
      const [one, other] = await together(
        await run(contextFor(`${sample.name} twice`), sourceOf(sample).next),
        await run(contextFor(`${sample.name} twice`), sourceOf(sample).next),
      )
      if (new Set([alone, one, other].map((chunks) => JSON.stringify(chunks))).size > 1) {
        found.add(sample.name, "two at once are not told what one alone is")
      }
    })
  }
  await tryLeaving(found, CHUNKS, run)
  await tryFailing(found, run)
  return found.sentences
}

export async function tryHttp(stage: Stage<"auth"> | Stage<"parse">): Promise<readonly string[]> {
  const run = stage.run as Stage<"parse">["run"]
  const found = new Findings(stage.name)
  await found.during("a response", async () => {
    const source = sourceOf<Uint8Array>({ name: "bytes", lists: [[new TextEncoder().encode("event: ping\n\n")], [new Uint8Array(1)]] })
    const next = async (): Promise<Response> => new Response((await source.next()).pipeThrough(flat()))
    const reply = await run(contextFor("http"), next)
    await reply.body?.cancel()
    await settled()
    if (source.asked > 0 && !source.left) found.add("a response", "who leaves is not told to the rest of the line")
  })
  await tryFailing(found, run)
  return found.sentences
}

async function tryLeaving<P extends Messages | "upstream", Item>(
  found: Findings,
  samples: readonly Sample<Item>[],
  run: Stage<P>["run"],
): Promise<void> {
  const [sample] = samples
  if (!sample) return
  await found.during(sample.name, async () => {
    const source = sourceOf(sample)
    let inner: AbortSignal | undefined // a stage may ask with a signal of its own
    const reply = await run(contextFor("a client that leaves"), (handed) => {
      inner = handed.signal
      return source.next() as Promise<Places[P]["reply"]>
    })
    const reader = (reply as ReadableStream<unknown>).getReader()
    await reader.read()
    await reader.cancel("left")
    await settled()
    if (source.asked > 0 && !source.left && !inner?.aborted) {
      found.add("a client that leaves", "the rest of the line is not told")
    }
  })
}

async function tryFailing<P extends Place>(found: Findings, run: Stage<P>["run"]): Promise<void> {
  const failure = new ProxyError(529, "overloaded", { headers: { "x-should-retry": "false" } })
  try {
    await run(contextFor("a failure") as Places[P]["context"], () => Promise.reject(failure))
    found.add("a failure of the rest of the line", "became an answer")
  } catch (thrown) {
    if (!(thrown instanceof ProxyError)) found.add("a failure of the rest of the line", `became ${String(thrown)}`)
  }
}

/** Sentences, each once. */
class Findings {
  readonly #name: string
  readonly #found = new Set<string>()

  constructor(name: string) {
    this.#name = name
  }

  get sentences(): readonly string[] {
    return [...this.#found]
  }

  add(sample: string, sentence: string): void {
    this.#found.add(`${this.#name}: ${sample}: ${sentence}`)
  }

  async during(sample: string, trial: () => Promise<void>): Promise<void> {
    try {
      await trial()
    } catch (thrown) {
      const changed = thrown instanceof TypeError && /read only|not extensible|cannot (?:add|delete|assign)/i.test(thrown.message)
      this.add(sample, changed ? `changed in place what is not its own (${thrown.message})` : `threw ${String(thrown)}`)
    }
  }
}

/** The rest of the line, which keeps book. */
function sourceOf<Item>(sample: Sample<Item>): {
  readonly asked: number
  readonly left: boolean
  next(): Promise<Flow<readonly Item[]>>
} {
  let asked = 0
  let left = false
  return {
    get asked() {
      return asked
    },
    get left() {
      return left
    },
    async next() {
      asked++
      const lists = sample.lists.map((list) => freeze(list))
      const source: Source<readonly Item[]> = { read: async () => lists.shift(), cancel: () => void (left = true) }
      return new Flow(source)
    },
  }
}

async function readAll<Item>(flow: ReadableStream<readonly Item[]>): Promise<Item[]> {
  const out: Item[] = []
  for await (const list of flow) out.push(...list)
  return out
}

/** Reads two flows in turns, so that what they share shows. */
async function together<Item>(one: ReadableStream<readonly Item[]>, other: ReadableStream<readonly Item[]>): Promise<[Item[], Item[]]> {
  return Promise.all([readAll(one), readAll(other)])
}

/** What a client is told in the end, by which answers are compared: ids are made anew, and deltas may be cut otherwise. */
function told(events: readonly MessageEvent[]): string {
  const failure = events.find((event) => event.type === "error")
  const { id: _, ...message } = fold(events) ?? { id: "" }
  return JSON.stringify([message, failure])
}

function flat(): TransformStream<readonly Uint8Array[], Uint8Array> {
  return new TransformStream({
    transform: (list, controller) => {
      for (const bytes of list) controller.enqueue(bytes)
    },
  })
}

/** Where requests would go. */
export const BACKEND: Backend = {
  name: "backend",
  base_url: "http://localhost/v1",
  api: "chat",
  api_key: undefined,
  headers: {},
  profile: GENERAL,
  missing: [],
  timeout: { first_byte: 60, idle: 60 },
}

/** A context with everything a stage may look at, frozen; `about` makes the request another one. */
function contextFor(about: string): Translated {
  const request = freeze({ ...REQUEST, messages: REQUEST.messages.with(0, { role: "user", content: about }) })
  const body = freeze({ model: "model", messages: [{ role: "user" as const, content: about }], max_tokens: 1000, stream: true as const })
  const text = JSON.stringify(request)
  return {
    id: "req_test",
    req: new Request("http://localhost/v1/messages", { method: "POST", body: text }),
    signal: new AbortController().signal,
    log: SILENT,
    head: new Headers(),
    text: async () => text,
    onOver: () => {},
    client: freeze({ name: "test", explain: false, may: () => true, sees: () => true }),
    request,
    original: freeze({ request, text }),
    target: freeze({ model: "model", backend: BACKEND }),
    api: "chat",
    body,
  }
}

function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Error) return value
  for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}

/** Long enough for what a cancel sets going. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10))
}
