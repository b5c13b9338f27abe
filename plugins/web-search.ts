/**
 * web-search: runs Anthropic's web search tool (`web_search_20250305` and later) for backends that have none.
 *
 * ```yaml
 * plugins:
 *   - web-search: { engine: searxng, url: "http://localhost:8888" }
 *   # or:
 *   - web-search: { engine: brave, key: "${BRAVE_API_KEY}" }
 * ```
 *
 * The model is given a function `web_search` instead. What it calls is asked of the search engine, the client sees call
 * and results as blocks of the running answer, and the model is asked again with them, as often as it searches. In
 * later turns it is told again what it read: that rides in `encrypted_content`.
 */
import {
  chooseApi,
  definePlugin,
  defineStage,
  Flow,
  fold,
  ProxyError,
  v,
  type BlockDeltaEvent,
  type BlockStartEvent,
  type BlockStopEvent,
  type ContentBlock,
  type Events,
  type Log,
  type Message,
  type MessageEvent,
  type MessageRequest,
  type ReplyBlock,
  type ReplyServerToolUse,
  type ReplyToolUse,
  type ServerToolResultBlock,
  type Source,
  type StopReason,
  type Tool,
  type ToolResultBlock,
  type Usage,
  type WebSearchError,
  type WebSearchErrorCode,
  type WebSearchResult,
  type WebSearchToolResult,
} from "llm-proxy"

const NAME = "web_search"
/** Rounds after which an answer pauses: Anthropic's own loop has this limit, and ends in the same way. */
const ROUNDS = 10
/** Brave's limits; longer queries find nothing anywhere. */
const QUERY = { characters: 400, words: 50 } as const
/** Most characters the model is given of a page, and most bytes of a search engine's answer. */
const EXCERPT = 4000
const ANSWER = 2 * 1024 * 1024

const URL_RULE = "must be an http(s) URL without credentials and query, such as http://localhost:8888"
const address = v.pipe(v.string(URL_RULE), v.check(isPlain, URL_RULE))
const COMMON = {
  /** Most results of a search. @default 8 */
  results: v.optional(v.pipe(number(1, 20), v.integer("must be a whole number")), 8),
  /** Seconds a search may take. @default 10 */
  timeout: v.optional(number(0.1, 300), 10),
  /** Searches in an answer where the request does not say. @default 5 */
  max_uses: v.optional(v.pipe(number(1, 100), v.integer("must be a whole number")), 5),
}
const Options = v.variant(
  "engine",
  [
    /** `json` must be among the instance's `search.formats`. */
    v.strictObject({ engine: v.literal("searxng"), url: address, ...COMMON }, toMistake),
    v.strictObject(
      {
        engine: v.literal("brave"),
        key: v.pipe(v.string("must be text"), v.regex(/^[\x21-\x7e]+$/, "must be printable ASCII without blanks")),
        /** @default Brave's own */
        url: v.optional(address, "https://api.search.brave.com/res/v1/web/search"),
        ...COMMON,
      },
      toMistake,
    ),
  ],
  "must be searxng or brave",
)

/** What a request may say of the tool. */
const Rules = v.object({
  max_uses: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1))),
  allowed_domains: v.nullish(v.array(v.string())),
  blocked_domains: v.nullish(v.array(v.string())),
  user_location: v.nullish(v.record(v.string(), v.unknown())),
})

type Options = v.InferOutput<typeof Options>
type Rules = v.InferOutput<typeof Rules>
type EventList = readonly MessageEvent[]
type Found = readonly WebSearchResult[] | WebSearchError

export default definePlugin({
  name: "web-search",
  options: Options,
  setup(options, { log }) {
    const search = createSearch(options)
    return defineStage({
      name: "web-search",
      before: "toOpenAI",
      async run(context, next) {
        if (chooseApi(context.target) === "anthropic") return next(context) // such a backend runs its own
        const request = { ...context.request, messages: context.request.messages.flatMap(toPairs) }
        const tools = [...(request.tools ?? [])]
        const place = tools.findIndex(({ type, name }) => type?.startsWith("web_search_") && name === NAME)
        const tool = tools[place]
        if (!tool) return next({ ...context, request })
        const rules = readRules(tool, `tools.${place}`)
        tools[place] = toFunction(tool, rules)
        const gone = new AbortController()
        const signal = AbortSignal.any([context.signal, gone.signal])
        const told = log.with({ request: context.id })
        return new Turn({
          request: { ...request, tools },
          uses: rules.max_uses ?? options.max_uses,
          ask: (request) => next({ ...context, signal, request }),
          search: (query) => search(query, rules, signal, told),
          log: told,
          gone,
        }).begin()
      },
    })
  },
})

