/** The conversation → Chat Completions messages. */
import type { Message, MessageRequest } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { addAssistantTurn } from "./assistant.ts"
import type { Scope } from "./scope.ts"
import { toSystemText } from "./text.ts"
import type { ChatMessage } from "./types.ts"
import { addUserTurn } from "./user.ts"

/** A message and its place in the request. */
export interface Placed {
  readonly message: Message
  readonly index: number
}

/**
 * The system prompt and the messages, turn by turn. Messages with nothing in them are skipped.
 *
 * @throws {ProxyError} 400 with the path of what cannot be translated, or when nothing is left to answer.
 */
export function toChatMessages({ system, messages }: MessageRequest, scope: Scope): readonly ChatMessage[] {
  const out: ChatMessage[] = []
  const prompt = toSystemText(system, "system", scope)
  if (prompt) out.push({ role: scope.profile.system_role, content: prompt })
  const ahead = out.length
  const lastUser = messages.findLastIndex(({ role }) => role === "user")
  let calls: readonly string[] = []
  for (const turn of toTurns(messages)) {
    if (turn[0]?.message.role === "assistant") calls = addAssistantTurn(turn, scope, out)
    else addUserTurn(turn, calls, lastUser, scope, out)
  }
  if (out.length === ahead) throw badRequest("messages", "at least one message must have content")
  return out
}

/** Runs of assistant messages, and of the user and system messages between them. */
function toTurns(messages: readonly Message[]): Placed[][] {
  const turns: Placed[][] = []
  for (const [index, message] of messages.entries()) {
    const turn = turns.at(-1)
    const assistant = message.role === "assistant"
    if (turn && (turn[0]?.message.role === "assistant") === assistant) turn.push({ message, index })
    else turns.push([{ message, index }])
  }
  return turns
}
