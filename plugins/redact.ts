/**
 * redact: takes personal data and keys out of requests before they leave, and can put them back into the answers.
 *
 * ```yaml
 * plugins:
 *   - redact:
 *       patterns: [email, iban, credit_card]   # every built-in one when left out
 *       own: { customer: "KD-[0-9]{6}" }       # regular expressions by name
 *       restore: true                          # put the values back into texts and tool inputs of answers
 * ```
 *
 * The model reads `[EMAIL_1]` and the like. A value is the same word all over a request, and numbers go by first
 * appearance: they stay while a conversation grows, so that prompt caches stay warm. Values are never logged or kept.
 */
import {
  createGlobs,
  definePlugin,
  defineStage,
  mapEvents,
  ProxyError,
  v,
  type Globs,
  type MessageEvent,
  type ReplyBlock,
} from "llm-proxy"

/** What of a match is really meant: all of it, its beginning, or nothing where it only looks like it. */
type Narrow = (match: string) => string | undefined

/** In lines, whose breaks may be written as `\n`, as they are in JSON and in environment files. Its end may be cut. */
const PRIVATE_KEY = (() => {
  const [label, line, gap] = ["[A-Z ]{0,30}PRIVATE KEY-----", "[\\w+/=]", "(?:\\s|\\\\[nr])"]
  const lines = `${gap}*${line}{40,}(?:${gap}+${line}{40,})*(?:${gap}+${line}{1,76})?`
  return new RegExp(`-----BEGIN ${label}${lines}(?:${gap}*-----END ${label})?`)
})()

/**
 * All take time that grows with the text's length alone: what repeats can be read in one way, and in a run of like
 * characters a match begins once.
 */
const BUILT_IN: Readonly<Record<string, readonly [pattern: RegExp, narrow?: Narrow]>> = {
  /** Letters beyond ASCII are those of scripts that write blanks: elsewhere words would stick to the address. */
  email: [/(?<![\w.%+\u00c0-\u052f-])[\w.%+\u00c0-\u052f-]+@(?:[A-Za-z\d\u00c0-\u052f-]+\.)+[A-Za-z\u00c0-\u052f]{2,}/],
  phone: [
    any(
      /(?<![\w+])(?:\+|00)[1-9](?:[ .()/-]{0,3}\d){7,14}(?!\d)/,
      /(?<![\w.+-])0[1-9]\d{0,3}(?:[ /-]\d{2,8}){1,4}(?!\d)/, // in many countries
      /(?<![\w.+-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])\d{3}[.-]\d{4}(?!\d)/, // in North America
    ),
    (match) => shorten(match, isPhone),
  ],
  iban: [/(?<!\w)[A-Z]{2}\d\d(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?!\w)/, (match) => shorten(match, isIban)],
  /** By the first digits that the networks have, at once or in the groups that are on cards. */
  credit_card: [
    /(?<![\w.-])(?=2[2-7]|[3-6])(?:\d{13,19}|\d{4}(?:[ -]\d{4}){3}(?:[ -]\d{3})?|\d{4}[ -]\d{6}[ -]\d{5})(?!\d)/,
    (match) => shorten(match, isCard),
  ],
  /** Not behind a letter and a slash: those are versions, as in `Chrome/120.0.0.0`. */
  ipv4: [
    /(?<![\w.]|[A-Za-z]\/)\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)/,
    (match) => (match.split(".").every((part) => Number(part) < 256) ? match : undefined),
  ],
  ipv6: [
    /(?<![\w:.])(?:[\dA-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[\dA-Fa-f]{1,4}|(?<=::))(?!\w|:\w|\.\d)/,
    // With a digit: `fe::add` is a name in many languages.
    (match) => (/\d/.test(match) && URL.canParse(`http://[${match}]`) ? match : undefined),
  ],
  us_ssn: [/(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])/],
  /** As the services document them; JSON Web Tokens (RFC 7519); private keys (RFC 7468), cut ones too. */
  api_key: [
    any(
      /(?<![\w-])(?:sk-(?=[\w-]*\d)[\w-]{20,}|[rs]k_(?:live|test)_\w{16,})/, // OpenAI and many others; Stripe
      /(?<!\w)(?:AKIA|ASIA)[A-Z\d]{16}(?!\w)/, // Amazon
      /(?<!\w)(?:gh[oprsu]_\w{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|npm_\w{36,}|hf_\w{30,})/,
      /(?<!\w)(?:xox[abeoprs]-[\w-]{10,}|AIza[\w-]{35})/, // Slack, Google
      /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/,
      PRIVATE_KEY,
    ),
  ],
}
const NAMES = Object.keys(BUILT_IN)

