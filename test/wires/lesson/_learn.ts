/** What a refusal teaches of a body, and what is sent then. */
import { heed, lessonIn, type Lesson } from "../../../src/wires/lesson.ts"
import type { Api } from "../../../src/wires/registry.ts"

/** An error body in OpenAI's shape. */
export function openai(message: string, param: string | null = null, code: string | null = null): unknown {
  return { error: { message, type: "invalid_request_error", param, code } }
}

/** The lesson in an error body or a text. */
export function learn(body: object, answer: unknown, api: Api = "chat"): Lesson | undefined {
  return lessonIn(body, typeof answer === "string" ? answer : JSON.stringify(answer), api)
}

/** The body as it is sent again; undefined where the refusal teaches nothing. */
export function sentAgain(body: object, answer: unknown, api: Api = "chat"): object | undefined {
  const lesson = learn(body, answer, api)
  return lesson && heed(body, [lesson])
}
