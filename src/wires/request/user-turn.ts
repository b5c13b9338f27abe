/** What stands between two assistant turns, user and system messages, → tool, user and system turns. */
import type { ToolResultBlock } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { toParts } from "./content.ts"
import type { Placed, Turn } from "./turn.ts"
import { fitId } from "./names.ts"
import { markLast, type Part, type TextPart } from "./part.ts"
import { toReminder } from "./reminder.ts"
import { NO_OUTPUT } from "./result-text.ts"
import type { Scope } from "./scope.ts"
import { textPart, toSystemParts } from "./text.ts"

/** A message that stays in its place while tool results go ahead of it. */
type Rest =
  | { readonly role: "user"; parts: readonly Part[] }
  | { readonly role: "system"; readonly parts: readonly TextPart[] }

/**
 * Adds a run of user and system messages: first the tool turns, in the order of the calls wherever the results
 * stand (clients send them as tools finish, and may split them over messages), then the rest in order.
 *
 * @param calls Ids of the calls the assistant turn before it ended with.
 * @param lastUser Index of the request's last user message.
 * @throws {ProxyError} 400 with the path of a result without a call, or of a block that cannot be translated.
 */
export function addUserTurn(
  run: readonly Placed[],
  calls: readonly string[],
  lastUser: number,
  scope: Scope,
  out: Turn[],
): void {
  const { tool_id_max, tool_id_form } = scope.profile
  const results = findResults(run, new Set(calls))
  for (const call of calls) {
    const found = results.get(call)
    if (!found) continue
    const { block, path } = found
    const given = toParts(block.content, `${path}.content`, "tool_result", scope)
    const parts = markLast(given.length > 0 ? given : [NO_OUTPUT], scope.marks?.get(block))
    const id = fitId(call, tool_id_max, tool_id_form)
    out.push({ role: "tool", id, parts, failed: block.is_error === true })
  }
  for (const turn of toRest(run, lastUser, scope)) out.push(turn)
}

function findResults(
  run: readonly Placed[],
  calls: ReadonlySet<string>,
): Map<string, { block: ToolResultBlock; path: string }> {
  const found = new Map<string, { block: ToolResultBlock; path: string }>()
  for (const { message, index } of run) {
    if (!message.content || typeof message.content === "string") continue
    for (const [n, block] of message.content.entries()) {
      if (block.type !== "tool_result") continue
      const at = `messages.${index}.content.${n}`
      if (!calls.has(block.tool_use_id)) {
        throw badRequest(at, `tool_result for "${block.tool_use_id}", which the assistant turn before it does not call`)
      }
      found.set(block.tool_use_id, { block, path: at })
    }
  }
  return found
}

function toRest(run: readonly Placed[], lastUser: number, scope: Scope): Rest[] {
  const rest: Rest[] = []
  let reminders: Part[] = [] // system messages told as user text, waiting for the next user message
  for (const { message, index } of run) {
    const path = `messages.${index}.content`
    if (message.role === "system") {
      const parts = markLast(toSystemParts(message.content, path, scope), scope.marks?.get(message))
      if (parts.length === 0 || (message.clear_at === "next_user_message" && index < lastUser)) continue
      if (scope.profile.mid_system === "keep") rest.push({ role: "system", parts })
      else reminders.push(textPart(toReminder(parts.map(({ text }) => text).join("\n\n")), parts.at(-1)?.mark))
      continue
    }
    const parts = markLast(toParts(message.content, path, index < lastUser ? "earlier" : "user", scope), scope.marks?.get(message))
    if (parts.length === 0) continue
    rest.push({ role: "user", parts: [...reminders, ...parts] })
    reminders = []
  }
  if (reminders.length > 0) {
    // Nobody follows to carry them, so the user message before does: chat templates that know no system message in
    // the middle commonly want user and assistant to take turns, too.
    const last = rest.at(-1)
    if (last?.role === "user") last.parts = [...last.parts, ...reminders]
    else rest.push({ role: "user", parts: reminders })
  }
  return rest
}