interface TurnOptions {
  readonly request: MessageRequest
  /** Searches that may be made. */
  readonly uses: number
  readonly ask: (request: MessageRequest) => Promise<Events>
  readonly search: (query: string) => Promise<Found>
  readonly log: Log
  /** Aborted when nobody reads on; what is asked and searched ends with it. */
  readonly gone: AbortController
}

/** One answer for the client, made of as many rounds as the model searches in. */
class Turn implements Source<EventList> {
  readonly #options: TurnOptions
  readonly #rounds: AsyncGenerator<EventList, void>
  #running: Source<EventList> | undefined // the round that is being read, to be cancelled
  #index = -1 // of the block shown last, in all rounds
  #left: number // searches that may still be made
  #exceeded = false // the model has been told that none is left
  #searches = 0 // answered by the engine: those that Anthropic would bill
  #sum: Sum = NOTHING // tokens of the rounds so far

  constructor(options: TurnOptions) {
    this.#options = options
    this.#left = options.uses
    this.#rounds = this.#tell()
  }

  /** Rejects where the first round does, so that the client gets a true status. */
  async begin(): Promise<Events> {
    this.#running = (await this.#options.ask(this.#options.request)).detach()
    return new Flow(this)
  }

  async read(): Promise<EventList | undefined> {
    const { done, value } = await this.#rounds.next()
    return done ? undefined : value
  }

  cancel(reason: unknown): void | Promise<void> {
    this.#options.gone.abort(reason)
    return this.#running?.cancel(reason)
  }

