/**
 * The variables that lead Claude Code and Anthropic's SDKs to this proxy, and that help Claude Code with models of
 * other makers. What each does was measured with Claude Code 2.1.330; see also code.claude.com/docs/en/llm-gateway and
 * code.claude.com/docs/en/settings.
 */
import type { Settings } from "../../config/config.ts"
import type { Target } from "../../stage.ts"

export interface ClientFacts {
  readonly url: string
  readonly key: string
  /** Tokens of the context window, if it is known. */
  readonly context: number | undefined
}

/** Variables to set; those that are undefined must not be set. */
export type ClientVariables = Readonly<Record<string, string | undefined>>

/** Claude Code's names for its models, strongest first. */
const FAMILIES = ["opus", "sonnet", "haiku"] as const
type Family = (typeof FAMILIES)[number]

/** What each family is asked for as, where it is not Claude Code's own name. */
type Slots = Readonly<Record<string, string | undefined>>

/** A share of the context window that one answer may take: the rest is for what leads to it. */
const ANSWER_SHARE = 4
/** The least it takes as a window to compact by; below, it says so on standard error and takes this. */
const LEAST_WINDOW = 100_000
/** Most tokens Claude Code asks for by itself. */
const ANSWER_USUAL = 128_000

export function toClientVariables(settings: Settings, { url, key, context }: ClientFacts): ClientVariables {
  const names: Slots = Object.fromEntries(FAMILIES.map((family) => [family, slotFor(family, settings, context)]))
  const most = mostTokens(settings, names, context)
  return {
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: key,
    ANTHROPIC_API_KEY: undefined, // it would be sent beside the token
    // As the default model of a family, a name gets a window of a million tokens, whatever is told of it.
    ...(names["opus"] !== undefined && { ANTHROPIC_MODEL: names["opus"] }),
    ...Object.fromEntries(
      FAMILIES.flatMap((family) => {
        const name = names[family]
        return name === undefined ? [] : [[`ANTHROPIC_DEFAULT_${family.toUpperCase()}_MODEL`, name]]
      }),
    ),
    // The first counts for models it does not know, the second for all, from so many tokens on. Where neither can tell
    // it, the proxy's "prompt is too long" makes it compact.
    ...(context !== undefined && { CLAUDE_CODE_MAX_CONTEXT_TOKENS: `${context}` }),
    ...(context !== undefined && context >= LEAST_WINDOW && { CLAUDE_CODE_AUTO_COMPACT_WINDOW: `${context}` }),
    ...(most !== undefined && { CLAUDE_CODE_MAX_OUTPUT_TOKENS: `${most}` }),
    CLAUDE_CODE_ATTRIBUTION_HEADER: "0", // its version in the prompt, which keeps prompt caches from fitting
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", // it asks the proxy and nobody else
    CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: "1", // the config's models are in its /model menu
  }
}

/**
 * What a family's models are asked for as, where its own names lead nowhere, and where the context window is known:
 * that of its own models Claude Code believes to know better.
 */
function slotFor(family: Family, { routes }: Settings, context: number | undefined): string | undefined {
  // A release that is yet to come: what fits it is a pattern, and fits all others.
  const fitting = routes.match(`claude-${family}-0-0`)
  const whole = routes.entries.filter(([name]) => !name.includes("*"))
  const foreign = whole.filter(([name]) => !/claude|anthropic/i.test(name))
  if (fitting) return context === undefined ? undefined : foreign.find(([, target]) => same(target, fitting))?.[0]
  const ready = whole.filter(([, { backend }]) => backend.missing.length === 0 && backend.base_url !== "demo:")
  const named = ready.find(([name]) => name.toLowerCase().includes(family)) ?? ready[0] ?? whole[0]
  return named?.[0]
}

function same(a: Target, b: Target): boolean {
  return a.backend === b.backend && a.model === b.model
}

/** Undefined where nothing is known that is below what Claude Code asks for. */
function mostTokens({ routes }: Settings, names: Slots, context: number | undefined): number | undefined {
  const targets = FAMILIES.flatMap((family) => routes.match(names[family] ?? `claude-${family}-0-0`) ?? [])
  const caps = targets.map(({ backend }) => backend.profile.max_tokens_most ?? Number.POSITIVE_INFINITY)
  const most = Math.min(...caps, context === undefined ? Number.POSITIVE_INFINITY : Math.floor(context / ANSWER_SHARE))
  return most < ANSWER_USUAL ? most : undefined
}

/** The model most of a session is asked of: its window is the one that counts. */
export function mainTarget({ routes }: Settings): Target | undefined {
  return routes.match("claude-opus-0-0") ?? routes.match("claude-sonnet-0-0") ?? routes.entries[0]?.[1]
}
