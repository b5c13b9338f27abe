/**
 * What a backend's refusal teaches: which part of a body it does not take, and what to send instead. No table can know
 * every model behind every server (the most reported failure of all: copilot-api#222, 9router#560, cc-switch#1448), but
 * most of them say by name what they refuse. Only what the answer can do without is ever left out.
 */
import { wordsOf } from "./backend-error.ts"
import { contextFault } from "./context-fault.ts"
import type { JsonObject } from "./is-object.ts"
import { capIn, heedCap, tellCap, type CapLesson } from "./lesson/cap.ts"
import { effortIn, heedEffort, tellEffort, type EffortLesson } from "./lesson/effort.ts"
import { fieldIn, heedField, tellField, type FieldLesson } from "./lesson/fields.ts"
import { heedRole, roleIn, tellRole, type RoleLesson } from "./lesson/roles.ts"
import { toSaid, type Said } from "./lesson/said.ts"
import { heedSchema, schemaIn, tellSchema, type SchemaLesson } from "./lesson/schema.ts"
import { heedSignature, signatureIn, tellSignature, type SignatureLesson } from "./lesson/signatures.ts"
import { choiceIn, heedChoice, tellChoice, type ChoiceLesson } from "./lesson/tool-choice.ts"
import type { Api } from "./registry.ts"

export type Lesson = CapLesson | RoleLesson | ChoiceLesson | EffortLesson | SchemaLesson | SignatureLesson | FieldLesson

/** Who looks for a lesson, in this order: a keyword or a value inside a field goes before the field. */
const FINDERS: readonly ((body: JsonObject, said: Said, api: Api) => Lesson | undefined)[] = [
  (body, said, api) => (api === "anthropic" ? undefined : roleIn(body, said)), // its messages are the client's own
  (_body, said, api) => (api === "anthropic" ? signatureIn(said) : undefined), // no other has signed blocks
  choiceIn,
  effortIn,
  schemaIn,
  fieldIn,
]

/**
 * @param body What was refused.
 * @param answer The backend's error body, or its words.
 * @returns undefined when the refusal is about something else, or about what the answer cannot do without.
 */
export function lessonIn(body: object, answer: string, api: Api): Lesson | undefined {
  const words = wordsOf(answer)
  const said = toSaid(words)
  const sent = body as JsonObject // whatever its API, it is JSON
  const teaches = (lesson: Lesson | undefined): boolean => lesson !== undefined && apply(sent, lesson) !== sent
  const cap = capIn(said)
  if (cap) return teaches(cap) ? cap : undefined
  // How long a prompt may be depends on `max_tokens`, and the other way round: nothing to be remembered.
  if (contextFault(words.message, words.code, "")) return undefined
  for (const find of FINDERS) {
    const lesson = find(sent, said, api)
    if (teaches(lesson)) return lesson
  }
  return undefined
}

/** The body as the lessons want it; the same object where they change nothing. */
export function heed<Body extends object>(body: Body, lessons: readonly Lesson[]): Body {
  // Of the same fields, but for some that its type leaves optional.
  return lessons.reduce(apply, body as JsonObject) as Body
}

/** Whether a lesson holds for requests to come; one that does not is about what this client's history holds. */
export function lasts({ kind }: Lesson): boolean {
  return kind !== "signature"
}

/** For the log: what is done from now on. */
export function tellLesson(lesson: Lesson): string {
  switch (lesson.kind) {
    case "cap":
      return tellCap(lesson)
    case "role":
    case "order":
      return tellRole(lesson)
    case "choice":
      return tellChoice(lesson)
    case "effort":
      return tellEffort(lesson)
    case "schema":
      return tellSchema(lesson)
    case "signature":
      return tellSignature()
    case "drop":
    case "rename":
      return tellField(lesson)
  }
}

function apply(body: JsonObject, lesson: Lesson): JsonObject {
  switch (lesson.kind) {
    case "cap":
      return heedCap(body, lesson)
    case "role":
    case "order":
      return heedRole(body, lesson)
    case "choice":
      return heedChoice(body, lesson)
    case "effort":
      return heedEffort(body, lesson)
    case "schema":
      return heedSchema(body, lesson)
    case "signature":
      return heedSignature(body)
    case "drop":
    case "rename":
      return heedField(body, lesson)
  }
}
