/** How long an answer may be, within what the API and the backend take. */
import type { Scope } from "./scope.ts"

/**
 * @param asked The client's `max_tokens`.
 * @param least The least this API takes.
 */
export function toMaxTokens(asked: number, { profile, note }: Pick<Scope, "profile" | "note">, least = 1): number {
  const most = profile.max_tokens_most ?? Number.POSITIVE_INFINITY
  if (asked > most) note(`max_tokens was lowered to ${most}, the most this backend takes`)
  if (asked < least) note(`max_tokens was raised to ${least}, the least this API takes`)
  return Math.max(Math.min(asked, most), least)
}
