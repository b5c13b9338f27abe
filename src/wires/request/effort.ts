/** Thinking and effort → how much a backend is asked to reason. */
import type { MessageRequest } from "../../anthropic/types.ts"
import type { Scope } from "./scope.ts"

/** Both APIs' efforts, weakest first. */
export const EFFORTS: readonly string[] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]

/** Which effort a thinking budget stands for: the most tokens, and its name. */
const BUDGETS: readonly (readonly [tokens: number, effort: string])[] = [
  [2048, "low"],
  [8192, "medium"],
  [24_576, "high"],
  [Number.POSITIVE_INFINITY, "xhigh"],
]

/** Whether the client wants to see thinking; what it did not ask for is not shown. */
export function asksForThinking({ thinking }: MessageRequest): boolean {
  return thinking?.type === "enabled" || thinking?.type === "adaptive"
}

export function forbidsThinking({ thinking }: MessageRequest): boolean {
  return thinking?.type === "disabled" || thinking?.type === "between_tools"
}

/** The effort to ask the backend for; undefined leaves it its own way. */
export function toEffort(request: MessageRequest, { profile: { reasoning }, note }: Scope): string | undefined {
  const { thinking } = request
  if (forbidsThinking(request)) {
    // Off means off, whatever effort stands beside it: Claude Code sends both (claude-code#65863).
    return reasoning.request === "none" || typeof reasoning.off !== "string" ? undefined : reasoning.off
  }
  const asked = effortOf(request) ?? (thinking?.type === "enabled" ? byBudget(thinking.budget_tokens ?? 0) : undefined)
  if (asked === undefined) return undefined
  const effort = reasoning.request === "none" ? undefined : nearestEffort(asked, reasoning.efforts)
  if (effort === undefined) note("thinking effort was dropped: this backend takes none")
  return effort
}

/** The request's own, unless a later system message sets another. */
function effortOf({ messages, output_config }: MessageRequest): string | undefined {
  const later = messages.findLast(({ role, output_config: own }) => role === "system" && own?.effort)
  return later?.output_config?.effort ?? output_config?.effort ?? undefined
}

function byBudget(tokens: number): string | undefined {
  return BUDGETS.find(([most]) => tokens <= most)?.[1]
}

/** The nearest the backend knows, the weaker one of two as near; `none` would turn thinking off and is no answer. */
export function nearestEffort(asked: string, known: readonly string[]): string | undefined {
  if (known.includes(asked)) return asked
  const wanted = EFFORTS.includes(asked) ? EFFORTS.indexOf(asked) : EFFORTS.length // a newer one is likely a stronger one
  const away = (effort: string): number => Math.abs(EFFORTS.indexOf(effort) - wanted)
  return EFFORTS.filter((effort) => effort !== "none" && known.includes(effort)).reduce<string | undefined>(
    (best, effort) => (best === undefined || away(effort) < away(best) ? effort : best),
    undefined,
  )
}
