/**
 * rewrite: changes requests by rule, before they are routed. The first rule whose `model` fits is applied.
 *
 * ```yaml
 * plugins:
 *   - rewrite:
 *       rules:
 *         - model: "claude-haiku-*"      # which requests; every one when left out
 *           to: claude-haiku-4-5-20251001
 *           system: { prefix: "Answer in English." }
 *           set: { max_tokens: 4096, temperature: 0 }
 *           drop: [thinking]
 * ```
 *
 * The answer says the model the client asked for, whatever `to` made of it.
 */
import { createGlobs, definePlugin, defineStage, v, type MessageRequest, type TextBlock } from "llm-proxy"

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

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const Rule = v.strictObject({
  /** The model names it is for; `*` stands for any characters. @default every model */
  model: v.optional(v.pipe(v.string(), v.nonEmpty()), "*"),
  /** The model that is asked for instead. */
  to: v.optional(v.pipe(v.string(), v.nonEmpty())),
  /** Text before and after the system prompt. */
  system: v.optional(v.strictObject({ prefix: v.optional(v.string()), suffix: v.optional(v.string()) })),
  /** Parameters that are set, whatever the client said. */
  set: v.optional(
    v.strictObject({
      max_tokens: v.optional(count),
      temperature: v.optional(share),
      top_p: v.optional(share),
      top_k: v.optional(count),
      stop_sequences: v.optional(v.array(v.string())),
      output_config: v.optional(v.strictObject({ effort: v.picklist(["low", "medium", "high", "xhigh", "max"]) })),
    }),
    {},
  ),
  /** Fields of the request that are taken out. */
  drop: v.optional(v.array(v.picklist(DROPPABLE)), []),
})

const Options = v.strictObject({ rules: v.pipe(v.array(Rule), v.minLength(1)) })

type Rule = v.InferOutput<typeof Rule>

export default definePlugin({
  name: "rewrite",
  options: Options,
  setup(options) {
    const rules = options.rules.map((rule) => ({ ...rule, fits: createGlobs([[rule.model, true]]) }))
    return defineStage({
      name: "rewrite",
      before: "route",
      run(context, next) {
        const rule = rules.find(({ fits }) => fits.match(context.request.model))
        return next(rule ? { ...context, request: rewritten(context.request, rule) } : context)
      },
    })
  },
})

function rewritten(request: MessageRequest, { to, system, set, drop }: Rule): MessageRequest {
  const changed = {
    ...request,
    ...(to !== undefined && { model: to }),
    ...(system && { system: wrapped(request.system, system) }),
    ...set,
  }
  for (const field of drop) delete changed[field] // of the copy, never of the request
  if (drop.includes("tools")) delete changed.tool_choice // a choice without tools is refused
  return changed
}

function wrapped(
  system: MessageRequest["system"],
  { prefix, suffix }: NonNullable<Rule["system"]>,
): readonly TextBlock[] {
  const text = (value: string | undefined): TextBlock[] => (value ? [{ type: "text", text: value }] : [])
  const own = typeof system === "string" ? text(system) : (system ?? [])
  return [...text(prefix), ...own, ...text(suffix)]
}
