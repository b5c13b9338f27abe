/**
 * scenario: sends requests to models by what they are. The first rule that fits decides, and the answer's header
 * `x-llm-proxy-scenario` names it.
 *
 * ```yaml
 * plugins:
 *   - scenario:
 *       rules:
 *         - { when: { web_search: true }, model: searching }
 *         - { when: { background: true }, model: small }
 *         - { when: { images: true }, model: seeing }
 *         - { name: long, when: { model: "claude-*", tokens_over: 100000 }, model: patient }
 *       default: usual      # for what no rule fits; left as asked without it
 * ```
 *
 * The order is the config's and no other (claude-code-router#893, #900: its rule for thinking hid the one for web
 * search). All conditions of a rule must hold. Models are names of the config.
 */
import {
  countTokens,
  createGlobs,
  definePlugin,
  defineStage,
  fromDiscovered,
  guessTokens,
  showsPictures,
  v,
  type Effort,
  type Message,
  type MessageRequest,
  type Parsed,
} from "llm-proxy"

const EFFORTS: readonly Effort[] = ["low", "medium", "high", "xhigh", "max"]

const NAME_RULE = "must be 1 to 64 letters, digits and any of _ . + -"
const TEXTS_RULE = "must be a text, or a list of texts"
const TOKENS_RULE = "must be a whole number of tokens, 1 or more"

const text = v.pipe(v.string("must be text"), v.nonEmpty("must not be empty"))
const texts = v.union([text, v.pipe(v.array(text), v.minLength(1, TEXTS_RULE))], TEXTS_RULE)
const flag = v.boolean("must be true or false")
const tokens = v.pipe(v.number(TOKENS_RULE), v.integer(TOKENS_RULE), v.minValue(1, TOKENS_RULE))

const When = v.strictObject({
  /** The model that is asked for; `*` stands for any characters. */
  model: v.optional(texts),
  /** The name of the client's key. */
  key: v.optional(texts),
  /** Headers of the request, all of them; `*` in a value stands for any characters. */
  header: v.optional(v.record(v.pipe(v.string(), v.regex(/^[\w-]+$/, "must be a header's name")), text)),
  stream: v.optional(flag),
  /** Whether a sub agent of Claude Code asks. */
  sub_agent: v.optional(flag),
  /** Whether it is for a haiku model, or a call that Claude Code makes beside the conversation. */
  background: v.optional(flag),
  /** Whether the model may think. */
  thinking: v.optional(flag),
  /** The least effort. A request that names none has none. */
  effort: v.optional(v.picklist(EFFORTS, `must be one of ${EFFORTS.join(", ")}`)),
  tools: v.optional(flag),
  /** Whether Anthropic's web search is among the tools. */
  web_search: v.optional(flag),
  /** Whether there are images or PDFs anywhere in the conversation. */
  images: v.optional(flag),
  /** What the user's last words contain; case does not matter. */
  text: v.optional(text),
  /** By estimate, like the one that follows. */
  tokens_over: v.optional(tokens),
  tokens_under: v.optional(tokens),
})

const Rule = v.strictObject({
  /** What the answer's header says. @default the names of the conditions */
  name: v.optional(v.pipe(v.string(NAME_RULE), v.regex(/^[\w.+-]{1,64}$/, NAME_RULE))),
  when: v.pipe(When, v.check((when) => Object.keys(when).length > 0, "must have a condition")),
  model: text,
})

const Options = v.strictObject({
  rules: v.pipe(v.array(Rule, "must be a list of rules"), v.minLength(1, "must have a rule")),
  /** The model for requests that no rule fits. @default as asked */
  default: v.optional(text),
})

type When = v.InferOutput<typeof When>
type Test = (asked: Asked) => boolean

export default definePlugin({
  name: "scenario",
  options: Options,
  setup(options, { models, keys }) {
    const known = models.entries.map(([name]) => name)
    const check = (path: string, what: string, name: string, isKnown: boolean, all: readonly string[]): void => {
      if (!isKnown) throw new Error(`${path}: the config has no ${what} "${name}"; it has ${all.join(", ")}`)
    }
    const checkModel = (path: string, model: string): void => {
      check(path, "model", model, models.match(model) !== undefined, known)
    }
    const named = new Set(["default"])
    const rules = options.rules.map(({ when, model, name = Object.keys(when).join("+") }, n) => {
      checkModel(`rules.${n}.model`, model)
      for (const key of toList(when.key ?? [])) check(`rules.${n}.when.key`, "key", key, keys.includes(key), keys)
      if (named.has(name)) throw new Error(`rules.${n}.name: another rule is called "${name}" already`)
      named.add(name)
      return { name, model, fits: toTest(when) }
    })
    const { default: usual } = options
    if (usual !== undefined) checkModel("default", usual)
    const otherwise = usual === undefined ? undefined : { name: "default", model: usual }
    const names = new Set(known)

    return defineStage({
      name: "scenario",
      before: "route",
      run(context, next) {
        const asked = new Asked(context, fromDiscovered(context.request.model, names))
        const rule = rules.find(({ fits }) => fits(asked)) ?? otherwise
        if (!rule) return next(context)
        context.log.debug("scenario", { rule: rule.name, to: rule.model })
        context.head.set("x-llm-proxy-scenario", rule.name)
        return next({ ...context, request: { ...context.request, model: rule.model } })
      },
    })
  },
})