/** These tell of nobody: services, the machine itself, and masks. */
const KEEP = ["git@*", "noreply@*", "127.*", "0.0.0.0", "255.255.*", "::1"]

const Options = v.strictObject({
  /** @default all of them */
  patterns: v.optional(v.array(v.picklist(NAMES, `must be one of ${NAMES.join(", ")}`)), NAMES),
  /** Regular expressions by names of your own: what `customer` finds becomes `[CUSTOMER_1]`. */
  own: v.optional(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[a-z][a-z0-9_]{0,31}$/, "must be a name of small letters, digits and _, 32 at most"),
        v.check((name) => !NAMES.includes(name), "is the name of a built-in pattern"),
      ),
      v.pipe(
        v.string("must be text"),
        v.rawCheck(({ dataset, addIssue }) => {
          const message = dataset.typed ? faultIn(dataset.value) : undefined
          if (message !== undefined) addIssue({ message })
        }),
      ),
    ),
    {},
  ),
  /** Values that stay; `*` stands for any characters. */
  keep: v.optional(v.array(v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"))), KEEP),
  /** Put the values back into answers. @default false */
  restore: v.optional(v.boolean("must be true or false"), false),
})

export default definePlugin({
  name: "redact",
  options: Options,
  setup({ patterns, own, keep, restore }) {
    const kept = createGlobs(keep.map((value) => [value, true] as const))
    const used = Object.entries(BUILT_IN).filter(([name]) => patterns.includes(name))
    const all = [
      ownWords([...patterns, ...Object.keys(own)]),
      ...used.map(([name, [pattern, narrow]]) => builtIn(name, pattern, narrow)),
      ...Object.entries(own).map(([name, source]) => ownPattern(name, source)),
    ]
    return [
      defineStage({
        name: "redact",
        // Backends are asked to count tokens too, and what is only counted never comes to the other stage.
        before: "parse",
        async run(context, next) {
          if (!new URL(context.req.url).pathname.endsWith("/count_tokens")) return next(context)
          const body = parse(await context.text())
          if (isEndless(body)) return next(context) // which refuses it
          const redaction = new Redaction(all, kept)
          const redacted = redactRequest(body, (text) => redaction.text(text))
          if (redacted === body) return next(context)
          const text = JSON.stringify(redacted)
          return next({ ...context, text: async () => text })
        },
      }),
      defineStage({
        name: "redact",
        before: "route",
        async run(context, next) {
          const redaction = new Redaction(all, kept)
          const request = redactRequest(context.request, (text) => redaction.text(text))
          const { values } = redaction
          if (values.size > 0) context.log.debug("redacted", { values: values.size })
          const reply = await next({ ...context, request })
          if (!restore || values.size === 0) return reply
          const { output_config: config, output_format: format } = request
          const restoring = new Restoring(values, Boolean(config?.format ?? format))
          return reply.pipeThrough(mapEvents((event) => restoring.map(event)))
        },
      }),
    ]
  },
})

interface Pattern {
  readonly name: string
  /** @param until When it must be done, in ms of `performance.now()`. */
  find(text: string, until: number): Iterable<Found>
}

/** A piece of a text. */
interface Found {
  readonly at: number
  readonly text: string
}

/** A piece with the name of the pattern it is for; "" for a word that the request has of itself. */
interface Span {
  readonly at: number
  readonly end: number
  readonly name: string
}

/** Milliseconds that patterns may take on a request: everybody else waits for them. */
const PATIENCE = 2000

/** One request: its values, and the words that stand for them. */
class Redaction {
  /** By the words that stand for them. */
  readonly values = new Map<string, string>()
  readonly #patterns: readonly Pattern[]
  readonly #kept: Globs<true>
  readonly #until = performance.now() + PATIENCE
  readonly #words = new Map<string, string>() // by pattern and value
  readonly #numbers = new Map<string, number>() // the last one given, by pattern
  readonly #own = new Set<string>() // words that the request has of itself: values that come later get others

  constructor(patterns: readonly Pattern[], kept: Globs<true>) {
    this.#patterns = patterns
    this.#kept = kept
  }

