/**
 * rewrite: changes requests by rule, before they are routed. The first rule that fits is applied, and no other.
 *
 * ```yaml
 * plugins:
 *   - rewrite:
 *       rules:
 *         - model: "claude-haiku-*"      # which requests; every one when left out
 *           key: [team-a, "test-*"]      # and whose
 *           to: claude-haiku-4-5-20251001
 *           system: { prefix: "Answer in English." }
 *           set: { max_tokens: 4096, temperature: 0, metadata: { user_id: team-a } }
 *           drop: [thinking]
 *           headers: { x-tenant: team-a }            # of the call to the backend
 *           answer_headers: { x-served-as: haiku }   # of what the client gets
 * ```
 *
 * The answer says the model the client asked for, whatever `to` made of it.
 */
import {
  createGlobs,
  definePlugin,
  defineStage,
  fromDiscovered,
  v,
  type Globs,
  type MessageRequest,
  type Parsed,
  type PluginTools,
  type TextBlock,
} from "llm-proxy"

/** What a request can do without. */
const DROPPABLE = [
  "metadata",
  "output_config",
  "stop_sequences",
  "system",
  "temperature",
  "thinking",
  "tool_choice",
  "tools",
  "top_k",
  "top_p",
] as const

/** How a message is sent, which is said by whoever sends it. */
const FRAMING = /^(?:connection|content-(?:encoding|length|type)|date|keep-alive|te|trailer|transfer-encoding|upgrade)$/

/** Keys are the config's, which keeps them out of logs and errors; a compressed stream would come in lumps. */
const OF_CALLS = /^(?:accept|accept-encoding|expect|host|(?:proxy-)?authorization|(?:x-)?api-key)$/

/** What the proxy says itself. */
const OF_ANSWERS = /^(?:cache-control|request-id|x-accel-buffering)$/

const text = v.string("must be text")
const name = v.pipe(text, v.nonEmpty("must not be empty"))
const list = v.pipe(v.array(name), v.minLength(1, "must not be empty"))
const patterns = v.union([name, list], "must be a name or a pattern, or a list of them")
const share = between("a number from 0 to 1", 0, 1)
const display = v.optional(v.picklist(["summarized", "omitted"], "must be summarized or omitted"))

const Thinking = v.variant(
  "type",
  [
    v.strictObject({ type: v.literal("enabled"), budget_tokens: whole(1024), display }),
    v.strictObject({ type: v.literal("adaptive"), display }),
    v.strictObject({ type: v.picklist(["between_tools", "disabled"]) }),
  ],
  "must have a type: adaptive, between_tools, disabled or enabled",
)

const Rule = v.strictObject({
  /** Names or patterns of the models it is for; `*` stands for any characters. @default every model */
  model: v.optional(patterns, "*"),
  /** Names or patterns of the keys it is for. @default every key */
  key: v.optional(patterns, "*"),
  /** The model that is asked for instead. */
  to: v.optional(name),
  /** Text before and after the system prompt. */
  system: v.optional(v.strictObject({ prefix: v.optional(text), suffix: v.optional(text) })),
  /** Parameters that are set, whatever the client said. */
  set: v.optional(
    v.strictObject({
      max_tokens: v.optional(whole(0)),
      temperature: v.optional(share),
      top_p: v.optional(share),
      top_k: v.optional(whole(0)),
      stop_sequences: v.optional(v.array(text, "must be a list")),
      thinking: v.optional(Thinking),
      metadata: v.optional(v.strictObject({ user_id: name })),
      output_config: v.optional(v.strictObject({ effort: v.picklist(["low", "medium", "high", "xhigh", "max"]) })),
    }),
    {},
  ),
  /** Fields of the request that are taken out. */
  drop: v.optional(v.array(v.picklist(DROPPABLE, `must be one of ${DROPPABLE.join(", ")}`), "must be a list"), []),
  /** Headers of the call to the backend; what the config says of the backend wins. */
  headers: v.optional(headersBut(OF_CALLS), {}),
  /** Headers of the answer. */
  answer_headers: v.optional(headersBut(OF_ANSWERS), {}),
})

const Options = v.strictObject({ rules: v.pipe(v.array(Rule, "must be a list"), v.minLength(1, "must not be empty")) })

type Rule = v.InferOutput<typeof Rule>

