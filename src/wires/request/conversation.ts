/**
 * The conversation, turn by turn and in an order every backend accepts, before a wire spells it: a call's result right
 * behind the turn that calls, whatever the client's messages look like.
 */
import type { Message, MessageRequest } from "../../anthropic/types.ts"
import { badRequest } from "../../error.ts"
import { addAssistantTurn } from "./assistant-turn.ts"
import type { TextPart } from "./part.ts"
import type { Scope } from "./scope.ts"
import { toSystemParts } from "./text.ts"
import type { Placed, Turn } from "./turn.ts"
import { addUserTurn } from "./user-turn.ts"

export interface Conversation {
  /** The system prompt; none where there is none. */
  readonly prompt: readonly TextPart[]
  /** At least one. */
  readonly turns: readonly Turn[]
}

/**
 * The system prompt and the messages, turn by turn. Messages with nothing in them are skipped.
 *
 * @throws {ProxyError} 400 with the path of what cannot be translated, or when nothing is left to answer.
 */
export function toConversation({ system, messages }: MessageRequest, scope: Scope): Conversation {
  const prompt = toSystemParts(system, "system", scope)
  const turns: Turn[] = []
  const lastUser = messages.findLastIndex(({ role }) => role === "user")
  let calls: readonly string[] = []
  for (const run of toRuns(messages)) {
    if (run[0]?.message.role === "assistant") calls = addAssistantTurn(run, scope, turns)
    else addUserTurn(run, calls, lastUser, scope, turns)
  }
  if (turns.length === 0) throw badRequest("messages", "at least one message must have content")
  return { prompt, turns }
}

/** Runs of assistant messages, and of the user and system messages between them. */
export function toRuns(messages: readonly Message[]): Placed[][] {
  const runs: Placed[][] = []
  for (const [index, message] of messages.entries()) {
    const run = runs.at(-1)
    const assistant = message.role === "assistant"
    if (run && (run[0]?.message.role === "assistant") === assistant) run.push({ message, index })
    else runs.push([{ message, index }])
  }
  return runs
}
