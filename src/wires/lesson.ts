/**
 * What a backend's refusal teaches: which part of a body it does not take, and what to send instead. No table can know
 * every model behind every server (the most reported failure of all: copilot-api#222, 9router#560, cc-switch#1448), but
 * most of them say by name what they refuse. Only what the answer can do without is ever left out.
 */
import { contextFault } from "./context-fault.ts"
import { wordsOf } from "./backend-error.ts"

export type Lesson =
  /** A field is left out. */
  | { readonly kind: "drop"; readonly field: string }
  /** A field has another name. */
  | { readonly kind: "rename"; readonly field: string; readonly to: string }
  /** Messages of a role are sent in another role. */
  | { readonly kind: "role"; readonly role: string; readonly to: string }

/** What an answer can do without, and how a refusal may call it beside its name. */
const DISPENSABLE: Readonly<Record<string, RegExp | undefined>> = {
  temperature: undefined,
  top_p: undefined,
  top_k: undefined,
  stop: undefined, // the proxy cuts at stop sequences itself
  stream_options: /include_usage/,
  parallel_tool_calls: undefined,
  reasoning_effort: /\b(?:thinking|reasoning)\b/i, // Ollama: "llama3.2" does not support thinking
  reasoning: /\b(?:thinking|reasoning)\b/i,
  thinking: undefined,
  include: /encrypted_content/,
  user: undefined,
  safety_identifier: undefined,
}

const RENAMED: Readonly<Record<string, string>> = {
  max_tokens: "max_completion_tokens",
  max_completion_tokens: "max_tokens",
}

const ROLES: Readonly<Record<string, string>> = { developer: "system", system: "developer" }

/** A refusal of the thing itself, as opposed to a value that is out of range. */
const REFUSES =
  /unsupported|(?:not|n't) support|not compatible|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra (?:inputs|fields)|extra_forbidden|only the default|instead/i

/**
 * @param body What was refused.
 * @param answer The backend's error body.
 * @returns undefined when the refusal is about something else, or about what the answer cannot do without.
 */
export function lessonIn(body: object, answer: string): Lesson | undefined {
  const { message, code, param } = wordsOf(answer)
  const said = `${message} ${code}`
  if (!REFUSES.test(said) || contextFault(message, code, "")) return undefined
  const names = (field: string): boolean =>
    param === "" ? new RegExp(String.raw`(?<![\w.])${field}(?!\w)`).test(said) : param.split(/[.[]/)[0] === field
  const role = /\brole\b/i.test(`${said} ${param}`) && Object.keys(ROLES).find((name) => said.includes(`'${name}'`))
  if (role && hasRole(body, role)) return { kind: "role", role, to: ROLES[role] ?? role }
  for (const field of Object.keys(body)) {
    const to = Object.hasOwn(RENAMED, field) ? RENAMED[field] : undefined
    if (to !== undefined && names(field)) return { kind: "rename", field, to }
  }
  for (const field of Object.keys(body)) {
    if (!Object.hasOwn(DISPENSABLE, field)) continue
    if (names(field) || (param === "" && DISPENSABLE[field]?.test(said))) return { kind: "drop", field }
  }
  return undefined
}

/** The body as the lessons want it; the same object where they change nothing. */
export function heed<Body extends object>(body: Body, lessons: readonly Lesson[]): Body {
  return lessons.reduce(apply, body)
}

/** For the log: what is done from now on. */
export function tellLesson(lesson: Lesson): string {
  switch (lesson.kind) {
    case "drop":
      return `${lesson.field} is left out`
    case "rename":
      return `${lesson.field} is sent as ${lesson.to}`
    case "role":
      return `${lesson.role} messages are sent as ${lesson.to} messages`
  }
}

function apply<Body extends object>(body: Body, lesson: Lesson): Body {
  if (lesson.kind === "role") {
    if (!hasRole(body, lesson.role)) return body
    return { ...body, messages: messagesOf(body).map((message) => inRole(message, lesson)) }
  }
  if (!Object.hasOwn(body, lesson.field)) return body
  const entries = Object.entries(body).flatMap(([field, value]): [string, unknown][] => {
    if (field !== lesson.field) return [[field, value]]
    return lesson.kind === "rename" ? [[lesson.to, value]] : []
  })
  return Object.fromEntries(entries) as Body // of the same fields but one, which its type leaves optional
}

function inRole<Message extends { readonly role?: unknown }>(message: Message, { role, to }: Lesson & { kind: "role" }): Message {
  return message.role === role ? { ...message, role: to } : message
}

function hasRole(body: object, role: string): boolean {
  return messagesOf(body).some((message) => message.role === role)
}

function messagesOf(body: object): readonly { readonly role?: unknown }[] {
  return "messages" in body && Array.isArray(body.messages) ? body.messages : []
}