export default definePlugin({
  name: "rewrite",
  options: Options,
  setup(options, tools) {
    checkNames(options.rules, tools)
    const names = new Set(tools.models.entries.map(([model]) => model))
    const rules = options.rules.map((rule) => ({ ...rule, models: globsOf(rule.model), keys: globsOf(rule.key) }))
    const find = ({ request, client }: Parsed): Rule | undefined => {
      const model = fromDiscovered(request.model, names)
      return rules.find(({ models, keys }) => models.match(model) && keys.match(client.name))
    }
    /** The rule that was applied last: a stage around this one may ask again, for another model. */
    const applied = new WeakMap<Request, Rule>()

    const route = defineStage({
      name: "rewrite",
      before: "route",
      run(context, next) {
        const { req, head, request } = context
        for (const header of Object.keys(applied.get(req)?.answer_headers ?? {})) head.delete(header)
        applied.delete(req)
        const rule = find(context)
        if (!rule) return next(context)
        applied.set(req, rule)
        for (const [header, value] of Object.entries(rule.answer_headers)) head.set(header, value)
        return next({ ...context, request: rewritten(request, rule) })
      },
    })
    const upstream = defineStage({
      name: "rewrite",
      before: "upstream",
      run(context, next) {
        return next({ ...context, headers: { ...context.headers, ...applied.get(context.req)?.headers } })
      },
    })
    return rules.some(({ headers }) => Object.keys(headers).length > 0) ? [route, upstream] : route
  },
})

function rewritten(request: MessageRequest, { to, system, set, drop }: Rule): MessageRequest {
  const changed = {
    ...request,
    ...(to !== undefined && { model: to }),
    ...(system && { system: wrapped(request.system, system) }),
    ...set,
    // Beside the effort there may be the form of the answer.
    ...(set.output_config && { output_config: { ...request.output_config, ...set.output_config } }),
  }
  for (const field of drop) delete changed[field] // of the copy, never of the request
  if (drop.includes("tools")) delete changed.tool_choice // a choice without tools is refused
  return changed
}

function wrapped(
  system: MessageRequest["system"],
  { prefix, suffix }: NonNullable<Rule["system"]>,
): readonly TextBlock[] {
  const block = (value: string | undefined): TextBlock[] => (value ? [{ type: "text", text: value }] : [])
  const own = typeof system === "string" ? block(system) : (system ?? [])
  return [...block(prefix), ...own, ...block(suffix)]
}

function globsOf(list: string | readonly string[]): Globs<true> {
  return createGlobs([list].flat().map((pattern): [string, true] => [pattern, true]))
}

/** @throws {Error} for a model or a key that the config has not, and for a header that a backend's key goes into. */
function checkNames(rules: readonly Rule[], { models, keys, log }: PluginTools): void {
  const known = models.entries.map(([model]) => model).join(", ")
  const own = createGlobs(keys.map((key) => [key, true]))
  for (const [n, { model, key, to, headers }] of rules.entries()) {
    const fail = (option: string, message: string): never => {
      throw new Error(`rules.${n}.${option}: ${message}`)
    }
    if (to !== undefined && !models.match(to)) fail("to", `the config has no model "${to}"; it has ${known}`)
    const stranger = [key].flat().find((pattern) => pattern !== "*" && !own.reaches(pattern))
    if (stranger !== undefined) fail("key", `the config has no key "${stranger}"; it has ${keys.join(", ")}`)
    for (const [, { backend }] of models.entries) {
      const header = backend.profile.auth_header.toLowerCase()
      if (headers[header] !== undefined) fail("headers", `${header} is where the key of ${backend.name} goes`)
    }
    if (to !== undefined) continue // clients may ask for what the config has not
    for (const pattern of [model].flat()) {
      // Not refused: another plugin may lead it somewhere.
      if (!models.reaches(pattern)) log.warn("a rule for a model that the config has not", { model: pattern })
    }
  }
}

/** Headers by lower-case names, without these. A line break at the end of a secret is the usual mistake. */
function headersBut(own: RegExp) {
  const header = v.pipe(
    v.string(),
    v.regex(/^[!#$%&'*+.^_`|~\w-]+$/, "must be a header's name"),
    v.toLowerCase(),
    v.check((given) => !FRAMING.test(given) && !own.test(given), "is a header that is not to be changed"),
  )
  return v.record(
    header,
    v.pipe(text, v.regex(/^[\t\x20-\x7e]*$/, "must be printable ASCII in one line")),
    "must be a mapping of headers",
  )
}

function between(what: string, least: number, most: number) {
  const rule = `must be ${what}`
  return v.pipe(v.number(rule), v.minValue(least, rule), v.maxValue(most, rule))
}

function whole(least: number) {
  const rule = `must be a whole number, ${least} or more`
  return v.pipe(v.number(rule), v.integer(rule), v.minValue(least, rule))
}