  /** The text with words in place of its values. */
  text(text: string): string {
    let out = ""
    let end = 0
    for (const span of this.#spans(text)) {
      const value = text.slice(span.at, span.end)
      if (span.name === "") this.#own.add(value)
      out += text.slice(end, span.at) + (span.name === "" ? value : this.#word(span.name, value))
      end = span.end
    }
    return end === 0 ? text : out + text.slice(end)
  }

  /** In order. Those that overlap are one, or a part of one of them would stay. */
  #spans(text: string): readonly Span[] {
    const spans: Span[] = []
    for (const { name, find } of this.#patterns) {
      for (const { at, text: value } of find(text, this.#until)) {
        if (this.#kept.match(value) !== true) spans.push({ at, end: at + value.length, name })
      }
    }
    const joined: Span[] = []
    for (const span of spans.toSorted((a, b) => a.at - b.at || b.end - a.end)) {
      const last = joined.at(-1)
      if (!last || span.at >= last.end) joined.push(span)
      else if (span.end > last.end) joined.splice(-1, 1, { ...last, end: span.end, name: last.name || span.name })
    }
    return joined
  }

  #word(name: string, value: string): string {
    const key = `${name} ${value}`
    const word = this.#words.get(key) ?? this.#next(name)
    this.#words.set(key, word)
    this.values.set(word, value)
    return word
  }

  #next(name: string): string {
    const number = (this.#numbers.get(name) ?? 0) + 1
    this.#numbers.set(name, number)
    const word = `[${name.toUpperCase()}_${number}]`
    return this.#own.has(word) ? this.#next(name) : word
  }
}

function builtIn(name: string, { source }: RegExp, narrow: Narrow = (match) => match): Pattern {
  const pattern = new RegExp(source, "g")
  return {
    name,
    *find(text, until) {
      pattern.lastIndex = 0
      for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
        checkTime(until, name)
        const found = narrow(match[0])
        if (found !== undefined) yield { at: match.index, text: found }
        // Behind what was found, there may be another in what is left of the match.
        if (found !== match[0]) pattern.lastIndex = match.index + Math.max(found?.length ?? 0, 1)
      }
    },
  }
}

/** Characters that are searched at a time, seen before them, and that a match may have to be found whole. */
const WINDOW = { size: 2048, before: 64, after: 512 } as const

/** In windows, since nobody knows how its time grows with the text's length. */
function ownPattern(name: string, source: string): Pattern {
  const pattern = new RegExp(source, "g")
  return {
    name,
    *find(text, until) {
      for (let from = 0; from < text.length; from += WINDOW.size) {
        checkTime(until, name)
        const start = Math.max(0, from - WINDOW.before)
        const part = text.slice(start, from + WINDOW.size + WINDOW.after)
        pattern.lastIndex = from - start
        for (let match = pattern.exec(part); match; match = pattern.exec(part)) {
          if (match[0] === "") pattern.lastIndex++
          else if (start + match.index < from + WINDOW.size) yield { at: start + match.index, text: match[0] }
        }
      }
    },
  }
}

function checkTime(until: number, name: string): void {
  if (performance.now() < until) return
  throw new ProxyError(500, `redact: looking for "${name}" takes too long on this request`)
}

/** Words that a request has of itself: what was said before came through here, and was not put back. */
function ownWords(names: readonly string[]): Pattern {
  return builtIn("", new RegExp(`\\[(?:${names.map((name) => name.toUpperCase()).join("|")})_\\d{1,9}\\]`))
}

/** What speaks against a regular expression of the config. */
function faultIn(source: string): string | undefined {
  try {
    if (new RegExp(source).test("")) return "must not match an empty text"
  } catch (error) {
    return `is no regular expression: ${error instanceof Error ? error.message : String(error)}`
  }
  if (repeatsRepeats(source)) return "must not repeat a group that repeats or chooses: that can take for ever"
  if (/\\[1-9k]/.test(source)) return "must not refer back to a group: that can take for ever"
  return isSlow(new RegExp(source)) ? "takes too long on rows of one character: it repeats too much in a row" : undefined
}

/** Milliseconds for a window. What takes time by its square has some, by its third power seconds. */
const SLOW = 100

/** Tries rows of characters, ever longer: what grows too fast shows while it is still short. */
function isSlow(pattern: RegExp): boolean {
  const most = WINDOW.before + WINDOW.size + WINDOW.after
  for (const char of new Set(`aA0 ${pattern.source}`)) {
    for (let length = 32; length < 2 * most; length *= 2) {
      const row = char.repeat(Math.min(length, most))
      const began = performance.now()
      for (const text of [row, `${row}\0`]) pattern.test(text) // with an end that may not fit, and without
      if (performance.now() - began > SLOW) return true
    }
  }
  return false
}