  async *#tell(): AsyncGenerator<EventList, void> {
    const { request: asked } = this.#options
    let request = asked
    for (let round = 1; ; round++) {
      const seen: MessageEvent[] = []
      const places = new Map<number, number>() // index of a block in the round → its index for the client
      for (let list = await this.#running?.read(); list; list = await this.#running?.read()) {
        seen.push(...list)
        const shown = list.flatMap((event) => this.#pass(event, round === 1, places))
        if (shown.length > 0) yield shown
      }
      const message = fold(seen)
      if (!message?.stop_reason) return // it broke off, and the error has been shown
      this.#sum = add(this.#sum, message.usage)

      const calls = message.content.filter((block) => block.type === "tool_use")
      const uses = calls.filter(({ name }) => name === NAME).map(toServerUse)
      const running = uses.map((use) => this.#run(use)) // all at once
      if (uses.length > 0) yield uses.flatMap((use) => this.#show(use))
      const results: WebSearchToolResult[] = []
      for (const pending of running) {
        const result = await pending
        results.push(result)
        yield this.#show(result)
      }

      // What the client has to answer ends the message, whatever was searched beside it.
      const over = uses.length === 0 || uses.length < calls.length || message.stop_reason !== "tool_use"
      const left = asked.max_tokens - this.#sum.output_tokens
      const stop = over ? message.stop_reason : left <= 0 ? "max_tokens" : round === ROUNDS ? "pause_turn" : undefined
      if (stop) {
        const theirs = seen.filter((event) => isBlockEvent(event) && isClients(message.content[event.index]))
        const rest = theirs.flatMap((event) => this.#move(event, places))
        yield [...rest, ...seen.flatMap((event) => this.#end(event, stop))]
        return
      }
      const said = [...message.content.filter(({ type }) => type !== "tool_use"), ...uses, ...results]
      const messages = [...request.messages, ...toPairs({ role: "assistant", content: said })]
      request = toNextRound({ ...request, max_tokens: left, messages }, this.#exceeded)
      const failure = await this.#askAgain(request)
      if (!failure) continue
      yield [failure]
      return
    }
  }

  /** The answer has begun: when the backend fails now, that is an event of it. */
  async #askAgain(request: MessageRequest): Promise<MessageEvent | undefined> {
    try {
      this.#running = (await this.#options.ask(request)).detach()
      return undefined
    } catch (thrown) {
      if (!(thrown instanceof ProxyError)) throw thrown
      const { type, message, status } = thrown
      this.#options.log.warn("the backend failed after a search", { status, error: message })
      return { type: "error", error: { type, message } }
    }
  }

  /** What the client sees of a round at once: all but calls, which wait for the end, and a second beginning. */
  #pass(event: MessageEvent, first: boolean, places: Map<number, number>): EventList {
    if (event.type === "message_start") return first ? [event] : []
    if (event.type === "message_delta" || event.type === "message_stop") return []
    if (!isBlockEvent(event)) return [event]
    if (event.type === "content_block_start" && event.content_block.type === "tool_use") return []
    return this.#move(event, places)
  }

  /** A block's event at the place the block has for the client; nothing where its start was not shown. */
  #move(event: MessageEvent, places: Map<number, number>): EventList {
    if (!isBlockEvent(event)) return []
    if (event.type === "content_block_start") places.set(event.index, ++this.#index)
    const index = places.get(event.index)
    return index === undefined ? [] : [{ ...event, index }]
  }

  /** A block that comes from here, whole. */
  #show(block: ReplyServerToolUse | WebSearchToolResult): EventList {
    const index = ++this.#index
    const stop = { type: "content_block_stop", index } as const
    if (block.type !== "server_tool_use") return [{ type: "content_block_start", index, content_block: block }, stop]
    const delta = { type: "input_json_delta", partial_json: JSON.stringify(block.input) } as const
    const start = { type: "content_block_start", index, content_block: { ...block, input: {} } } as const
    return [start, { type: "content_block_delta", index, delta }, stop]
  }

  /** The end of the last round, as the end of all. */
  #end(event: MessageEvent, stop_reason: StopReason): EventList {
    if (event.type === "message_stop") return [event]
    if (event.type !== "message_delta") return []
    const server_tool_use = { web_search_requests: this.#searches, web_fetch_requests: 0 }
    const usage = { ...event.usage, ...this.#sum, server_tool_use }
    return [{ ...event, delta: { ...event.delta, stop_reason }, usage }]
  }

  async #run({ id, input }: ReplyServerToolUse): Promise<WebSearchToolResult> {
    return { type: "web_search_tool_result", tool_use_id: id, content: await this.#find(input), caller: DIRECT }
  }

  async #find(input: unknown): Promise<Found> {
    if (!v.is(Input, input)) return failed("invalid_tool_input")
    if (!isShort(input.query)) return failed("query_too_long")
    this.#exceeded ||= this.#left <= 0
    if (this.#exceeded) return failed("max_uses_exceeded")
    this.#left--
    const found = await this.#options.search(input.query.trim())
    if (!("error_code" in found)) this.#searches++
    return found
  }
}

const DIRECT = { type: "direct" } as const
const Input = v.object({ query: v.pipe(v.string(), v.regex(/\S/)) })

function isBlockEvent(event: MessageEvent): event is BlockStartEvent | BlockDeltaEvent | BlockStopEvent {
  return "index" in event
}

function isClients(block: ReplyBlock | undefined): boolean {
  return block?.type === "tool_use" && block.name !== NAME
}

/** The call's own id stays in the block's: by it the backend's reasoning is found again, now and in later turns. */
const PREFIX = "srvtoolu_"

function toServerUse({ id, input }: ReplyToolUse): ReplyServerToolUse {
  // Arguments that are no object could not be sent back as an input.
  const given = v.is(v.record(v.string(), v.unknown()), input) && !Array.isArray(input) ? input : {}
  return { type: "server_tool_use", id: PREFIX + id, name: NAME, input: given, caller: DIRECT }
}

function failed(error_code: WebSearchErrorCode): WebSearchError {
  return { type: "web_search_tool_result_error", error_code }
}

function isShort(query: string): boolean {
  return query.length <= QUERY.characters && query.trim().split(/\s+/).length <= QUERY.words
}

type Count = "input_tokens" | "output_tokens" | "cache_creation_input_tokens" | "cache_read_input_tokens"
type Sum = Pick<Usage, Count | "output_tokens_details">

const NOTHING: Sum = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation_input_tokens: null,
  cache_read_input_tokens: null,
  output_tokens_details: null,
}

/** Each round counts whole: each reads the whole input again, and Anthropic counts it so too. */
function add(sum: Sum, usage: Usage): Sum {
  const both = (a: number | null = null, b: number | null = null) => (a === null ? b : a + (b ?? 0))
  const { output_tokens_details: thought } = sum
  const thinking = both(thought?.thinking_tokens, usage.output_tokens_details?.thinking_tokens)
  return {
    input_tokens: sum.input_tokens + usage.input_tokens,
    output_tokens: sum.output_tokens + usage.output_tokens,
    cache_creation_input_tokens: both(sum.cache_creation_input_tokens, usage.cache_creation_input_tokens),
    cache_read_input_tokens: both(sum.cache_read_input_tokens, usage.cache_read_input_tokens),
    output_tokens_details: thinking === null ? null : { thinking_tokens: thinking },
  }
}

function readRules(tool: Tool, path: string): Rules {
  const { success, output, issues } = v.safeParse(Rules, tool)
  if (!success) throw new ProxyError(400, `${path}.${v.getDotPath(issues[0])}: ${issues[0].message}`)
  if (!output.allowed_domains || !output.blocked_domains) return output
  throw new ProxyError(400, `${path}: only one of allowed_domains and blocked_domains can be specified`)
}

function toFunction({ strict }: Tool, { user_location: place }: Rules): Tool {
  const near = [place?.["city"], place?.["region"], place?.["country"]].filter(Boolean).join(", ")
  return {
    name: NAME,
    ...(strict && { strict }),
    description:
      "Searches the web: gives titles, addresses and excerpts of pages. For what is recent, or not known for certain." +
      (near && ` The user is near ${near}.`),
    input_schema: {
      type: "object",
      properties: { query: { type: "string", description: `What to search for, in ${QUERY.words} words at most.` } },
      required: ["query"],
      additionalProperties: false,
    },
  }
}

/** A search was forced once, not for ever; and where none is left, none is offered. */
function toNextRound(request: MessageRequest, exceeded: boolean): MessageRequest {
  const { name, ...choice } = request.tool_choice ?? { type: "auto" }
  const forced = choice.type === "any" || (choice.type === "tool" && name === NAME)
  const next: MessageRequest = forced ? { ...request, tool_choice: { ...choice, type: "auto" } } : request
  if (!exceeded) return next
  const tools = (request.tools ?? []).filter((tool) => tool.name !== NAME)
  // A tool stays in any case: there are backends that refuse calls in the history otherwise.
  return tools.length > 0 ? { ...next, tools } : { ...next, tool_choice: { type: "none" } }
}

/**
 * An assistant message with its searches as calls and their results. Calls in a row were made at once; what follows a
 * result was said in another round.
 */
function toPairs(message: Message): readonly Message[] {
  const { role, content } = message
  if (role !== "assistant" || !content || typeof content === "string") return [message]
  const results = new Map<string, ServerToolResultBlock>()
  for (const block of content) if (block.type === "web_search_tool_result") results.set(block.tool_use_id, block)
  if (results.size === 0) return [message]
  const out: Message[] = []
  const told = new Set<string>()
  let said: ContentBlock[] = []
  let open: ToolResultBlock[] = [] // results of the calls in what was said
  const close = (): void => {
    if (said.length > 0) out.push({ ...message, content: said })
    if (open.length > 0) out.push({ role: "user", content: open })
    said = []
    open = []
  }
  for (const block of content) {
    const result = block.type === "server_tool_use" && block.name === NAME ? results.get(block.id) : undefined
    if (result && block.type === "server_tool_use") {
      told.add(block.id)
      said.push({ type: "tool_use", id: toCallId(block.id), name: NAME, input: block.input })
      open.push(toToolResult(result))
    } else if (block.type !== "web_search_tool_result" || !told.has(block.tool_use_id)) said.push(block)
    else if (open.length > 0) close()
  }
  close()
  return out
}

function toCallId(id: string): string {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id
}

const optional = v.fallback(v.nullable(v.string()), null)
const Results = v.array(
  v.object({ url: v.string(), title: v.string(), page_age: optional, encrypted_content: optional }),
)
const Failed = v.object({ error_code: v.string() })

/** What a failure means to the model. */
const WORDS: Readonly<Record<string, string>> = {
  invalid_tool_input: "the input must have a query",
  query_too_long: `a query may have ${QUERY.characters} characters and ${QUERY.words} words`,
  max_uses_exceeded: "no more searches can be made for this answer",
  too_many_requests: "the search engine takes no more searches for now",
}

function toToolResult({ tool_use_id, content }: ServerToolResultBlock): ToolResultBlock {
  const result = { type: "tool_result", tool_use_id: toCallId(tool_use_id) } as const
  const { success, output } = v.safeParse(Results, content)
  if (!success) {
    const code = v.is(Failed, content) ? content.error_code : "unavailable"
    return { ...result, content: `The search failed: ${WORDS[code] ?? code}.`, is_error: true }
  }
  const pages = output.map(({ title, url, page_age, encrypted_content: packed }, n) =>
    [`${n + 1}. ${title}`, url, page_age, packed && unpack(packed)].filter(Boolean).join("\n"),
  )
  return { ...result, content: pages.join("\n\n") || "Nothing was found." }
}

/** Not secret: what is in there is in the web. */
function pack(text: string): string {
  return Buffer.from(JSON.stringify({ text })).toString("base64url")
}

/** Empty for what another server packed. */
function unpack(content: string): string {
  try {
    return v.parse(v.object({ text: v.string() }), JSON.parse(Buffer.from(content, "base64url").toString())).text
  } catch {
    return ""
  }
}

const Hits = v.array(
  v.object({
    url: v.string(),
    title: optional,
    content: optional,
    description: optional,
    extra_snippets: v.fallback(v.array(v.string()), []),
    publishedDate: optional,
    age: optional,
  }),
)

/** Sources: docs.searxng.org/dev/search_api.html, api-dashboard.search.brave.com/api-reference/web/search/get. */
const ENGINES = {
  searxng: {
    path: "/search",
    fields: { format: "json" },
    Answer: v.pipe(v.object({ results: Hits }), v.transform(({ results }) => results)),
  },
  brave: {
    path: "",
    // As many as there can be, since some may be filtered out, and without marks around the words that were found.
    fields: { count: "20", text_decorations: "false" },
    // `web` is left out when nothing was found.
    Answer: v.pipe(
      v.object({ web: v.optional(v.object({ results: Hits }), { results: [] }) }),
      v.transform(({ web }) => web.results),
    ),
  },
}

/** What asks the engine; it never rejects. */
function createSearch(options: Options) {
  const { engine, url, results, timeout } = options
  const { path, fields, Answer } = ENGINES[engine]
  const headers = { accept: "application/json", ...("key" in options && { "x-subscription-token": options.key }) }
  return async (query: string, rules: Rules, signal: AbortSignal, log: Log): Promise<Found> => {
    const asked = new URLSearchParams({ q: narrow(query, rules), ...fields })
    try {
      const response = await fetch(`${url.replace(/\/$/, "")}${path}?${asked}`, {
        headers,
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]),
      })
      if (!response.ok) {
        await response.body?.cancel()
        log.warn("the search engine refused", { engine, status: response.status })
        return failed(response.status === 429 ? "too_many_requests" : "unavailable")
      }
      const hits = v.parse(Answer, JSON.parse(await read(response)))
      return hits.filter(({ url }) => isAllowed(url, rules)).slice(0, results).map(toResult)
    } catch (thrown) {
      const cause = thrown instanceof Error && thrown.cause ? `: ${thrown.cause}` : ""
      if (!signal.aborted) log.warn("the search engine failed", { engine, error: `${thrown}${cause}` })
      return failed("unavailable")
    }
  }
}

function toResult({ url, title, publishedDate, age, ...hit }: v.InferOutput<typeof Hits>[number]): WebSearchResult {
  const text = [hit.content, hit.description, ...hit.extra_snippets].filter(Boolean).join("\n").slice(0, EXCERPT)
  const page_age = publishedDate ?? age
  return { type: "web_search_result", url, title: title ?? url, page_age, encrypted_content: pack(text) }
}

async function read({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ""
  let size = 0
  for await (const bytes of body ?? []) {
    size += bytes.byteLength
    if (size > ANSWER) throw new Error(`the answer is larger than ${ANSWER} bytes`)
    text += decoder.decode(bytes, { stream: true })
  }
  return text + decoder.decode()
}

/** Of most searches the filter would leave nothing; engines that do not know `site:` are filtered all the same. */
function narrow(query: string, { allowed_domains }: Rules): string {
  const whole = [query, (allowed_domains ?? []).map((domain) => `site:${domain}`).join(" OR ")].join(" ").trim()
  return isShort(whole) ? whole : query
}

function isAllowed(url: string, { allowed_domains: allowed, blocked_domains: blocked }: Rules): boolean {
  if (!URL.canParse(url)) return false
  const page = new URL(url)
  const isIn = (domain: string): boolean => isWithin(page, domain)
  return /^https?:$/.test(page.protocol) && (allowed?.some(isIn) ?? true) && !blocked?.some(isIn)
}

/** A domain has its subdomains with it, and may have the beginning of a path behind it: `example.com/blog`. */
function isWithin({ hostname, pathname }: URL, domain: string): boolean {
  const [host = "", ...path] = domain.replace(/^https?:\/\//, "").replace(/\*.*$/, "").split("/")
  const name = host.toLowerCase()
  return (hostname === name || hostname.endsWith(`.${name}`)) && pathname.startsWith(`/${path.join("/")}`)
}

function number(least: number, most: number) {
  const rule = `must be a number from ${least} to ${most}`
  return v.pipe(v.number(rule), v.minValue(least, rule), v.maxValue(most, rule))
}

function isPlain(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, username, password, search, hash } = new URL(url)
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === ""
}

function toMistake({ expected }: { readonly expected: string | null }): string {
  return expected === "never" ? "is no option here" : "is missing"
}
