/**
 * Tool calls and their results belong together: each call is answered in the next turn of the user, once, and nothing
 * else is. Said here in Anthropic's words and with a path, because a backend speaks of messages that the client never
 * wrote.
 */
import { badRequest, type ProxyError } from "../error.ts"
import { printable } from "../log.ts"
import type { Message } from "./types.ts"

/**
 * Messages in a row with one role are one turn, as the API merges them, and system messages stand between turns
 * without ending any. An id may come back in a later turn: some backends number their calls from 0 in each answer.
 *
 * @throws {ProxyError} 400 at the first call or result without its other half.
 */
export function checkPairing(messages: readonly Message[]): void {
  let calls = new Map<string, number>() // of the last assistant turn, still unanswered: id → number of its message
  let answered = new Set<string>()
  let speaker: Message["role"] | undefined
  for (const [n, { role, content }] of messages.entries()) {
    if (role === "system") continue
    if (role === "assistant" && speaker === "user") {
      checkAnswered(calls)
      calls = new Map()
      answered = new Set()
    }
    speaker = role
    if (!Array.isArray(content)) continue
    for (const [m, block] of content.entries()) {
      if (block.type === "tool_use") {
        if (calls.has(block.id)) throw badRequest(`messages.${n}.content.${m}.id`, "`tool_use` ids must be unique")
        calls.set(block.id, n)
      } else if (block.type === "tool_result") {
        if (!calls.delete(block.tool_use_id)) throw unpaired(block.tool_use_id, answered, `messages.${n}.content.${m}`)
        answered.add(block.tool_use_id)
      }
    }
  }
  checkAnswered(calls)
}

function checkAnswered(calls: ReadonlyMap<string, number>): void {
  const [first] = calls.values()
  if (first === undefined) return
  throw badRequest(
    `messages.${first}`,
    `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${list(calls.keys())}. ` +
      "Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
  )
}

function list(ids: Iterable<string>): string {
  return printable([...ids].join(", "))
}

function unpaired(id: string, answered: ReadonlySet<string>, path: string): ProxyError {
  if (answered.has(id)) {
    return badRequest(
      path,
      `each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${printable(id)}`,
    )
  }
  return badRequest(
    path,
    `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${printable(id)}. ` +
      "Each `tool_result` block must have a corresponding `tool_use` block in the previous message.",
  )
}