/** Parts of a regular expression: escapes and classes whole, then what opens, closes, repeats or chooses. */
const PARTS = /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?|\)|[*+?|]|\{\d+,?\d*\}/g

/** The shape that takes exponential time, as in `(a+)+` and `(a|a)*`; not all of it is dangerous. */
function repeatsRepeats(source: string): boolean {
  const open: boolean[] = [false] // for each group that is open, whether it can be read in more than one way
  let closed = false // what was closed right before can
  let end = 0
  for (const { 0: part, index } of source.matchAll(PARTS)) {
    const follows = closed && index === end
    const repeats = /^(?:[*+]|\{\d+,)/.test(part)
    if (follows && repeats) return true
    closed = false
    if (part.startsWith("(")) open.push(false)
    else if (part === ")") {
      closed = open.pop() ?? false
      if (closed) open[open.length - 1] = true
    } else if (repeats || part === "?" || part === "|") open[open.length - 1] = true
    end = index + part.length
  }
  return false
}

type Change = (text: string) => string

/** The request with what a model reads of it changed; where nothing has to be, the very same object. */
function redactRequest<Request>(request: Request, change: Change): Request {
  if (!isFields(request)) return request
  const { system, messages } = request
  // The system prompt first, as it is in prompts: what a cache holds is a beginning, and numbers go by appearance.
  const fields = { system: redactContent(system, change), messages }
  if (Array.isArray(messages)) fields.messages = mapList(messages, (message) => redactMessage(message, change))
  return update(request, fields)
}

function redactMessage(message: unknown, change: Change): unknown {
  return isFields(message) ? update(message, { content: redactContent(message["content"], change) }) : message
}

/** Blocks that stay as they are. Thinking is signed; the model that wrote it had been shown words. */
const WHOLE = /^(?:thinking|redacted_thinking|image|base64|url|file)$|^(?!mcp_)\w+_tool_result$/

/** Fields that stay: names, ids and seals. */
const FIXED = /^(?:type|name|tool|signature|cache_control|caller)$|(?:^|_)id$|^encrypted_|_(?:name|type)$/

/** Texts of a content, in blocks of kinds that are known here and of others. */
function redactContent(value: unknown, change: Change): unknown {
  if (typeof value === "string") return change(value)
  if (Array.isArray(value)) return mapList(value, (item) => redactContent(item, change))
  if (!isFields(value) || (typeof value["type"] === "string" && WHOLE.test(value["type"]))) return value
  const fields = Object.entries(value).map(([name, inner]) => {
    if (name === "input") return [name, mapTexts(inner, change)] as const
    return [name, FIXED.test(name) ? inner : redactContent(inner, change)] as const
  })
  return update(value, Object.fromEntries(fields))
}

/** All texts of a value, names of fields too: in a tool's input they may be data, and `restore` puts data there. */
function mapTexts(value: unknown, change: Change): unknown {
  if (typeof value === "string") return change(value)
  if (Array.isArray(value)) return mapList(value, (item) => mapTexts(item, change))
  if (!isFields(value)) return value
  const before = Object.entries(value)
  const after = before.map(([name, inner]) => [change(name), mapTexts(inner, change)] as const)
  const isSame = after.every(([name, inner], n) => name === before[n]?.[0] && inner === before[n]?.[1])
  return isSame ? value : Object.fromEntries(after)
}

function mapList(list: readonly unknown[], map: (item: unknown) => unknown): readonly unknown[] {
  const mapped = list.map(map)
  return mapped.every((item, n) => item === list[n]) ? list : mapped
}

/** With these fields; the very same object where it has them already, so that its bytes can stay as they came. */
function update<Value extends Fields>(value: Value, fields: Fields): Value {
  const news = Object.entries(fields).filter(([name, field]) => field !== value[name])
  return news.length === 0 ? value : { ...value, ...Object.fromEntries(news) }
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** Undefined for what is no JSON: others say so to the client. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether it nests far deeper than the 256 levels of a request: one of the stages looks at it before that is seen. */
function isEndless(value: unknown, left = 1000): boolean {
  if (typeof value !== "object" || value === null) return false
  return left === 0 || Object.values(value).some((inner) => isEndless(inner, left - 1))
}

/** One answer, in which words become values again; they may come in pieces. */
class Restoring {
  readonly #values: ReadonlyMap<string, string>
  readonly #isJson: boolean // texts of the answer are JSON
  readonly #plain: Change = (text) => this.#whole(text, false)
  #held = "" // the end of what came, while it may be the beginning of a word
  #toEvent: ((text: string) => MessageEvent) | undefined // the form in which it came

  constructor(values: ReadonlyMap<string, string>, isJson: boolean) {
    this.#values = values
    this.#isJson = isJson
  }

  map(event: MessageEvent): MessageEvent | readonly MessageEvent[] | null {
    switch (event.type) {
      case "content_block_start":
        return { ...event, content_block: this.#block(event.content_block) }
      case "content_block_delta": {
        const { delta } = event
        switch (delta.type) {
          case "text_delta":
            return this.#piece(delta.text, this.#isJson, (text) => ({ ...event, delta: { ...delta, text } }))
          case "input_json_delta":
            return this.#piece(delta.partial_json, true, (json) => ({
              ...event,
              delta: { ...delta, partial_json: json },
            }))
          case "citations_delta":
            return { ...event, delta: { ...delta, citation: mapTexts(delta.citation, this.#plain) } }
          default:
            return event
        }
      }
      case "content_block_stop":
      case "error":
        return this.#held === "" ? event : [...this.#rest(), event]
      default:
        return event
    }
  }

  /** What a block has in its start already; texts and inputs commonly have nothing there. */
  #block(block: ReplyBlock): ReplyBlock {
    if (block.type === "text") return { ...block, text: this.#whole(block.text, this.#isJson) }
    return "input" in block ? { ...block, input: mapTexts(block.input, this.#plain) } : block
  }

  #piece(text: string, isJson: boolean, toEvent: (text: string) => MessageEvent): MessageEvent | null {
    const all = this.#held + text
    const at = this.#beginning(all)
    this.#held = all.slice(at)
    this.#toEvent = toEvent
    return at > 0 || text === "" ? toEvent(this.#whole(all.slice(0, at), isJson)) : null
  }

  /** What was held and was no word after all. */
  #rest(): readonly MessageEvent[] {
    const held = this.#held
    this.#held = ""
    return this.#toEvent ? [this.#toEvent(held)] : []
  }

  /** Where at the end a word begins that is not yet whole; the text's length where none does. */
  #beginning(text: string): number {
    const at = text.lastIndexOf("[")
    if (at < 0) return text.length
    const end = text.slice(at)
    for (const word of this.#values.keys()) if (word.length > end.length && word.startsWith(end)) return at
    return text.length
  }

  #whole(text: string, isJson: boolean): string {
    if (!text.includes("[")) return text
    return text.replace(WORD, (word) => {
      const value = this.#values.get(word)
      if (value === undefined) return word
      return isJson ? JSON.stringify(value).slice(1, -1) : value
    })
  }
}

const WORD = /\[[A-Z][A-Z\d_]{0,31}_\d{1,9}\]/g

function any(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"))
}

/** The match, without words behind it that look as if they belonged to it. */
function shorten(match: string, isOne: (text: string) => boolean): string | undefined {
  let text = match
  while (text !== "" && !isOne(text)) {
    text = text.slice(0, Math.max(text.lastIndexOf(" "), text.lastIndexOf("-"), text.lastIndexOf("/"), 0))
  }
  return text || undefined
}

/** 15 digits at most (ITU-T E.164), 12 with a trunk's 0. No date. */
function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, "").length
  return digits > 8 && digits < (/^0[1-9]/.test(text) ? 13 : 18) && !/^0\d([/-])\d\d\1\d{4}/.test(text)
}

/** ISO 13616: with its beginning behind it and letters as 10 to 35, it leaves 1 when it is divided by 97. */
function isIban(text: string): boolean {
  if (text.length < 15) return false // the shortest there are
  const chars = text.replaceAll(" ", "")
  let rest = 0
  for (let n = 0; n < chars.length; n++) {
    const code = chars.charCodeAt((n + 4) % chars.length)
    rest = (code < 65 ? rest * 10 + code - 48 : rest * 100 + code - 55) % 97
  }
  return rest === 1
}

/** By Luhn's check digit (ISO/IEC 7812-1). */
function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, "")
  let sum = 0
  for (let n = 0; n < digits.length; n++) {
    const digit = Number(digits.at(-1 - n))
    sum += n % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit
  }
  return digits.length > 12 && sum % 10 === 0
}