/** Whether all conditions hold; those that cost something come last. */
function toTest({ model, key, header, effort, text, tokens_over: over, tokens_under: under, ...flags }: When): Test {
  const fitsModel = model && toFits(model)
  const keys = key && toList(key)
  const headers = Object.entries(header ?? {}).map(([name, value]) => ({ name, fits: toFits(value) }))
  const names = FLAGS.filter((name) => flags[name] !== undefined)
  return (asked) => {
    const { request, req, client } = asked.context
    return (
      (!fitsModel || fitsModel(asked.model)) &&
      (!keys || keys.includes(client.name)) &&
      headers.every(({ name, fits }) => req.headers.has(name) && fits(req.headers.get(name) ?? "")) &&
      (!effort || effortOf(request) >= EFFORTS.indexOf(effort)) &&
      names.every((name) => FACTS[name](asked) === flags[name]) &&
      (!text || asked.words.includes(text.toLowerCase())) &&
      (!over || asked.tokensNear(over) > over) &&
      (!under || asked.tokensNear(under) < under)
    )
  }
}

/** What a condition that is true or false asks for. */
const FACTS = {
  stream: ({ context }: Asked) => context.request.stream === true,
  sub_agent: ({ context }: Asked) => context.req.headers.has(SUB_AGENT),
  background: isBackground,
  thinking: ({ context }: Asked) => (context.request.thinking?.type ?? "disabled") !== "disabled",
  tools: ({ context }: Asked) => hasTools(context.request),
  web_search: ({ context }: Asked) => (context.request.tools ?? []).some(({ type }) => type?.startsWith("web_search_")),
  images: ({ context }: Asked) => showsPictures(context.request),
} as const

const FLAGS = Object.keys(FACTS) as (keyof typeof FACTS)[]

function toFits(patterns: string | readonly string[]): (value: string) => boolean {
  const globs = createGlobs(toList(patterns).map((pattern) => [pattern, true] as const))
  return (value) => globs.match(value) === true
}

function toList(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value
}

const SUB_AGENT = "x-claude-code-agent-id"

/**
 * Claude Code (2.1.330) asks for titles and the like without tools and without a conversation. What a call is for it
 * says only where `CLAUDE_CODE_GATEWAY_HINT_HEADERS=1`.
 */
function isBackground({ model, context: { request, req } }: Asked): boolean {
  if (model.includes("haiku")) return true
  const told = req.headers.get("x-claude-code-request-class")
  if (told !== null) return told === "auxiliary"
  const isClaudeCode = req.headers.get("user-agent")?.startsWith("claude-cli/") && !req.headers.has(SUB_AGENT)
  return isClaudeCode === true && !hasTools(request) && request.messages.every(({ role }) => role !== "assistant")
}

function hasTools({ tools }: MessageRequest): boolean {
  return (tools ?? []).length > 0
}

/** The place among efforts of the request's own, unless a later system message sets another; -1 where none is told. */
function effortOf({ messages, output_config }: MessageRequest): number {
  const later = messages.findLast(({ role, output_config: own }) => role === "system" && own?.effort)
  const effort = later?.output_config?.effort ?? output_config?.effort
  return effort ? EFFORTS.indexOf(effort) : -1
}

/** How far off a guess from lengths may be: too low for dense JSON and Chinese, too high for rows of one character. */
const GUESS = { low: 0.6, high: 3 } as const

/** A request; what takes time to find out about it is found out once. */
class Asked {
  readonly context: Parsed
  /** As the config would name it. */
  readonly model: string
  #guess: number | undefined
  #count: number | undefined
  #words: string | undefined

  constructor(context: Parsed, model: string) {
    this.context = context
    this.model = model
  }

  /** Its tokens, exact enough to say on which side of a border they are: a count costs 100 times what a guess does. */
  tokensNear(border: number): number {
    const { request } = this.context
    const guess = (this.#guess ??= guessTokens(request))
    if (guess * GUESS.low > border || guess * GUESS.high < border) return guess
    return (this.#count ??= countTokens(request))
  }

  /** What the user wrote last, in small letters: the same in all calls of a turn, as later ones only bring results. */
  get words(): string {
    const { messages } = this.context.request
    return (this.#words ??= wordsOf(messages.findLast((message) => wordsOf(message) !== "")))
  }
}

const NOBODY: Message = { role: "user" }

function wordsOf({ role, content }: Message = NOBODY): string {
  if (role !== "user" || !content) return ""
  const blocks = typeof content === "string" ? [{ type: "text", text: content } as const] : content
  const texts = blocks.flatMap((block) => (block.type === "text" ? [block.text] : []))
  // Reminders are what Claude Code puts beside the user's words.
  return texts.filter((text) => !text.startsWith("<system-reminder>")).join("\n").toLowerCase().trim()
}
