/** How Chat Completions are read off the wire: an event's data, or a whole answer, as chunks. */
import { ProxyError } from "../../error.ts"
import { readBackendError } from "../backend-error.ts"
import { DONE, Failure, type ItemOf } from "../failure.ts"
import { isObject, objectsIn } from "../is-object.ts"
import { parseObject } from "../json.ts"
import type { DialectOf } from "../wire.ts"
import type { ChatChunk, ChatCompletion, ChatDelta } from "./types.ts"

/** As {@link Wire.dialect} says. */
export function chatDialect(backend: string, headers?: Headers): DialectOf<ChatChunk> {
  const failed = (body: unknown): Failure => new Failure(readBackendError(body, { backend, status: undefined, headers }))
  return {
    event(written, name) {
      const data = written.trim() // the parser takes one blank off, some servers write more
      if (data === "[DONE]") return DONE
      if (name === "error") return failed(data)
      // A keep-alive or an empty event; half an object, however, is lost content.
      if (!data.startsWith("{") && !data.startsWith("[")) return undefined
      const chunk = parseObject(data)
      if (chunk === undefined) return broken(backend)
      const failure = failureIn(chunk)
      return failure ? failed(failure) : (chunk as ChatChunk)
    },
    whole(text) {
      const answer = parseObject(text)
      if (answer === undefined) return [broken(backend)]
      const failure = failureIn(answer)
      if (failure) return [failed(failure)]
      const chunk = toChunk(answer as ChatCompletion)
      return chunk ? [chunk, DONE] : [broken(backend)]
    },
  }
}

/** A whole answer as the one chunk that carries all of it; undefined when there is no message in it. */
export function toChunk(completion: ChatCompletion): ChatChunk | undefined {
  const choices = objectsIn(completion.choices)
  if (!choices.some(({ message }) => isObject(message))) return undefined
  return {
    ...completion,
    choices: choices.map(({ message, ...choice }) => ({ ...choice, delta: isObject(message) ? numbered(message) : {} })),
  }
}

/** In a whole answer each entry is a call of its own, whatever its index and id say. */
function numbered(message: ChatDelta): ChatDelta {
  if (!message.tool_calls) return message
  return { ...message, tool_calls: objectsIn(message.tool_calls).map((call, index) => ({ ...call, index })) }
}

/** Whether a chunk means that the backend has really begun: roles, empty chunks and bare usage do not. */
export function hasContent(chunk: ItemOf<ChatChunk>): boolean {
  if (chunk === DONE || chunk instanceof Failure) return true
  return objectsIn(chunk.choices).some(({ delta, message, finish_reason }) => {
    if (finish_reason) return true
    const said = delta ?? message
    if (!isObject(said)) return false
    const { role: _, ...rest } = said
    return Object.values(rest).some((value) => (Array.isArray(value) ? value.length > 0 : Boolean(value)))
  })
}

/** Whether a chunk says that the answer is complete: its counts, filters' verdicts and `[DONE]` may follow. */
export function hasEnd(chunk: ItemOf<ChatChunk>): boolean {
  if (chunk === DONE || chunk instanceof Failure) return false
  return objectsIn(chunk.choices).some(({ finish_reason }) => Boolean(finish_reason))
}

/** Backends put errors into streams that had begun with 200: OpenRouter, vLLM, Gemini (as a list), Groq. */
function failureIn(answer: object): object | undefined {
  const inside = groqError(answer) ?? choiceError(answer)
  if (!Array.isArray(answer) && !("error" in answer && answer.error) && !inside && !isErrorObject(answer)) return undefined
  return inside ?? answer
}

/** OpenRouter puts the failure of a provider into the choice: `ErrorResponse` of its `NonStreamingChoice`. */
function choiceError(answer: object): object | undefined {
  const choices: readonly unknown[] = "choices" in answer && Array.isArray(answer.choices) ? answer.choices : []
  return choices.find((choice) => isObject(choice) && choice["error"]) as object | undefined
}

/** Groq ends a stream early with `x_groq: { error: "…" }`. */
function groqError(answer: object): object | undefined {
  const own = "x_groq" in answer ? answer.x_groq : undefined
  return typeof own === "object" && own !== null && "error" in own && own.error ? own : undefined
}

/** vLLM and SGLang answer `{ object: "error", message, code }`. */
function isErrorObject(answer: object): boolean {
  return "object" in answer && answer.object === "error"
}

function broken(backend: string): Failure {
  return new Failure(new ProxyError(502, `backend "${backend}" sent something that is not a chat completion`))
}
