/**
 * Lessons on who speaks, and in which order: roles that a backend does not know, and orders that its chat template
 * refuses. They do what the profile's `system_role`, `mid_system`, `merge_roles` and `user_after_tool` would have done.
 */
import { toAcceptedOrder } from "../chat/order.ts"
import type { ChatMessage } from "../chat/types.ts"
import { isObject, type JsonObject } from "../is-object.ts"
import { toReminder } from "../request/reminder.ts"
import { refuses, refusesValue, type Said } from "./said.ts"

export type RoleLesson =
  /** Messages of a role are sent in another role. */
  | { readonly kind: "role"; readonly role: string; readonly to: string }
  /** Messages are put into an order that is accepted. */
  | { readonly kind: "order"; readonly rule: "turns" | "user_after_tool" }

const ROLES: Readonly<Record<string, string>> = { developer: "system", system: "developer" }

/** Gemma's chat template (llama-cpp-python#1580, chat-ui#1386). */
const NO_SYSTEM = /system role (?:is )?not supported/i

/** Qwen's template, of a role that it does not know; which one that is it leaves open (kon#5). */
const STRANGE = /unexpected message role/i

/** Mistral (datapizza-ai#98, hermes-agent#20154). */
const USER_AFTER_TOOL = /unexpected role ['"`]user['"`] after role ['"`]tool/i

/**
 * Qwen's template (llama.cpp#20733, Qwen3.8#244); Gemma's, Mistral's and Llama's (vllm#6862, autogen#3597); Mistral's
 * own check. Those that know no system message in the middle commonly want user and assistant to take turns, too.
 */
const TURNS = [
  /system messages? (?:must|should|can only|may only) (?:be|come|appear)[^.]*(?:beginning|start|first)/i,
  /roles? must alternate|must alternate between|alternating (?:user|roles)/i,
  /unexpected role ['"`](?:system|user|assistant)['"`] after role ['"`](?:system|user|assistant)/i,
]

export function roleIn(body: JsonObject, said: Said): RoleLesson | undefined {
  const { text, param } = said
  if (USER_AFTER_TOOL.test(text)) return { kind: "order", rule: "user_after_tool" }
  if (TURNS.some((pattern) => pattern.test(text))) return { kind: "order", rule: "turns" }
  if (NO_SYSTEM.test(text)) return { kind: "role", role: "system", to: "user" }
  if (!/\brole\b/i.test(`${text} ${param}`)) return undefined
  const role = Object.keys(ROLES).find((name) => hasRole(body, name) && refusesRole(said, name))
  if (role === undefined) return undefined
  const other = ROLES[role] ?? role
  return { kind: "role", role, to: said.taken.includes("user") && !said.taken.includes(other) ? "user" : other }
}

export function heedRole(body: JsonObject, lesson: RoleLesson): JsonObject {
  const field = "input" in body ? "input" : "messages"
  const given: readonly unknown[] = Array.isArray(body[field]) ? body[field] : []
  if (lesson.kind === "role" && !hasRole(body, lesson.role)) return body
  const told = given.map((message, n) => toldBy(message, lesson, n > 0 || "instructions" in body))
  const turns = lesson.kind === "order" ? lesson.rule === "turns" : lesson.to === "user"
  const ordered = field === "input" ? joinItems(told, turns) : joinMessages(told, turns, lesson)
  const same = ordered.length === given.length && ordered.every((message, n) => message === given[n])
  return same ? body : { ...body, [field]: ordered }
}

export function tellRole(lesson: RoleLesson): string {
  if (lesson.kind === "role") return `${lesson.role} messages are sent as ${lesson.to} messages`
  return lesson.rule === "turns"
    ? "system messages after the first are told by the user, and messages of one role are joined"
    : "the assistant says a word between a tool's result and the user"
}

/** `system` is a word of many refusals, `developer` of none that is not about it (redmine_ai_helper#242). */
function refusesRole(said: Said, role: string): boolean {
  const { text, refused, taken } = said
  const developer = role === "developer"
  if (developer && STRANGE.test(text)) return true
  const listed = taken.includes("user") && !taken.includes(role)
  return (listed || refuses(said)) && (refusesValue(said, role) || (developer && /\bdeveloper\b/.test(refused)))
}

function toldBy(message: unknown, lesson: RoleLesson, later: boolean): unknown {
  if (!isObject(message)) return message
  const { role, content } = message
  if (lesson.kind === "role") return role === lesson.role ? { ...message, role: lesson.to } : message
  if (lesson.rule !== "turns" || !later || (role !== "system" && role !== "developer")) return message
  return { ...message, role: "user", content: remind(content) }
}

/** A string, but in Responses, which have lists of parts alone. */
function remind(content: unknown): unknown {
  if (typeof content === "string") return toReminder(content)
  const parts = Array.isArray(content) ? content.filter((part) => isObject(part)) : []
  const text = toReminder(parts.map((part) => part["text"]).join("\n\n"))
  return parts.some(({ type }) => type === "input_text") ? [{ type: "input_text", text }] : text
}

function joinMessages(messages: readonly unknown[], turns: boolean, lesson: RoleLesson): readonly unknown[] {
  // They are this program's own, made by the request half of Chat Completions.
  const own = messages as readonly ChatMessage[]
  const user_after_tool = !(lesson.kind === "order" && lesson.rule === "user_after_tool")
  return toAcceptedOrder(own, { merge_roles: turns, user_after_tool })
}

/** Items of the user in a row as one. */
function joinItems(items: readonly unknown[], turns: boolean): readonly unknown[] {
  if (!turns) return items
  const out: unknown[] = []
  for (const item of items) {
    const last = out.at(-1)
    if (isObject(last) && isObject(item) && last["role"] === "user" && item["role"] === "user") {
      out.splice(-1, 1, { ...last, content: [last["content"], item["content"]].flat() })
    } else out.push(item)
  }
  return out
}

function hasRole({ messages, input }: JsonObject, role: string): boolean {
  return [messages, input].flat().some((message) => isObject(message) && message["role"] === role)
}
