/** The order of roles that a backend or its chat template insists on. */
import type { Profile } from "../../backends/profile.ts"
import type { ChatMessage, ChatPart, ChatTextPart } from "./types.ts"

/** What the assistant says between its tools' results and the user's words, where they may not touch. */
const BETWEEN: ChatMessage = { role: "assistant", content: "Understood." }

/** The messages in an accepted order; the same list where any order is accepted. */
export function toAcceptedOrder(
  messages: readonly ChatMessage[],
  { merge_roles, user_after_tool }: Pick<Profile, "merge_roles" | "user_after_tool">,
): readonly ChatMessage[] {
  if (!merge_roles && user_after_tool) return messages
  const out: ChatMessage[] = []
  for (const message of messages) {
    const last = out.at(-1)
    const merged = merge_roles && last ? merge(last, message) : undefined
    if (merged) out.pop()
    else if (!user_after_tool && last?.role === "tool" && message.role === "user") out.push(BETWEEN)
    out.push(merged ?? message)
  }
  return out
}

/** Two messages as one; undefined where they have to stay two. */
function merge(a: ChatMessage, b: ChatMessage): ChatMessage | undefined {
  if (a.role === "user" && b.role === "user") return { role: "user", content: join(a.content, b.content) }
  if (a.role === "system" && b.role === "system") return { role: "system", content: join(a.content, b.content) }
  if (a.role !== "assistant" || b.role !== "assistant") return undefined
  return { ...a, ...b, content: [a.content, b.content].filter(Boolean).join("\n\n") }
}

type Content<Some extends ChatPart> = string | readonly (Some | ChatTextPart)[]

function join<Some extends ChatPart>(a: Content<Some>, b: Content<Some>): Content<Some> {
  if (typeof a === "string" && typeof b === "string") return `${a}\n\n${b}`
  return [...toParts(a), ...toParts(b)]
}

function toParts<Some extends ChatPart>(content: Content<Some>): readonly (Some | ChatTextPart)[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content
}
